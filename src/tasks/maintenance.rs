//! `relm maintenance`: tells visitors that the site is being worked on, by hand or while hosts switch.

use super::{Refusal, Site, readiness};
use crate::config::Environment;
use crate::engine::Plan;
use crate::event::Phase;
use crate::operations::{Maintenance, SetMaintenance};

/// Switches it on or off by hand: on until somebody switches it off.
pub fn plan(site: Site<'_>, on: bool, long: bool) -> Result<Plan, Refusal> {
    readiness::require_answers(site.survey)?;
    let Some(set) = by_hand(site.env, on, long) else {
        let reason = format!("{} has no [maintenance]: write what switches it on", site.env.name);
        return Err(Refusal::new(reason).next("flag = \"shared/maintenance\""));
    };
    let plan = Plan::new("maintenance", &site.env.name, &site.env.fleet);
    Ok(plan.finish(set))
}

/// What switches it, if the environment says how.
pub(super) fn by_hand(env: &Environment, on: bool, long: bool) -> Option<SetMaintenance> {
    rules(env).map(|maintenance| SetMaintenance { maintenance, on, long, by_hand: true })
}

/// Has it on while hosts switch, where the file says so: the last thing before any of them does, and off when all have.
pub(super) fn around(plan: Plan, env: &Environment) -> Plan {
    let Some(found) = rules(env).filter(|_| env.maintenance.as_ref().is_some_and(|rules| rules.in_switch)) else {
        return plan;
    };
    let set = |on| SetMaintenance { maintenance: found.clone(), on, long: false, by_hand: false };
    plan.step(Phase::Prepare, set(true)).step(Phase::Finish, set(false))
}

fn rules(env: &Environment) -> Option<Maintenance> {
    let rules = env.maintenance.clone()?;
    Some(Maintenance {
        targets: rules.targets,
        flag: rules.flag,
        long_flag: rules.long_flag,
        on: rules.on,
        off: rules.off,
        keeps: rules.keeps,
        becoming: rules.becoming,
    })
}
