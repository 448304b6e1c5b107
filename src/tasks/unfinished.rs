//! Which deploys were begun and not finished: what `relm deploy --resume` can go on with and `relm status` tells.

use std::collections::BTreeMap;

use super::{Site, command, redo};
use crate::fleet::HostName;
use crate::release::{ReleaseName, State};
use crate::survey::{HostSeen, ReleaseSeen, Survey};

/// How a release stands, seen from whoever would finish it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Begun and not finished.
    Open,
    /// Begun and not finished, and a newer one went live since.
    Superseded(ReleaseName),
    /// Rolled back from.
    Bad,
    /// Never meant to be live.
    Private,
    /// It has been live, and everything was done.
    Finished,
}

/// Deploys that were begun and not finished, oldest first. What was rolled back from, or what a newer release has
/// replaced, is not among them.
pub(super) fn unfinished(survey: &Survey) -> Vec<ReleaseName> {
    let names = survey.releases().into_iter();
    names.filter(|name| standing(survey, name) == Some(Standing::Open)).collect()
}

/// Says whether a run may have been killed while hosts switched. One that ended by itself took back what it had taken down,
/// and left its release failed or finished.
pub(super) fn was_switching(survey: &Survey) -> bool {
    let open = unfinished(survey);
    let mut all = survey.hosts.iter().flat_map(|(_, seen)| &seen.releases);
    all.any(|release| match release.state {
        State::Complete => open.contains(&release.name),
        State::Live => !release.is_finished,
        _ => false,
    })
}

/// What to type to go on with `name`; its name is part of it where another could be meant. Once it is live, older ones
/// are not unfinished any more.
pub(super) fn resume(site: Site<'_>, name: &ReleaseName, once_live: bool) -> String {
    let resume = format!("{} --resume", command("deploy", site.env));
    let others = unfinished(site.survey);
    let is_another = others.iter().any(|other| other != name && (!once_live || other > name));
    let again = if once_live { String::new() } else { redo::words(site.env) };
    if is_another { format!("{resume} --release {name}{again}") } else { resume + &again }
}

/// How `name` stands; nothing if no host knows it.
pub(super) fn standing(survey: &Survey, name: &ReleaseName) -> Option<Standing> {
    let seen: Vec<&ReleaseSeen> = survey.hosts.iter().filter_map(|(_, seen)| seen.release(name)).collect();
    let any = |state: State| seen.iter().any(|release| release.state == state);
    let first = seen.first()?;
    let is_live = any(State::Live);
    let newer = newer_than(survey, name, |release| match release.state {
        State::Live => true,
        // One that has been live counts too, unless this one went live after it.
        State::Retired | State::Bad => !is_live,
        _ => false,
    });
    let begun = seen.iter().any(|release| release.state == State::Live && !release.is_finished);
    Some(match newer {
        _ if is_live && !begun => Standing::Finished,
        _ if any(State::Bad) => Standing::Bad,
        _ if !is_live && any(State::Retired) => Standing::Finished,
        _ if !is_live && first.record.private => Standing::Private,
        Some(newer) => Standing::Superseded(newer),
        None => Standing::Open,
    })
}

/// The newest release after `name` that `counts` on some host.
pub(super) fn newer_than(
    survey: &Survey,
    name: &ReleaseName,
    counts: impl Fn(&ReleaseSeen) -> bool,
) -> Option<ReleaseName> {
    let all = survey.hosts.iter().flat_map(|(_, seen)| &seen.releases);
    let own = all.clone().find(|release| release.name == *name)?.record.created;
    let newer = all.filter(|release| release.name != *name && release.record.created > own && counts(release));
    newer.max_by_key(|release| release.record.created).map(|release| release.name.clone())
}

/// What each host has of it, in words.
pub(super) fn where_it_stands(survey: &Survey, name: &ReleaseName) -> String {
    let word = |(host, seen): &(HostName, HostSeen)| {
        let word = match seen.release(name) {
            None => "not there",
            Some(release) if !release.has_tree => "its directory is gone",
            Some(release) if release.state == State::Live && !release.is_finished => "live, not finished",
            Some(release) => release.state.word(),
        };
        (word, host.clone())
    };
    let mut words: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (word, host) in survey.hosts.iter().map(word) {
        words.entry(word).or_default().push(host.to_string());
    }
    let parts: Vec<String> = words.into_iter().map(|(word, hosts)| format!("{word} on {}", hosts.join(" "))).collect();
    parts.join(", ")
}
