//! What is known of one step: each host's state, and when the step began and ended.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use crate::event::{Failure, Outcome, Phase, StepInfo};
use crate::fleet::HostName;

/// Lines kept of what a host said in a step, for a failure that brings no lines of its own.
pub(super) const KEPT_LINES: usize = 20;

/// One step of the run.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) phase: Phase,
    pub(super) hosts: Vec<OnHost>,
    pub(super) began: Option<DateTime<Utc>>,
    /// When it ended, and whether every host finished it.
    pub(super) ended: Option<(DateTime<Utc>, bool)>,
}

/// One step on one host.
#[derive(Debug, Clone)]
pub(super) struct OnHost {
    pub(super) name: HostName,
    pub(super) state: State,
    pub(super) said: VecDeque<String>,
    pub(super) upload: Option<Upload>,
}

/// How far a host is with a step.
#[derive(Debug, Clone)]
pub(super) enum State {
    Waiting,
    Running { since: DateTime<Utc> },
    Finished { outcome: Outcome },
    Failed { failure: Failure, seconds: f64 },
}

/// How far an upload is; the first report is the base of its speed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Upload {
    pub(super) first: (DateTime<Utc>, u64),
    pub(super) last: (DateTime<Utc>, u64),
    pub(super) total: u64,
}

impl Step {
    pub(super) fn new(info: &StepInfo) -> Self {
        Self {
            name: info.name.clone(),
            phase: info.phase,
            hosts: info.hosts.iter().map(OnHost::new).collect(),
            began: None,
            ended: None,
        }
    }

    /// The host's place in the step; a host that was not announced joins it.
    pub(super) fn on(&mut self, host: &HostName) -> &mut OnHost {
        let index = self.hosts.iter().position(|known| known.name == *host).unwrap_or_else(|| {
            self.hosts.push(OnHost::new(host));
            self.hosts.len() - 1
        });
        &mut self.hosts[index]
    }

    pub(super) fn is_live(&self) -> bool {
        self.began.is_some() && self.ended.is_none()
    }

    pub(super) fn finished(&self) -> impl Iterator<Item = (&OnHost, &Outcome)> {
        self.hosts.iter().filter_map(|host| match &host.state {
            State::Finished { outcome } => Some((host, outcome)),
            _ => None,
        })
    }

    pub(super) fn failed(&self) -> impl Iterator<Item = (&OnHost, &Failure, f64)> {
        self.hosts.iter().filter_map(|host| match &host.state {
            State::Failed { failure, seconds } => Some((host, failure, *seconds)),
            _ => None,
        })
    }

    pub(super) fn running(&self) -> impl Iterator<Item = &OnHost> {
        let is_running = |host: &&OnHost| matches!(host.state, State::Running { .. });
        self.hosts.iter().filter(is_running)
    }
}

impl OnHost {
    fn new(name: &HostName) -> Self {
        Self { name: name.clone(), state: State::Waiting, said: VecDeque::new(), upload: None }
    }

    pub(super) fn say(&mut self, line: &str) {
        if self.said.len() == KEPT_LINES {
            self.said.pop_front();
        }
        self.said.push_back(line.to_owned());
    }

    pub(super) fn sent(&mut self, at: DateTime<Utc>, done: u64, total: u64) {
        let first = self.upload.map_or((at, done), |upload| upload.first);
        let last = (at, done);
        self.upload = Some(Upload { first, last, total });
    }
}

impl Upload {
    /// Per cent sent, never more than 100; an upload of nothing is complete.
    pub(super) fn percent(&self) -> u64 {
        let percent = u128::from(self.last.1) * 100 / u128::from(self.total.max(1));
        if self.total == 0 { 100 } else { u64::try_from(percent.min(100)).unwrap_or(100) }
    }

    /// Bytes a second, once half a second makes it worth saying.
    pub(super) fn speed(&self) -> Option<u64> {
        let millis = u64::try_from((self.last.0 - self.first.0).num_milliseconds()).ok()?;
        let sent = u128::from(self.last.1.saturating_sub(self.first.1));
        (millis >= 500).then(|| u64::try_from(sent * 1_000 / u128::from(millis)).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn speed_and_share_of_an_upload() {
        let start = DateTime::UNIX_EPOCH;
        for (done, total, millis, percent, speed) in [
            (0, 0, 0, 100, None),
            (50, 200, 1_000, 25, Some(50)),
            (300, 200, 2_000, 100, Some(150)),
            (u64::MAX, u64::MAX, 400, 100, None),
            (10, 100, -5_000, 10, None),
        ] {
            let mut host = OnHost::new(&HostName::new("web1").expect("a name"));
            host.sent(start, 0, total);
            host.sent(start + TimeDelta::milliseconds(millis), done, total);
            let upload = host.upload.expect("it was reported");
            assert_eq!((upload.percent(), upload.speed()), (percent, speed));
        }
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut host = OnHost::new(&HostName::new("web1").expect("a name"));
        (0..30).for_each(|number| host.say(&number.to_string()));
        assert_eq!((host.said.len(), host.said[0].as_str()), (KEPT_LINES, "10"));
    }
}
