//! Who decides whether hosts go back when all have switched and a look at the whole has failed: a person, if there is one.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::screen::Hush;
use super::{ask, out};
use crate::engine::{Decided, Decides, Doubt};
use crate::fleet::HostName;
use crate::release::ReleaseName;
use crate::ui::text;

/// Whoever sits at the terminal.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) hush: Hush,
    /// `--yes` has answered.
    pub(super) yes: bool,
}

impl Decides for Person {
    fn decide<'a>(&'a self, doubt: &'a Doubt) -> BoxFuture<'a, Decided> {
        Box::pin(async move {
            let (goes_back, how) = self.answer(doubt).await;
            let what = if goes_back { "all hosts go back" } else { "what is live stays live" };
            Decided { goes_back, words: format!("{} failed, and {what}: {how}", doubt.step) }
        })
    }
}

impl Person {
    /// What is not known to be well goes back where nobody says otherwise.
    async fn answer(&self, doubt: &Doubt) -> (bool, &'static str) {
        if self.yes {
            return (true, ask::Yes::Option.words());
        }
        if !ask::is_possible() {
            return (true, "nobody is there to be asked");
        }
        self.hush.quiet().await;
        out::note(told(doubt));
        let mut question = question(doubt);
        loop {
            // A person who only leaves changes nothing.
            let Ok(line) = ask::line(&format!("{question} [Y/n]")).await else {
                return (false, "interrupted at the question");
            };
            match line.as_deref().map(|line| line.trim().to_lowercase()).as_deref() {
                None => return (true, "nobody is there any more to be asked"),
                Some("" | "y" | "yes") => return (true, "answered with yes"),
                Some("n" | "no") => return (false, "answered with no"),
                Some(_) => "y puts all hosts back, n leaves what is live:".clone_into(&mut question),
            }
        }
    }
}

/// What failed, in the hosts' words, and what is live.
fn told(doubt: &Doubt) -> String {
    let failed = doubt.failed.iter().map(|failed| {
        let last = failed.why.said.last().map(|line| format!(": {line}"));
        format!("{} failed on {}, {}{}\n", doubt.step, failed.host, failed.why.what, last.unwrap_or_default())
    });
    let unread: Vec<&HostName> = doubt.before.keys().filter(|host| !doubt.live.contains_key(*host)).collect();
    let unread = if unread.is_empty() { String::new() } else { format!("; {} could not be read", text::list(unread)) };
    format!("{}live now: {}{unread}\n", failed.collect::<String>(), by_release(&doubt.live))
}

fn question(doubt: &Doubt) -> String {
    format!("Put all hosts back ({})?", by_release(&doubt.before))
}

/// `2026-11-21_02.47.00 on web1, web2; nothing on db1`.
fn by_release(hosts: &BTreeMap<HostName, Option<ReleaseName>>) -> String {
    let mut groups: Vec<(&Option<ReleaseName>, Vec<&HostName>)> = Vec::new();
    for (host, release) in hosts {
        match groups.iter_mut().find(|(known, _)| *known == release) {
            Some((_, hosts)) => hosts.push(host),
            None => groups.push((release, vec![host])),
        }
    }
    let group = |(release, hosts): (&Option<ReleaseName>, Vec<&HostName>)| {
        let release = release.as_ref().map_or("nothing", ReleaseName::as_str);
        format!("{release} on {}", text::list(hosts))
    };
    groups.into_iter().map(group).collect::<Vec<_>>().join("; ")
}
