//! Stops, starts, restarts or reloads a service.

use std::collections::BTreeMap;

use super::super::down_note::DownNote;
use super::super::sourcing::defined;
use super::super::within::Within;
use super::Service;
use crate::engine::{On, Operation, Work};
use crate::fleet::Targets;
use crate::release::ReleaseName;
use crate::script::Script;

/// What is done to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Comes to run the release: stopped and started, or reloaded.
    Restart,
    /// Stopped, before the flip.
    Stop,
    /// Started with the release's files.
    Start,
    /// Told to read its files again.
    Reload,
}

/// Does it on each of the service's hosts.
#[derive(Debug, Clone)]
pub struct TurnService {
    /// The service.
    pub service: Service,
    /// What is done.
    pub turn: Turn,
    /// What it is part of.
    pub within: Within,
    /// It comes to this host from another one: if the switch fails, it goes again.
    pub comes: bool,
    /// What hosts write down of who has it down until it is up again, where the same run is to bring it up: that may be killed.
    /// In a switch it is the run's release if nothing is said.
    pub by: Option<String>,
}

impl Turn {
    /// Its word, as one types it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Reload => "reload",
        }
    }

    /// What a word means.
    pub fn read(word: &str) -> Option<Self> {
        [Self::Restart, Self::Stop, Self::Start, Self::Reload].into_iter().find(|turn| turn.word() == word)
    }

    fn script(self, service: &Service, on: &On<'_>, within: Within) -> Script {
        match self {
            // By whom it was stopped before, that is who starts it.
            Self::Stop if within != Within::Switch => service.script_as("relm_turn_down", on),
            Self::Stop => service.script_as(self.text(), on),
            Self::Restart | Self::Start | Self::Reload => service.replacing(self.text(), on),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Restart => "relm_turn_restart",
            Self::Stop => "relm_turn_stop",
            Self::Start => "relm_turn_start",
            Self::Reload => "relm_reloads=yes\nrelm_turn_restart",
        }
    }

    /// What takes it back, in the release that is live again.
    fn inverse(self) -> Self {
        match self {
            Self::Restart | Self::Reload => Self::Restart,
            Self::Stop => Self::Start,
            // Whatever it was started from, it must not run from there any more.
            Self::Start => Self::Stop,
        }
    }
}

impl Service {
    fn note(&self, on: &On<'_>) -> DownNote {
        DownNote::of_service(&self.name, on)
    }

    /// `turn`, and what was written down is over. Of what is turned in part the rest may still be down.
    fn turned(&self, turn: &Script, on: &On<'_>) -> Script {
        if self.part.is_empty() { self.note(on).over(turn) } else { turn.clone() }
    }
}

impl TurnService {
    fn named(&self, turn: Turn) -> String {
        format!("{}:{}", turn.word(), self.service.name)
    }

    /// What takes it back when the switch of a release fails.
    fn undo_in_switch(&self, on: &On<'_>) -> Option<Work> {
        // Where nothing of relm's was live, nothing of relm's ran that could run again.
        if self.turn == Turn::Stop && on.release.is_none() {
            return None;
        }
        if self.comes && self.turn != Turn::Stop {
            return Some(self.service.work(self.service.gone(on)));
        }
        // Before a first deploy nothing ran: it is stopped, and what was put in place is taken away.
        let service = Service { reference: on.before_reference.to_owned(), ..self.service.clone() };
        let script = match on.release {
            None => service.replacing("relm_turn_away", on),
            // What was never stopped, or was turned by hand since, is left as it is.
            Some(_) if self.turn == Turn::Stop => {
                service.note(on).if_noted(&service.turned(&service.replacing("relm_turn_up", on), on))
            }
            Some(_) => match self.turn.inverse() {
                // Down again as it was between the two, for taking back the stop to bring up.
                Turn::Stop => service.note(on).before(&Turn::Stop.script(&service, on, self.within), self.by(on)),
                up => service.turned(&up.script(&service, on, self.within), on),
            },
        };
        Some(service.work(script))
    }

    fn by<'a>(&'a self, on: &On<'a>) -> &'a str {
        self.by.as_deref().or(on.release.map(ReleaseName::as_str)).unwrap_or("hand")
    }

    /// What brings up what it left down, in the release that is live; nothing if it leaves nothing down, or was to.
    fn brings_up(&self) -> Option<&'static str> {
        match (self.turn, self.within) {
            (Turn::Stop, Within::Task) => Some("relm_turn_up"),
            (Turn::Restart, Within::Task | Within::Hand) if !self.service.reloads => Some("relm_turn_again"),
            _ => None,
        }
    }
}

impl Operation for TurnService {
    fn name(&self) -> String {
        self.named(self.turn)
    }

    fn targets(&self) -> Targets {
        self.service.hosts()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let script = self.turn.script(&self.service, on, self.within);
        let script = match (&self.by, self.turn) {
            // A note is about the whole.
            _ if !self.service.part.is_empty() => script,
            (_, Turn::Stop) if self.within == Within::Switch => match on.before {
                Some(_) => self.service.note(on).before(&script, self.by(on)),
                None => script,
            },
            (Some(by), Turn::Stop) => self.service.note(on).until_up(&script, by),
            (Some(by), Turn::Restart) if self.brings_up().is_some() => {
                self.service.note(on).until_done(&self.service.turned(&script, on), by)
            }
            _ => self.service.turned(&script, on),
        };
        let script = if self.turn == Turn::Stop { script } else { self.service.alone(script, on) };
        self.service.work(script)
    }

    fn undo(&self, on: &On<'_>) -> Option<Work> {
        if self.within == Within::Switch {
            return self.undo_in_switch(on);
        }
        let up = self.service.replacing(self.brings_up()?, on);
        Some(self.service.work(self.service.turned(&up, on)))
    }

    fn makes_up_for(&self) -> Vec<String> {
        match self.turn {
            Turn::Start | Turn::Restart => vec![self.named(Turn::Stop), self.named(Turn::Restart)],
            Turn::Stop | Turn::Reload => Vec::new(),
        }
    }

    fn definition(&self, on: &On<'_>) -> String {
        defined(self.service.definition(), &BTreeMap::new(), on)
    }

    /// Somebody may have started by hand what a killed run had stopped.
    fn is_passing(&self) -> bool {
        self.turn == Turn::Stop && self.within != Within::Hand
    }

    fn at_once(&self) -> Option<usize> {
        self.service.serial.then_some(1)
    }

    fn is_journaled(&self) -> bool {
        self.within == Within::Switch
    }
}
