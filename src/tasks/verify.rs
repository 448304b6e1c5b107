//! `relm verify`: is every release still what its steps made? Reads only.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::{EnvArgs, Refusal, command};
use crate::config::Environment;
use crate::engine::Difference;
use crate::fleet::{HostName, Scope};
use crate::release::{Record, ReleaseName};
use crate::survey::{Current, HostSeen, Survey};

/// Compare what is live on each host, file by file, with what was deployed
///
/// The code is held against the manifest it was uploaded with, by content; what later steps made, against what was
/// written down when they ended. Told are paths that were edited, are missing or extra, links to something else, other
/// permissions, and things of another kind; with the step they belong to. `__pycache__` and `*.pyc` are left out.
///
/// Exits with 0 if all is as it was made, with 1 if something differs, and with 3 if a host cannot tell.
#[derive(Debug, Clone, Args)]
pub struct Verify {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
    /// This release instead of what is live
    #[arg(long, value_name = "NAME")]
    pub release: Option<ReleaseName>,
}

/// What `relm verify --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The environment.
    #[serde(flatten)]
    pub env: Scope,
    /// Whether every host could tell and nothing differs.
    pub matches: bool,
    /// In the order of the file.
    pub hosts: Vec<Line>,
}

/// One host.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its name.
    pub host: HostName,
    /// What was looked at.
    pub release: Option<ReleaseName>,
    /// Sorted by path.
    pub differences: Vec<Difference>,
    /// Why the host cannot tell.
    pub trouble: Option<String>,
}

/// What there is to look at on each host that answered: the record of a release, or why there is none.
pub type Wanted = BTreeMap<HostName, Result<Record, String>>;

/// What a look at each of them found.
pub type Found = BTreeMap<HostName, Result<Vec<Difference>, String>>;

/// Finds the release to look at on each host. Refuses if no host knows the one that was named.
pub fn wanted(env: &Environment, survey: &Survey, named: Option<&ReleaseName>) -> Result<Wanted, Refusal> {
    let wanted: Wanted = survey.hosts.iter().map(|(host, seen)| (host.clone(), record(seen, named))).collect();
    if let Some(name) = named.filter(|_| !wanted.is_empty() && wanted.values().all(Result::is_err)) {
        return Err(Refusal::new(format!("no host has a release {name}")).next(command("releases", env)));
    }
    Ok(wanted)
}

fn record(seen: &HostSeen, named: Option<&ReleaseName>) -> Result<Record, String> {
    let name = match (named, &seen.current) {
        (Some(name), _) | (None, Current::Release(name)) => name,
        (None, Current::Nothing) => return Err("nothing is live there".to_owned()),
        (None, Current::Foreign(what)) => return Err(format!("current {what}")),
    };
    match seen.release(name) {
        Some(release) if release.has_tree => Ok(release.record.clone()),
        Some(_) => Err(format!("the directory of release {name} is gone")),
        None => Err(format!("release {name} has no record there that can be read")),
    }
}

/// Puts together what was found. `order` is the order of the file.
pub fn report(env: &Scope, order: &[HostName], survey: &Survey, wanted: &Wanted, mut found: Found) -> Report {
    let line = |host: &HostName| {
        let silent = || survey.silent.iter().find(|(silent, _)| silent == host).map(|(_, reason)| reason.clone());
        let result = match wanted.get(host) {
            None => Err(silent().unwrap_or_else(|| "it did not answer".to_owned())),
            Some(Err(reason)) => Err(reason.clone()),
            Some(Ok(_)) => found.remove(host).unwrap_or_else(|| Err("it did not answer".to_owned())),
        };
        let release = wanted.get(host).and_then(|wanted| wanted.as_ref().ok()).map(|record| record.name.clone());
        let (differences, trouble) = match result {
            Ok(differences) => (differences, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        Line { host: host.clone(), release, differences, trouble }
    };
    let hosts: Vec<Line> = order.iter().map(line).collect();
    let matches = hosts.iter().all(|line| line.differences.is_empty() && line.trouble.is_none());
    Report { env: env.clone(), matches, hosts }
}

impl Report {
    /// What the process exits with: a host that cannot tell matters more than one that differs.
    pub fn exit_code(&self) -> u8 {
        match self.matches {
            true => 0,
            false if self.hosts.iter().any(|line| line.trouble.is_some()) => 3,
            false => 1,
        }
    }
}
