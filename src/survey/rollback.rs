//! Where a rollback goes: by record, the same on every host. Directory order and file times have no say.
//!
//! Peers choose the second newest directory and so reach half-built releases, releases rolled back from, or different
//! ones on different hosts.

use std::collections::HashSet;

use super::{HostSeen, Survey};
use crate::fleet::HostName;
use crate::release::{ReleaseName, State};

/// Says why there is nowhere to roll back to: what each host runs, what it would go back to, what is in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NoTarget {
    /// One sentence without a full stop.
    pub reason: String,
    /// A row a host: live release, release before it, what is wrong with that.
    pub rows: Vec<(HostName, Option<ReleaseName>, Option<ReleaseName>, String)>,
}

/// Chooses the release that was live before the current one, or checks the one asked for.
pub fn rollback_target(survey: &Survey, wanted: Option<&ReleaseName>) -> Result<ReleaseName, NoTarget> {
    let row = |(host, seen): &(HostName, HostSeen)| {
        let target = wanted.cloned().or_else(|| seen.before_live());
        let trouble = trouble(seen, target.as_ref(), wanted.is_some());
        (host.clone(), seen.live().cloned(), target, trouble)
    };
    let rows: Vec<_> = survey.hosts.iter().map(row).collect();
    let refuse = |reason: &str| Err(NoTarget { reason: reason.to_owned(), rows: rows.clone() });
    let Some((_, _, first, _)) = rows.first() else {
        return refuse("no host answered");
    };
    if rows.iter().any(|(_, _, target, _)| target != first) {
        return refuse("the hosts would not all go back to the same release");
    }
    if rows.iter().any(|(_, _, _, trouble)| !trouble.is_empty()) {
        return refuse(if wanted.is_some() {
            "that release cannot go live"
        } else {
            "there is no release to roll back to"
        });
    }
    match first {
        Some(target) if survey.live_everywhere() == Some(target) => refuse("that release is live already"),
        Some(target) => Ok(target.clone()),
        None => refuse("there is no release to roll back to"),
    }
}

impl HostSeen {
    /// The release that was live before the current one and has not turned out bad since.
    pub fn before_live(&self) -> Option<ReleaseName> {
        let mut seen = HashSet::new();
        let mut at = self.live()?;
        loop {
            at = self.replaced_by(at)?;
            if !seen.insert(at) {
                return None;
            }
            if self.release(at).is_none_or(|release| release.state != State::Bad) {
                return Some(at.clone());
            }
        }
    }

    /// What a deploy replaced when it made `name` live. Rolling back to a release does not change what it replaced.
    fn replaced_by(&self, name: &ReleaseName) -> Option<&ReleaseName> {
        let deploys = self.history.iter().rev().filter(|flip| flip.task == "deploy" && flip.to.as_ref() == Some(name));
        deploys.filter_map(|flip| flip.from.as_ref()).find(|from| *from != name)
    }
}

fn trouble(seen: &HostSeen, target: Option<&ReleaseName>, named: bool) -> String {
    let Some(target) = target else {
        return if seen.live().is_none() { "nothing is live" } else { "nothing was live before it" }.to_owned();
    };
    if seen.live() == Some(target) {
        return if named { String::new() } else { "is live already".to_owned() };
    }
    match seen.release(target) {
        None => "is not there".to_owned(),
        Some(release) if !release.has_tree => "its directory is gone".to_owned(),
        Some(release) if release.state == State::Bad && named => String::new(),
        Some(release) if !release.state.is_complete() => format!("is {}", release.state.word()),
        Some(_) => String::new(),
    }
}
