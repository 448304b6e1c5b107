//! `relm check`: can a deploy start? Reads only.

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde::Serialize;

use super::busy::Found;
use super::readiness::{lacking, troubles};
use super::{EnvArgs, batches, pools};
use crate::config::Environment;
use crate::fleet::{HostName, Scope};
use crate::release::State;
use crate::survey::{HostSeen, Survey};

/// Check that a deploy could start: login, tools, disk, clocks, leftovers
///
/// Exits with 0 if it could and with 3 if it could not.
#[derive(Debug, Clone, Args)]
pub struct Check {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
}

/// A clock that is further off than this makes records hard to read; nothing relm decides depends on it.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(60);

/// What `relm check --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The environment.
    #[serde(flatten)]
    pub env: Scope,
    /// Whether a deploy could start.
    pub ready: bool,
    /// In the order of the file.
    pub hosts: Vec<Line>,
    /// What this machine lacks for one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What its guards would ask or refuse.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<String>,
    /// The batches in which hosts would switch, or why some could not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub batches: Vec<String>,
    /// What a deploy would disturb.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub busy: Vec<super::busy::Line>,
}

impl Report {
    /// With what this machine lacks for a deploy.
    #[must_use]
    pub fn with_missing(self, missing: Vec<String>) -> Self {
        Self { ready: self.ready && missing.is_empty(), missing, ..self }
    }

    /// With what guards say; some of it keeps a deploy from starting.
    #[must_use]
    pub fn with_guards(self, guards: Vec<String>, refuse: bool) -> Self {
        Self { ready: self.ready && !refuse, guards, ..self }
    }

    /// With the batches in which hosts would switch; a pool that can spare none of its hosts keeps a deploy from starting.
    #[must_use]
    pub fn with_batches(self, env: &Environment) -> Self {
        match pools::require_members(env) {
            Ok(()) => Self { batches: batches::told(env), ..self },
            // Of some hosts it cannot be said.
            Err(_) if env.cut_by.is_some() => self,
            Err(refusal) => Self { ready: false, batches: vec![refusal.reason], ..self },
        }
    }

    /// With what else a person should know of hosts.
    #[must_use]
    pub fn with_notes(mut self, notes: Vec<(HostName, String)>) -> Self {
        for (host, note) in notes {
            self.hosts.iter_mut().filter(|line| line.host == host).for_each(|line| line.notes.push(note.clone()));
        }
        self
    }

    /// With what was found busy; some of it keeps a deploy from starting.
    #[must_use]
    pub fn with_busy(self, found: &[Found<'_>]) -> Self {
        let busy: Vec<_> = found.iter().flat_map(Found::lines).collect();
        Self { ready: self.ready && !busy.iter().any(|line| line.needs_consent), busy, ..self }
    }
}

/// One host.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its name.
    pub host: HostName,
    /// The login.
    pub user: Option<String>,
    /// Where releases go.
    pub directory: Option<String>,
    /// Free space there.
    pub free_kilobytes: Option<u64>,
    /// What stops a deploy.
    pub trouble: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Puts together what stops a deploy and what is only odd. `unable` is what else a host cannot do.
pub fn report(
    env: &Scope,
    order: &[HostName],
    survey: &Survey,
    unable: &[(HostName, String)],
    now: DateTime<Utc>,
) -> Report {
    let mut hosts: Vec<Line> = order.iter().map(|host| line(host, survey, now)).collect();
    for line in &mut hosts {
        let more = unable.iter().filter(|(host, _)| *host == line.host);
        line.trouble.extend(more.map(|(_, reason)| reason.clone()));
    }
    let ready = hosts.iter().all(|line| line.trouble.is_empty());
    Report {
        env: env.clone(),
        ready,
        hosts,
        missing: Vec::new(),
        guards: Vec::new(),
        batches: Vec::new(),
        busy: Vec::new(),
    }
}

fn line(host: &HostName, survey: &Survey, now: DateTime<Utc>) -> Line {
    let Some(seen) = survey.host(host) else {
        let silent = survey.silent.iter().find(|(silent, _)| silent == host);
        let trouble = silent.map(|(_, reason)| reason.clone()).into_iter().collect();
        return Line {
            host: host.clone(),
            user: None,
            directory: None,
            free_kilobytes: None,
            trouble,
            notes: Vec::new(),
        };
    };
    Line {
        host: host.clone(),
        user: Some(seen.user.clone()),
        directory: Some(seen.layout.base().to_owned()),
        free_kilobytes: seen.free_kilobytes,
        trouble: troubles(seen, Some(0)).into_iter().chain(lacking(seen)).collect(),
        notes: notes(seen, now),
    }
}

fn notes(seen: &HostSeen, now: DateTime<Utc>) -> Vec<String> {
    let mut notes = Vec::new();
    let off = seen.clock - now;
    if off.abs() > CLOCK_TOLERANCE {
        notes.push(format!("its clock is {} s off", off.num_seconds()));
    }
    let unreadable = seen.damage.iter().filter(|damage| !damage.ends_with("cannot be written"));
    notes.extend(unreadable.map(|damage| format!("{damage}: nothing will be cleaned")));
    for release in seen.releases.iter().filter(|release| release.state == State::Building) {
        notes.push(format!("release {} was begun and not finished", release.name));
    }
    let is_ours = |name: &str| name.starts_with(".trash-") || name.starts_with(".ahead-");
    // What a run is at work on is not left over.
    let is_busy = (seen.lock.holder.is_some() && !seen.lock.gone) || !seen.lock.running.is_empty();
    notes.extend(seen.strangers.iter().filter(|name| !(is_busy && is_ours(name))).map(|name| {
        if is_ours(name) {
            format!("releases/{name} was left by a run that was cut short; the next clean removes it")
        } else {
            format!("releases/{name} is not relm's and is left alone")
        }
    }));
    if seen.damaged_history > 0 {
        notes.push(format!("{} lines of the history are damaged", seen.damaged_history));
    }
    notes
}
