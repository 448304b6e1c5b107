//! Which releases a clean removes, host by host: retention's rule applied to what was seen.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::Environment;
use crate::fleet::HostName;
use crate::operations::RemoveReleases;
use crate::release::{Facts, ReleaseName, Rules, State, Verdict, decide};
use crate::survey::{HostSeen, Survey};

/// What becomes of every release on one host.
pub(super) type Verdicts = Vec<(ReleaseName, Verdict)>;

/// What the file says.
pub(super) fn rules(env: &Environment) -> Rules {
    let time = |time| TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    Rules {
        keep: env.release.keep,
        keep_failed: time(env.release.keep_failed),
        min_age: time(env.release.min_age),
        spared: Vec::new(),
    }
}

/// Decides for each host. `going_live` is the release the same run makes live before it cleans.
pub(super) fn verdicts(
    survey: &Survey,
    rules: &Rules,
    going_live: Option<&ReleaseName>,
    now: DateTime<Utc>,
) -> BTreeMap<HostName, Verdicts> {
    let decide = |(host, seen): &(HostName, HostSeen)| {
        let mut facts: Vec<Facts> = seen.releases.iter().map(|release| facts(release, seen, going_live)).collect();
        // A release that is yet to be built takes one of the places.
        let new = going_live.filter(|name| seen.release(name).is_none());
        facts.extend(new.map(|name| Facts {
            name: name.clone(),
            created: now,
            state: State::Live,
            keep_until: None,
            ended: None,
            left: None,
            used_by: None,
        }));
        let target = match going_live {
            Some(name) if seen.live() != Some(name) => seen.live().cloned(),
            _ => seen.before_live(),
        };
        // With lines of the history lost the target may be another than it seems: it is the newest but one then.
        let keep = if seen.damaged_history > 0 { rules.keep.max(2) } else { rules.keep };
        let rules = Rules { keep, ..rules.clone() };
        (host.clone(), decide(&facts, &rules, target.as_ref(), now))
    };
    // A host with a record that cannot be read is left alone: nothing there may be called superseded.
    survey.hosts.iter().filter(|(_, seen)| seen.damage.is_empty()).map(decide).collect()
}

fn facts(release: &crate::survey::ReleaseSeen, seen: &HostSeen, going_live: Option<&ReleaseName>) -> Facts {
    let state = match going_live {
        Some(name) if release.name == *name => State::Live,
        Some(_) if seen.live() == Some(&release.name) => State::Retired,
        _ => release.state,
    };
    Facts {
        name: release.name.clone(),
        created: release.record.created,
        state,
        keep_until: release.kept_until,
        ended: release.since.filter(|_| matches!(state, State::Bad | State::Failed)),
        left: seen.left(&release.name),
        used_by: release.used_by,
    }
}

/// The operation that removes what `verdicts` gives up.
pub(super) fn removal(verdicts: &BTreeMap<HostName, Verdicts>, may_fail: bool) -> RemoveReleases {
    let gone = |verdicts: &Verdicts| {
        let removed = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Remove(_)));
        removed.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let releases = verdicts.iter().map(|(host, verdicts)| (host.clone(), gone(verdicts)));
    RemoveReleases { releases: releases.collect(), may_fail }
}

/// Why hosts are left alone, a sentence each.
pub(super) fn unreadable(survey: &Survey) -> Vec<(HostName, String)> {
    let damaged = survey.hosts.iter().filter_map(|(host, seen)| Some((host.clone(), seen.damage.first()?.clone())));
    damaged.collect()
}
