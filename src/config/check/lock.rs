//! The `[lock]` table: who may change an environment at a time.

use std::time::Duration;

use super::super::LockRules;
use super::super::file::{LeftLockText, LockTable, ReleasesToml};
use super::super::placed::At;
use super::super::suggest::did_you_mean;
use super::operations::time_limit;
use super::{Check, hosts};
use crate::fleet::Host;

/// Where nothing is said: long enough to connect again, short enough to be waited for.
const GRACE: Duration = Duration::from_secs(10);

pub(super) fn lock(check: &mut Check<'_>, file: &ReleasesToml, table: &LockTable) -> Option<LockRules> {
    let grace = table.grace.as_ref().map_or(Some(GRACE), |grace| time_limit(check, grace));
    let shared = match (&table.name, &table.host) {
        (None, None) => None,
        (Some(name), Some(host)) => Some((check.name("lock name", name)?, keeper(check, file, host)?)),
        (Some(name), None) => {
            let hint = "say with `host` which host of this file keeps it".to_owned();
            check.problem(name.span(), "a shared lock needs a host", hint);
            return None;
        }
        (None, Some(host)) => {
            let hint = "every environment has a lock of its own; `name` is for one that several share".to_owned();
            check.problem(host.span(), "`host` has no meaning without `name`", hint);
            return None;
        }
    };
    Some(LockRules { shared, grace: grace?, keeps: table.on_failure == Some(LeftLockText::Keep) })
}

/// The host of that name in any environment.
fn keeper(check: &mut Check<'_>, file: &ReleasesToml, wanted: &At<String>) -> Option<Host> {
    let all = || file.env.values().flat_map(|env| env.hosts.iter()).chain(&file.hosts);
    let Some((name, table)) = all().find(|(name, _)| name.value == wanted.value) else {
        let known: Vec<_> = all().map(|(name, _)| name.value.as_str()).collect();
        if !check.hosts_lost() {
            let hint = did_you_mean(&wanted.value, &known);
            check.problem(wanted.span(), format!("no environment has a host {:?}", wanted.value), hint);
        }
        return None;
    };
    // What is wrong with the host is told where the host stands.
    let before = check.problems.len();
    let host = hosts::host(check, name, &table.value);
    check.problems.truncate(before);
    host
}
