//! `relm releases`: every release of the environment.

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::EnvArgs;
use crate::fleet::{HostName, Scope};
use crate::release::{Added, ReleaseName, State};
use crate::survey::{HostSeen, ReleaseSeen, Survey};

/// List every release: its state, who made it, from what, where it is live, until when it is kept
#[derive(Debug, Clone, Args)]
pub struct Releases {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
}

/// What `relm releases --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The environment.
    #[serde(flatten)]
    pub env: Scope,
    /// Oldest first.
    pub releases: Vec<Line>,
    /// Hosts that did not answer, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<(HostName, String)>,
    /// Records that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<(HostName, String)>,
}

/// One release.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its name.
    pub name: ReleaseName,
    /// What became of it; where hosts differ, the word that matters most.
    pub state: State,
    /// Hosts on which it is live.
    pub current_on: Vec<HostName>,
    /// Hosts that have it.
    pub hosts: Vec<HostName>,
    /// The branch, tag or commit that was asked for; else the same as `source`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// What was asked for, as a person says it.
    pub source: String,
    /// The commit, where the source has one.
    pub commit: Option<String>,
    /// Patches on top of it, and other repositories beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<Added>,
    /// Who made it.
    pub by: String,
    /// When it was asked for.
    pub created: DateTime<Utc>,
    /// Not removed before.
    pub keep_until: Option<DateTime<Utc>>,
    /// Why, as given with `-m`.
    pub message: Option<String>,
}

/// Puts together what the hosts know.
pub fn report(env: &Scope, survey: &Survey) -> Report {
    let releases = survey.releases().into_iter().filter_map(|name| line(survey, name)).collect();
    let damage =
        survey.hosts.iter().flat_map(|(host, seen)| seen.damage.iter().map(|text| (host.clone(), text.clone())));
    Report { env: env.clone(), releases, unreachable: survey.silent.clone(), damage: damage.collect() }
}

fn line(survey: &Survey, name: ReleaseName) -> Option<Line> {
    let known = |(host, seen): &'_ (HostName, HostSeen)| Some((host.clone(), seen.release(&name)?.clone()));
    let seen: Vec<(HostName, ReleaseSeen)> = survey.hosts.iter().filter_map(known).collect();
    let record = seen.first()?.1.record.clone();
    let hosts = |wanted: fn(&ReleaseSeen) -> bool| {
        seen.iter().filter(|(_, release)| wanted(release)).map(|(host, _)| host.clone()).collect()
    };
    Some(Line {
        state: seen.iter().map(|(_, release)| release.state).min_by_key(|state| weight(*state))?,
        current_on: hosts(|release| release.state == State::Live),
        hosts: hosts(|release| release.has_tree),
        reference: record.reference,
        source: record.source,
        commit: record.commit,
        added: record.added,
        by: record.by,
        created: record.created,
        keep_until: seen.iter().filter_map(|(_, release)| release.kept_until).max(),
        message: record.message,
        name,
    })
}

/// Where hosts differ the smallest wins: live anywhere is live; then what is wrong anywhere.
fn weight(state: State) -> u8 {
    match state {
        State::Live => 0,
        State::Bad => 1,
        State::Building => 2,
        State::Failed => 3,
        State::Private => 4,
        State::Complete => 5,
        State::Retired => 6,
    }
}
