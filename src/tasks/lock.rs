//! `relm lock show`: who holds an environment, host by host.

use serde::Serialize;

use crate::fleet::{HostName, Scope};
use crate::release::{Holder, LockSeen};

/// What `relm lock show --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The environment.
    #[serde(flatten)]
    pub env: Scope,
    /// Whether a run holds it on some host.
    pub held: bool,
    /// The run.
    pub holder: Option<Holder>,
    /// The person who has taken it across runs.
    pub taken: Option<Holder>,
    /// In the order of the file; a shared lock's host first.
    pub hosts: Vec<Line>,
}

/// One host.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its name.
    pub host: HostName,
    /// What it says.
    #[serde(flatten)]
    pub seen: LockSeen,
    /// Why it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Puts together what the hosts say.
pub fn report(env: &Scope, told: Vec<(HostName, Result<LockSeen, String>)>) -> Report {
    let line = |(host, told): (HostName, Result<LockSeen, String>)| match told {
        Ok(seen) => Line { host, seen, trouble: None },
        Err(reason) => Line { host, seen: LockSeen::default(), trouble: Some(reason) },
    };
    let hosts: Vec<Line> = told.into_iter().map(line).collect();
    let holder = hosts.iter().find_map(|line| line.seen.holder.clone());
    let taken = hosts.iter().find_map(|line| line.seen.taken.clone());
    Report { env: env.clone(), held: holder.is_some(), holder, taken, hosts }
}
