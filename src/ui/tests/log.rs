//! Writes down runs as an engine would tell them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::event::{Ending, Event, Failure, Outcome, Phase, Stamped, StepInfo, Stream};
use crate::fleet::{EnvName, HostName};
use crate::release::ReleaseName;

/// What every sample runs before.
pub(super) const OLD: &str = "2026-11-19_09.12.00";

pub(super) fn host(name: &str) -> HostName {
    HostName::new(name).expect("a host name")
}

fn release(name: &str) -> ReleaseName {
    ReleaseName::parse(name).expect("a release name")
}

/// A run that is being written down.
pub(super) struct Log {
    now: DateTime<Utc>,
    steps: Vec<StepInfo>,
    pub(super) events: Vec<Stamped>,
}

impl Log {
    pub(super) fn new(task: &str, name: Option<&str>, steps: &[(&str, Phase, &[&str])]) -> Self {
        let info = |(name, phase, hosts): &(&str, Phase, &[&str])| StepInfo {
            name: (*name).to_owned(),
            phase: *phase,
            hosts: hosts.iter().map(|name| host(name)).collect(),
            at_once: None,
        };
        let mut log = Self {
            now: "2026-11-20T14:30:05Z".parse().expect("a time"),
            steps: steps.iter().map(info).collect(),
            events: Vec::new(),
        };
        log.say(Event::RunStarted {
            task: task.to_owned(),
            env: EnvName::new("production").expect("a name").into(),
            release: name.map(release),
            steps: log.steps.clone(),
            dry_run: false,
        });
        log
    }

    pub(super) fn say(&mut self, event: Event) {
        self.events.push(Stamped { at: self.now, event });
    }

    pub(super) fn wait(&mut self, seconds: f64) {
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a sample")]
        let millis = (seconds * 1_000.0) as i64;
        self.now += TimeDelta::milliseconds(millis);
    }

    pub(super) fn begin(&mut self, step: &str) {
        let info = self.steps.iter().find(|info| info.name == step).expect("an announced step").clone();
        let (step, phase) = (info.name, info.phase);
        self.say(Event::StepStarted { step: step.clone(), phase });
        for host in info.hosts {
            self.say(Event::HostStarted { step: step.clone(), host });
        }
    }

    pub(super) fn output(&mut self, step: &str, name: &str, line: &str) {
        let (step, line, host) = (step.to_owned(), line.to_owned(), host(name));
        let stream = Stream::Stdout;
        self.say(Event::Output { step, host, stream, line, cut: false });
    }

    pub(super) fn sent(&mut self, step: &str, name: &str, done: u64) {
        let (step, host, total) = (step.to_owned(), host(name), 20_100_000);
        self.say(Event::Progress { step, host, done, total });
    }

    pub(super) fn finish(&mut self, step: &str, name: &str, outcome: Outcome, seconds: f64) {
        let (step, host) = (step.to_owned(), host(name));
        self.say(Event::HostFinished { step, host, outcome, seconds });
    }

    pub(super) fn fail(&mut self, step: &str, name: &str, failure: Failure, seconds: f64) {
        let (step, host) = (step.to_owned(), host(name));
        self.say(Event::HostFailed { step, host, failure, seconds });
    }

    pub(super) fn end_step(&mut self, step: &str, ok: bool) {
        self.say(Event::StepFinished { step: step.to_owned(), ok });
    }

    /// The step from its beginning to its end, the same on all hosts.
    pub(super) fn all(&mut self, step: &str, outcome: &Outcome, seconds: f64) {
        self.begin(step);
        self.wait(seconds);
        let hosts = self.steps.iter().find(|info| info.name == step).map(|info| info.hosts.clone());
        for host in hosts.expect("an announced step") {
            self.finish(step, host.as_str(), outcome.clone(), seconds);
        }
        self.end_step(step, true);
    }

    pub(super) fn warn(&mut self, name: Option<&str>, message: &str) {
        let (host, message) = (name.map(host), message.to_owned());
        self.say(Event::Warning { host, message });
    }

    pub(super) fn put_back(&mut self, name: &str, failure: Option<Failure>) {
        let (host, release) = (host(name), Some(release(OLD)));
        self.say(Event::HostPutBack { host, release, failure });
    }

    pub(super) fn end(mut self, ending: Ending, exit_code: u8, live: &[(&str, Option<&str>)], next: &[&str]) -> Self {
        let hosts: BTreeMap<_, _> = live.iter().map(|(name, live)| (host(name), live.map(release))).collect();
        self.say(Event::RunEnded {
            ending,
            exit_code,
            hosts,
            unread: Vec::new(),
            behind: Vec::new(),
            reason: None,
            next: next.iter().map(|&command| command.to_owned()).collect(),
        });
        self
    }

    pub(super) fn because(mut self, text: &str) -> Self {
        if let Some(Event::RunEnded { reason, .. }) = self.events.last_mut().map(|last| &mut last.event) {
            *reason = Some(text.to_owned());
        }
        self
    }

    pub(super) fn without(mut self, names: &[&str]) -> Self {
        if let Some(Event::RunEnded { unread, .. }) = self.events.last_mut().map(|last| &mut last.event) {
            *unread = names.iter().map(|name| host(name)).collect();
        }
        self
    }
}

pub(super) fn failure(what: &str, command: Option<&str>, said: &[&str]) -> Failure {
    Failure {
        what: what.to_owned(),
        command: command.map(str::to_owned),
        said: said.iter().map(|&line| line.to_owned()).collect(),
    }
}
