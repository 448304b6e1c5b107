//! The steps that take paths of the release from one host to others.

use crate::config::{self, Environment};
use crate::engine::Plan;
use crate::operations::Transfer;

/// Adds those that come right after an operation; without one those that come behind all of them.
pub(super) fn after(plan: Plan, env: &Environment, operation: Option<&str>) -> Plan {
    let wanted = env.transfers.iter().filter(|transfer| transfer.after.as_deref() == operation);
    wanted.fold(plan, |plan, transfer| plan.prepare(step(transfer)))
}

/// The one of that name; nothing if nobody here has to do with it.
pub(super) fn one(env: &Environment, name: &str) -> Option<Transfer> {
    env.transfers.iter().find(|transfer| transfer.name == name).map(step)
}

fn step(transfer: &config::Transfer) -> Transfer {
    let config::Transfer { name, path, from, targets, after: _ } = transfer.clone();
    Transfer { name, from, targets, path }
}
