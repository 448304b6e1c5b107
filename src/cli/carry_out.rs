//! A plan on its machines: shown, written to the log, told to whom it concerns, to the exit code.

use chrono::Utc;

use super::change::{Change, Show};
use super::doubt::Person;
use super::screen;
use crate::engine::{self, Events, Machine, Plan};

impl Change<'_> {
    pub(super) async fn carry_out(&self, plan: &Plan, machines: &[Machine]) -> u8 {
        self.running.set(true);
        self.hold_lock();
        let news = self.announce(plan).await;
        let began = Utc::now();
        let (events, heard) = Events::new(self.show != Show::Steps);
        let log = self.log(plan);
        let unwritten = log.as_ref().err().cloned();
        let mut screen = screen::start(heard, self.common, self.show, log.unwrap_or_default());
        let person = Person { hush: screen.hush(), yes: self.common.yes };
        let ended = engine::run(&self.told(plan), machines, &events, &self.stop, &person).await;
        drop(events);
        let (told, took) = (screen.told().await, Utc::now() - began);
        if let Some(note) = unwritten {
            screen.note(note);
        }
        self.settle_lock(plan, ended.exit_code).await.into_iter().for_each(|note| screen.note(note));
        self.tag(plan, &told).await.into_iter().for_each(|note| screen.note(note));
        if let Some(news) = news {
            news.tell_end(&told, took).await.into_iter().for_each(|note| screen.note(note));
        }
        screen.finish().await;
        ended.exit_code
    }
}
