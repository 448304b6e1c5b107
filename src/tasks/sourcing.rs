//! The look at the files that are sourced before commands.

use crate::config::Environment;
use crate::engine::Plan;
use crate::event::Phase;
use crate::operations::CheckSources;

/// Adds it, where some host has such files: before anything that needs them.
pub(super) fn check(plan: Plan, env: &Environment) -> Plan {
    let any = env.fleet.hosts.iter().any(|host| !host.source_files.is_empty());
    if any { plan.step(Phase::Check, CheckSources) } else { plan }
}
