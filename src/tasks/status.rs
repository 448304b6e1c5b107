//! `relm status`: what runs where, since when and by whom.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::EnvArgs;
use super::unfinished::unfinished;
use crate::fleet::{HostName, Scope};
use crate::release::{LockSeen, ReleaseName};
use crate::survey::{Current, Migrated, Survey, begun_rollback};

/// Show what is live on each host, since when, by whom, from what; and hosts out of step
#[derive(Debug, Clone, Args)]
pub struct Status {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
}

/// What `relm status --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The environment.
    #[serde(flatten)]
    pub env: Scope,
    /// In the order of the file.
    pub hosts: Vec<Line>,
    /// Whether every host answered and all run the same release, to the end.
    pub in_step: bool,
    /// Who holds the environment.
    pub lock: Option<LockSeen>,
    /// Releases whose switch was begun and not finished: what `relm deploy --resume` can go on with, the target of a rollback too
    /// where all hosts run it.
    pub unfinished: Vec<ReleaseName>,
    /// Where a rollback goes that was begun and not finished: `relm rollback` goes on with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfinished_rollback: Option<ReleaseName>,
    /// Whether the file has migrations of it.
    #[serde(skip)]
    pub migrates: bool,
    /// The same of each component, where an environment is asked about and has any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Report>,
}

impl Report {
    /// Whether hosts that answered run different releases.
    pub fn is_apart(&self) -> bool {
        let mut live = self.hosts.iter().filter(|line| line.reachable).map(|line| &line.current);
        live.next().is_some_and(|first| live.any(|other| other != first))
    }

    /// Whether every host answered, those of components too.
    pub fn has_all(&self) -> bool {
        self.hosts.iter().all(|line| line.reachable) && self.components.iter().all(Self::has_all)
    }

    /// Of an environment without an application beside its components.
    pub fn nothing(env: Scope) -> Self {
        Self {
            env,
            hosts: Vec::new(),
            in_step: true,
            lock: None,
            unfinished: Vec::new(),
            unfinished_rollback: None,
            migrates: false,
            components: Vec::new(),
        }
    }
}

/// One host.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its name.
    pub host: HostName,
    /// What is live.
    pub current: Option<ReleaseName>,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// Who made it live.
    pub by: Option<String>,
    /// Their login on the machine they did it from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// That machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// As whom they were signed in on the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_user: Option<String>,
    /// What it was made from.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The commit, where the source has one.
    pub commit: Option<String>,
    /// The last migration that ran there, or was begun, and how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Schema>,
    /// Whether the host answered.
    pub reachable: bool,
    /// Who switched maintenance on, if it is on: `hand`, or the release whose run did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<String>,
    /// Services that a run left down: each with the release for whose migration it was stopped, `task:NAME` or `restart`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stopped: BTreeMap<String, String>,
    /// Pools that a run left the host out of: each with `task:NAME` or `restart`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub drained: BTreeMap<String, String>,
    /// What is wrong there, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trouble: Vec<String>,
}

/// How far a host has migrated, by what it has written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Schema {
    /// What the app calls the last one, if it does.
    pub last: String,
    /// The operation that ran it.
    pub operation: String,
    /// The release it came with.
    pub release: ReleaseName,
    /// When, where that was written down.
    pub at: Option<DateTime<Utc>>,
    /// How many there were.
    pub count: usize,
}

impl Schema {
    fn of(all: &[Migrated]) -> Option<Self> {
        let last = all.last()?;
        // One that failed is written down once more when it runs again; one without a name is known by its release.
        let known = |one: &Migrated| {
            let release = Some(one.release.clone()).filter(|_| one.name.is_empty());
            (one.step.clone(), one.name.clone(), release)
        };
        Some(Self {
            last: last.name.clone(),
            operation: last.step.clone(),
            release: last.release.clone(),
            at: last.at,
            count: all.iter().map(known).collect::<BTreeSet<_>>().len(),
        })
    }
}

/// What is known of a host whose switch was not put back to the end.
pub(super) const HALF_BACK: &str =
    "put back after a failed switch and not to the end: what runs may be another release";

/// Puts together what the hosts say. `order` is the order of the file.
pub fn report(env: &Scope, order: &[HostName], survey: &Survey) -> Report {
    Report {
        env: env.clone(),
        hosts: order.iter().map(|host| line(host, survey)).collect(),
        in_step: survey.in_step(),
        lock: survey.hosts.iter().map(|(_, seen)| &seen.lock).find(|lock| !lock.is_free()).cloned(),
        unfinished: unfinished(survey),
        unfinished_rollback: begun_rollback(survey),
        migrates: false,
        components: Vec::new(),
    }
}

impl Report {
    /// With what the place of a shared lock says: what the hosts have of it may be out of date.
    #[must_use]
    pub fn with_shared_lock(mut self, shared: LockSeen) -> Self {
        let own = self.lock.take().unwrap_or_default();
        let taken = own.taken.filter(|taken| taken.shared.is_none()).or(shared.taken);
        let lock = if own.holder.is_some() { LockSeen { taken, ..own } } else { LockSeen { taken, ..shared } };
        Self { lock: Some(lock).filter(|lock| !lock.is_free()), ..self }
    }
}

fn lines(count: usize) -> String {
    if count == 1 { "1 line is".to_owned() } else { format!("{count} lines are") }
}

fn line(host: &HostName, survey: &Survey) -> Line {
    let silent = survey.silent.iter().find(|(silent, _)| silent == host).map(|(_, reason)| reason.clone());
    let mut line = Line {
        host: host.clone(),
        current: None,
        since: None,
        by: None,
        login: None,
        machine: None,
        ssh_user: None,
        reference: None,
        commit: None,
        schema: None,
        reachable: silent.is_none(),
        maintenance: None,
        stopped: BTreeMap::new(),
        drained: survey.left_out(host).into_iter().map(|(pool, by)| (pool.to_owned(), by.to_owned())).collect(),
        trouble: silent.into_iter().collect(),
    };
    let Some(seen) = survey.host(host) else { return line };
    line.maintenance.clone_from(&seen.maintenance);
    line.schema = Schema::of(&seen.migrations);
    line.stopped = seen.left_stopped().map(|(name, by)| (name.clone(), by.clone())).collect();
    line.trouble.extend(seen.damage.iter().cloned());
    if seen.damaged_history > 0 {
        line.trouble.push(format!("{} damaged in its history", lines(seen.damaged_history)));
    }
    if let Current::Foreign(what) = &seen.current {
        line.trouble.push(format!("current {what}"));
    }
    line.trouble.extend(seen.is_half_back().then(|| HALF_BACK.to_owned()));
    let Some(current) = seen.live() else { return line };
    line.current = Some(current.clone());
    if let Some(flip) = seen.went_live(current) {
        line.since = Some(flip.at);
        line.by = Some(flip.by.clone());
        line.login = Some(flip.login.clone()).filter(|login| !login.is_empty());
        line.machine = Some(flip.machine.clone());
        line.ssh_user.clone_from(&flip.ssh_user);
    }
    if let Some(release) = seen.release(current) {
        line.reference = Some(release.record.reference.clone());
        line.commit.clone_from(&release.record.commit);
    }
    line
}
