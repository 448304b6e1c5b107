//! `relm timings`: how long each step of a run took on each host, by the log of it on this machine.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::EnvArgs;
use crate::event::{Event, Stamped};
use crate::fleet::{HostName, Scope};
use crate::release::ReleaseName;

/// Show how long each step of the last run took on each host
///
/// It goes by the logs of runs on this machine; by those of maintenance, services and the like only where there are no others.
#[derive(Debug, Clone, Args)]
pub struct Timings {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
    /// Of the run that this log tells of
    #[arg(long, value_name = "FILE", conflicts_with_all = ["env", "component"])]
    pub log: Option<PathBuf>,
}

/// What `relm timings --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `deploy`, `rollback`, …
    pub task: String,
    /// The environment.
    #[serde(flatten)]
    pub env: Scope,
    /// The release it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseName>,
    /// When it began.
    pub at: DateTime<Utc>,
    /// From its beginning to its end; nothing if the log has no end.
    pub seconds: Option<f64>,
    /// In the order of the run, those that began somewhere.
    pub steps: Vec<Step>,
    /// The hosts of all steps, in the order of the file.
    #[serde(skip)]
    pub fleet: Vec<HostName>,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Its name.
    pub step: String,
    /// Seconds on each host on which it came to an end.
    pub hosts: BTreeMap<HostName, f64>,
}

/// Tasks that neither make nor switch releases, as their logs call them.
const SMALL: [&str; 7] = ["clean-releases", "jobs", "keep", "maintenance", "manage", "run", "services"];

impl Report {
    /// Says whether it tells of a run that makes or switches releases, which is what people ask for.
    pub fn is_of_releases(&self) -> bool {
        let task = self.task.split(':').next().unwrap_or_default();
        !SMALL.contains(&task)
    }
}

/// Reads a run's events; nothing if they do not begin as those of a run that changes something do.
pub fn report(events: &[Stamped]) -> Option<Report> {
    let first = events.first()?;
    let Event::RunStarted { task, env, release, steps, dry_run: false } = &first.event else { return None };
    let mut report = Report {
        task: task.replace('_', "-"),
        env: env.clone(),
        release: release.clone(),
        at: first.at,
        seconds: None,
        steps: steps.iter().map(|step| Step { step: step.name.clone(), hosts: BTreeMap::new() }).collect(),
        fleet: Vec::new(),
    };
    for host in steps.iter().flat_map(|step| &step.hosts) {
        if !report.fleet.contains(host) {
            report.fleet.push(host.clone());
        }
    }
    for Stamped { at, event } in events {
        match event {
            Event::HostFinished { step, host, seconds, .. } | Event::HostFailed { step, host, seconds, .. } => {
                if let Some(known) = report.steps.iter_mut().find(|known| known.step == *step) {
                    *known.hosts.entry(host.clone()).or_default() += seconds;
                }
            }
            Event::RunEnded { .. } => report.seconds = (*at - first.at).to_std().ok().map(|took| took.as_secs_f64()),
            _ => {}
        }
    }
    report.steps.retain(|step| !step.hosts.is_empty());
    Some(report)
}
