//! `relm promote`: what is live in one environment becomes a release of another, the very same tree.

use std::path::PathBuf;

use clap::Args;

use super::{Refusal, command};
use crate::config::Environment;
use crate::release::{Record, ReleaseName, State};
use crate::survey::{Survey, begun_rollback};

const EXAMPLES: &str = "Examples:
  relm promote staging production
  relm promote staging production --dry-run
  relm promote staging/formplayer production       the component of either
  relm promote staging production --archive dist/shop-1.4.tar.gz
  relm promote staging production --release 2026-11-20_14.30.05";

/// Deploy to one environment what is live in another: the same commit, the same tree
///
/// The source is read at the commit that is live there, and must come to the tree that is live there, by its hash, or
/// nothing begins. From then on it is a deploy like any other: built on every host, then live on all of them or on none.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Promote {
    /// Environment whose live release is taken
    pub from: String,
    /// Environment it is deployed to
    pub to: String,
    /// A release that was live there before, instead of what is live now
    #[arg(long, value_name = "NAME")]
    pub release: Option<ReleaseName>,
    /// Take this archive instead of the file's: the one that was deployed there
    #[arg(long, value_name = "FILE")]
    pub archive: Option<PathBuf>,
    /// Show what would be done, host by host, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Why; stands in the history
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
}

/// What is live on every host of an environment; refuses where hosts are silent or run different releases.
pub(super) fn live_everywhere<'s>(env: &Environment, survey: &'s Survey) -> Result<&'s ReleaseName, Refusal> {
    answers(env, survey)?;
    survey.live_everywhere().ok_or_else(|| {
        let row = |(host, live): (String, Option<&ReleaseName>)| {
            vec![host, live.map_or_else(|| "-".to_owned(), ToString::to_string)]
        };
        let rows = survey.hosts.iter().map(|(host, seen)| row((host.to_string(), seen.live()))).collect();
        Refusal::new(format!("no release is live on every host of {}", env.name))
            .table(vec!["host", "live"], rows)
            .next(command("status", env))
    })
}

/// Refuses where some host cannot say what is live.
pub(super) fn answers(env: &Environment, survey: &Survey) -> Result<(), Refusal> {
    let Some((host, reason)) = survey.silent.first() else { return Ok(()) };
    Err(Refusal::new(format!("{host} of {} cannot say what is live: {reason}", env.name)).next(command("status", env)))
}

/// The record that some host has of a release.
pub(super) fn record_of(env: &Environment, survey: &Survey, name: &ReleaseName) -> Result<Record, Refusal> {
    let mut known = survey.hosts.iter().filter_map(|(_, seen)| seen.release(name));
    known.next().map(|release| release.record.clone()).ok_or_else(|| {
        Refusal::new(format!("no host of {} has the record of {name} any more", env.name))
            .next(command("releases", env))
    })
}

/// Says why code of that tree does not count as tried in `from`; nothing if it could be promoted from there.
pub fn untried(from: &Environment, survey: &Survey, tree: &str) -> Option<String> {
    if let Err(refusal) = answers(from, survey) {
        return Some(refusal.reason);
    }
    // What cannot be read may be what was rolled back from.
    if let Some((host, damage)) = survey.hosts.iter().find_map(|(host, seen)| Some((host, seen.damage.first()?))) {
        return Some(format!("what was live on {host} of {} cannot be told: {damage}", from.name));
    }
    let has_it = |name: &&ReleaseName| record_of(from, survey, name).is_ok_and(|record| record.tree == tree);
    let releases = survey.releases();
    let mut why = format!("no release of {} has this code", from.name);
    for name in releases.iter().filter(has_it) {
        match choose(from, survey, Some(name)) {
            Ok(_) => return None,
            Err(refusal) => why = refusal.reason,
        }
    }
    Some(why)
}

/// The record of what is promoted: live on every host of `from`, or live there once.
pub fn choose(from: &Environment, survey: &Survey, wanted: Option<&ReleaseName>) -> Result<Record, Refusal> {
    answers(from, survey)?;
    let name = match wanted {
        Some(name) => name,
        None => live_everywhere(from, survey)?,
    };
    for (host, seen) in &survey.hosts {
        if seen.went_live(name).is_none() {
            let reason = format!("release {name} was never live on {host} of {}", from.name);
            return Err(Refusal::new(reason).next(command("history", from)));
        }
        let state = seen.release(name).map(|release| (release.state, release.is_finished));
        match state {
            Some((State::Bad, _)) => {
                let reason = format!("release {name} was rolled back from on {host} of {}", from.name);
                return Err(Refusal::new(reason).next(command("releases", from)));
            }
            Some((_, false)) if seen.live() == Some(name) => {
                let (what, again) = match begun_rollback(survey) {
                    Some(_) => ("rollback to", command("rollback", from)),
                    None => ("deploy of", format!("{} --resume", command("deploy", from))),
                };
                let reason = format!("the {what} {name} has not come to its end on {host} of {}", from.name);
                return Err(Refusal::new(reason).next(again));
            }
            _ => {}
        }
    }
    record_of(from, survey, name)
}
