//! `relm history`: who changed what is live, newest first.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::EnvArgs;
use crate::fleet::{HostName, Scope};
use crate::release::Flip;
use crate::survey::Survey;

/// Show who changed what is live, when, from where and why; newest first
#[derive(Debug, Clone, Args)]
pub struct History {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
}

/// What `relm history --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The environment.
    #[serde(flatten)]
    pub env: Scope,
    /// Newest first. The same change on several hosts is one entry.
    pub entries: Vec<Entry>,
    /// Hosts with lines that could not be understood, and how many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<(HostName, usize)>,
    /// Hosts that did not answer, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<(HostName, String)>,
}

/// One change.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// What happened.
    #[serde(flatten)]
    pub flip: Flip,
    /// Where.
    pub hosts: Vec<HostName>,
    /// As whom relm was signed in there, by host, as far as that is known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ssh_users: BTreeMap<HostName, String>,
}

/// Merges the histories of all hosts.
pub fn report(env: &Scope, survey: &Survey) -> Report {
    let mut entries: Vec<Entry> = Vec::new();
    for (host, seen) in &survey.hosts {
        for flip in seen.history.iter().chain(&seen.notes) {
            let ssh_user = flip.ssh_user.clone().map(|user| (host.clone(), user));
            if let Some(entry) = entries.iter_mut().find(|entry| is_one_change(&entry.flip, flip)) {
                entry.hosts.push(host.clone());
                entry.ssh_users.extend(ssh_user);
            } else {
                // Each host has its own.
                let flip = Flip { ssh_user: None, ..flip.clone() };
                let (hosts, ssh_users) = (vec![host.clone()], ssh_user.into_iter().collect());
                entries.push(Entry { flip, hosts, ssh_users });
            }
        }
    }
    entries.reverse();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.flip.at));
    let damaged = survey.hosts.iter().filter(|(_, seen)| seen.damaged_history > 0);
    let damaged = damaged.map(|(host, seen)| (host.clone(), seen.damaged_history)).collect();
    Report { env: env.clone(), entries, damaged, unreachable: survey.silent.clone() }
}

/// Says whether two hosts tell of the same change. Each flipped at a moment of its own.
fn is_one_change(one: &Flip, other: &Flip) -> bool {
    let what = |flip: &Flip| (flip.run, flip.task.clone(), flip.stage, flip.from.clone(), flip.to.clone());
    what(one) == what(other)
}
