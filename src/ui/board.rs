//! What is known of a run so far: the fold of its events that the terminal, the plain text and the ending share.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::step::{State, Step};
use crate::event::{Ending, Event, Failure, Phase, Stamped, StepInfo};
use crate::fleet::HostName;
use crate::release::ReleaseName;

/// The state of a run, from its events. Takes them in any order: a log may be cut.
#[derive(Debug, Clone, Default)]
pub struct Board {
    pub(super) task: String,
    pub(super) env: String,
    pub(super) release: Option<ReleaseName>,
    pub(super) dry_run: bool,
    pub(super) began: Option<DateTime<Utc>>,
    pub(super) steps: Vec<Step>,
    pub(super) put_back: Vec<PutBack>,
    pub(super) warnings: Vec<(Option<HostName>, String)>,
    /// How long each step took on a host, for whoever wants to know: step, host, seconds.
    pub(super) times: Vec<(String, HostName, f64)>,
    /// Whether the end says where the time went.
    pub(super) timed: bool,
    /// Where all of it is written down.
    pub(super) log: Option<String>,
    pub(super) end: Option<End>,
}

/// What became of a host of a failed switch.
#[derive(Debug, Clone)]
pub(super) struct PutBack {
    pub(super) host: HostName,
    pub(super) release: Option<ReleaseName>,
    pub(super) failure: Option<Failure>,
}

/// What the last event says.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) at: DateTime<Utc>,
    pub(super) ending: Ending,
    pub(super) exit_code: u8,
    pub(super) hosts: BTreeMap<HostName, Option<ReleaseName>>,
    pub(super) unread: Vec<HostName>,
    pub(super) behind: Vec<HostName>,
    pub(super) reason: Option<String>,
    pub(super) next: Vec<String>,
}

impl Board {
    /// Takes the next event.
    pub fn take(&mut self, Stamped { at, event }: &Stamped) {
        match event {
            Event::RunStarted { task, env, release, steps, dry_run } => {
                self.task = task.replace('_', "-");
                self.env = env.to_string();
                self.release.clone_from(release);
                self.dry_run = *dry_run;
                self.began = Some(*at);
                self.steps = steps.iter().map(Step::new).collect();
            }
            Event::StepStarted { step, phase } => {
                let step = self.step(step);
                step.phase = *phase;
                step.began.get_or_insert(*at);
            }
            Event::StepFinished { step, ok } => self.step(step).ended = Some((*at, *ok)),
            Event::Warning { host, message } => self.warnings.push((host.clone(), message.clone())),
            Event::HostPutBack { host, release, failure } => {
                self.put_back.push(PutBack { host: host.clone(), release: release.clone(), failure: failure.clone() });
            }
            Event::RunEnded { .. } => self.end = end(*at, event),
            Event::HostStarted { .. }
            | Event::Output { .. }
            | Event::Progress { .. }
            | Event::HostFinished { .. }
            | Event::HostFailed { .. } => self.take_of_host(*at, event),
        }
    }

    fn take_of_host(&mut self, at: DateTime<Utc>, event: &Event) {
        match event {
            Event::HostStarted { step, host } => {
                let step = self.step(step);
                step.began.get_or_insert(at);
                step.on(host).state = State::Running { since: at };
            }
            Event::Output { step, host, line, .. } => self.step(step).on(host).say(line),
            Event::Progress { step, host, done, total } => self.step(step).on(host).sent(at, *done, *total),
            Event::HostFinished { step, host, outcome, seconds } => {
                self.times.push((step.clone(), host.clone(), *seconds));
                let outcome = outcome.clone();
                self.step(step).on(host).state = State::Finished { outcome };
            }
            Event::HostFailed { step, host, failure, seconds } => {
                self.times.push((step.clone(), host.clone(), *seconds));
                let on_host = self.step(step).on(host);
                let mut failure = failure.clone();
                if failure.said.is_empty() {
                    failure.said = on_host.said.iter().cloned().collect();
                }
                on_host.state = State::Failed { failure, seconds: *seconds };
            }
            _ => {}
        }
    }

    /// The step of this name; one that was not announced is added.
    fn step(&mut self, name: &str) -> &mut Step {
        let index = self.steps.iter().position(|step| step.name == name).unwrap_or_else(|| {
            self.steps.push(Step::new(&StepInfo {
                name: name.to_owned(),
                phase: Phase::Check,
                hosts: Vec::new(),
                at_once: None,
            }));
            self.steps.len() - 1
        });
        &mut self.steps[index]
    }

    pub(super) fn known_step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// All hosts the run speaks of, in the order of the file as far as the steps tell it.
    pub(super) fn fleet(&self) -> Vec<&HostName> {
        let of_steps = self.steps.iter().flat_map(|step| &step.hosts).map(|host| &host.name);
        let of_end = self.end.iter().flat_map(|end| end.hosts.keys().chain(&end.unread));
        let mut fleet = Vec::new();
        for host in of_steps.chain(of_end).chain(self.put_back.iter().map(|back| &back.host)) {
            if !fleet.contains(&host) {
                fleet.push(host);
            }
        }
        fleet
    }

    /// Columns the longest host name takes.
    pub(super) fn host_width(&self) -> usize {
        self.fleet().iter().map(|host| host.as_str().len()).max().unwrap_or(0)
    }

    /// Columns the longest name of a step takes; a very long one may stick out.
    pub(super) fn step_width(&self) -> usize {
        let longest = self.steps.iter().map(|step| step.name.chars().count()).max();
        longest.unwrap_or(0).min(28)
    }

    /// `deploy production`, or what is known of it.
    pub(super) fn title(&self) -> String {
        if self.task.is_empty() { "run".to_owned() } else { format!("{} {}", self.task, self.env) }
    }
}

fn end(at: DateTime<Utc>, event: &Event) -> Option<End> {
    let Event::RunEnded { ending, exit_code, hosts, unread, behind, reason, next } = event else {
        return None;
    };
    Some(End {
        at,
        ending: *ending,
        exit_code: *exit_code,
        hosts: hosts.clone(),
        unread: unread.clone(),
        behind: behind.clone(),
        reason: reason.clone(),
        next: next.clone(),
    })
}
