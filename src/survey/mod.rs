//! What stands on the hosts: types, and reading them from a host's answer. Pure; `engine` does the asking.

mod begun_rollback;
mod host;
mod migrated;
mod parse;
mod rollback;
mod steps;
#[cfg(test)]
mod tests;

pub use begun_rollback::begun_rollback;
pub use host::{Current, HostSeen, ReleaseSeen};
pub use migrated::{Migrated, migrated_since};
pub use parse::{IS_GONE, SurveyError, parse};
pub use rollback::{NoTarget, rollback_target};

use std::collections::BTreeMap;

use crate::fleet::HostName;
use crate::release::ReleaseName;

/// What was seen on a fleet, host by host, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The hosts that answered.
    pub hosts: Vec<(HostName, HostSeen)>,
    /// The hosts that did not, and why.
    pub silent: Vec<(HostName, String)>,
}

impl Survey {
    /// What was seen on one host.
    pub fn host(&self, name: &HostName) -> Option<&HostSeen> {
        self.hosts.iter().find(|(host, _)| host == name).map(|(_, seen)| seen)
    }

    /// The pools that a run has left a host out of, wherever that is known, each with who did it.
    pub fn left_out(&self, host: &HostName) -> BTreeMap<&str, &str> {
        let all = self.hosts.iter().flat_map(|(_, seen)| seen.left_drained());
        all.filter(|((_, out), _)| out == host).map(|((pool, _), by)| (pool.as_str(), by.as_str())).collect()
    }

    /// Names of all releases known on any host, oldest first.
    pub fn releases(&self) -> Vec<ReleaseName> {
        let names = self.hosts.iter().flat_map(|(_, seen)| &seen.releases).map(|release| &release.name);
        let mut names: Vec<ReleaseName> = names.cloned().collect();
        names.sort();
        names.dedup();
        names
    }

    /// What is live on every host, if that is one release.
    pub fn live_everywhere(&self) -> Option<&ReleaseName> {
        let mut live = self.hosts.iter().map(|(_, seen)| seen.live());
        let first = live.next()??;
        live.all(|other| other == Some(first)).then_some(first)
    }

    /// Says whether every host answered and all run the same (nothing, as before a first deploy, included), to the end.
    pub fn in_step(&self) -> bool {
        if self.hosts.iter().any(|(_, seen)| seen.is_half_back()) {
            return false;
        }
        let mut live = self.hosts.iter().map(|(_, seen)| seen.live());
        let first = live.next();
        self.silent.is_empty() && live.all(|other| Some(other) == first)
    }
}
