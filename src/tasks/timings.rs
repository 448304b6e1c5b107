//! `relm timings`: how long each step of a run took on each host, by the log of it on this machine or by what the hosts have
//! written down.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::EnvArgs;
use crate::config::Environment;
use crate::event::{Event, Stamped};
use crate::fleet::{HostName, Scope};
use crate::release::{Flip, ReleaseName};
use crate::survey::Survey;

/// Show how long each step of the last run took on each host
///
/// It goes by the logs of runs on this machine; by those of maintenance, services and the like only where there are no others.
/// Of what another machine has made live since, the hosts tell.
#[derive(Debug, Clone, Args)]
pub struct Timings {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
    /// Of this release, as its hosts have written it down
    #[arg(long, value_name = "NAME")]
    pub release: Option<ReleaseName>,
    /// Of the run that this log tells of
    #[arg(long, value_name = "FILE", conflicts_with_all = ["env", "component", "release"])]
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
    /// Whether the hosts tell it: of each step of the release when it ran last.
    pub told_by_hosts: bool,
    /// From its beginning to its end; nothing if the log has no end, and where the hosts tell.
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

/// The last change that brought something live on an environment.
pub fn last_flip(survey: &Survey) -> Option<&Flip> {
    let flips = survey.hosts.iter().filter_map(|(_, seen)| seen.went_live(seen.live()?));
    flips.max_by_key(|flip| flip.run)
}

/// What hosts have written down of a release. Its steps come in the order in which they were planned; those that belong to no
/// deploy come behind.
pub fn by_hosts(
    env: &Environment,
    survey: &Survey,
    release: &ReleaseName,
    took: Vec<(HostName, Vec<(String, f64)>)>,
) -> Option<Report> {
    let record = survey.hosts.iter().find_map(|(_, seen)| Some(&seen.release(release)?.record))?;
    let flip = survey.hosts.iter().filter_map(|(_, seen)| seen.went_live(release)).max_by_key(|flip| flip.run);
    let mut steps: Vec<Step> =
        record.steps.iter().map(|step| Step { step: step.name.clone(), hosts: BTreeMap::new() }).collect();
    for (host, took) in took {
        for (name, seconds) in took {
            let at = steps.iter().position(|known| known.step == name).unwrap_or_else(|| {
                steps.push(Step { step: name, hosts: BTreeMap::new() });
                steps.len() - 1
            });
            steps[at].hosts.insert(host.clone(), seconds);
        }
    }
    steps.retain(|step| !step.hosts.is_empty());
    Some(Report {
        task: flip.map_or_else(|| record.task.clone().unwrap_or_else(|| "deploy".to_owned()), |flip| flip.task.clone()),
        env: env.name.clone(),
        release: Some(release.clone()),
        at: flip.map_or(record.created, |flip| flip.run),
        told_by_hosts: true,
        seconds: None,
        steps,
        fleet: env.fleet.names(),
    })
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
        told_by_hosts: false,
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
