//! `relm maintenance`: tells visitors that the site is being worked on, by hand or while hosts switch.

use super::{Refusal, Site, command, readiness};
use crate::config::Environment;
use crate::engine::Plan;
use crate::event::Phase;
use crate::fleet::HostName;
use crate::operations::{Maintenance, SetMaintenance, Within};
use crate::survey::HostSeen;

/// Switches it on or off by hand: on until somebody switches it off.
pub fn plan(site: Site<'_>, on: bool, long: bool) -> Result<Plan, Refusal> {
    readiness::require_answers(site.survey)?;
    let Some(set) = by_hand(site, on, long, Within::Hand) else {
        let reason = format!("{} has no [maintenance]: write what switches it on", site.env.name);
        return Err(Refusal::new(reason).next("flag = \"shared/maintenance\""));
    };
    let again = match (on, long) {
        (true, false) => "maintenance on",
        (true, true) => "maintenance on --long",
        (false, _) => "maintenance off",
    };
    let plan = Plan::new("maintenance", &site.env.name, &site.env.fleet);
    Ok(plan.finish(set).heal(command(again, site.env)))
}

/// What switches it, by itself or in a task, if the environment says how.
pub(super) fn by_hand(site: Site<'_>, on: bool, long: bool, within: Within) -> Option<SetMaintenance> {
    let (actor, reference) = (site.actor.clone(), String::new());
    rules(site.env).map(|maintenance| SetMaintenance { maintenance, on, long, within, reference, actor })
}

/// Has it on while hosts switch, where the file says so: the last thing before any of them does, and off when all have.
pub(super) fn around(plan: Plan, site: Site<'_>, reference: &str) -> Plan {
    let env = site.env;
    let Some(found) = rules(env).filter(|_| env.maintenance.as_ref().is_some_and(|rules| rules.in_switch)) else {
        return plan;
    };
    let set = |on| {
        let (maintenance, actor, reference) = (found.clone(), site.actor.clone(), reference.to_owned());
        SetMaintenance { maintenance, on, long: false, within: Within::Switch, reference, actor }
    };
    let plan = plan.remedy(SetMaintenance::ON, command("maintenance off", env));
    plan.step(Phase::Prepare, set(true)).step(Phase::Finish, set(false))
}

/// Says whether a run has left it on there that should not have: it was killed, or could not switch it off.
pub(super) fn is_left_on(env: &Environment, host: &HostName, seen: &HostSeen) -> bool {
    let Some(rules) = env.maintenance.as_ref().filter(|rules| rules.in_switch && !rules.keeps) else { return false };
    let is_told = env.fleet.select(&rules.targets).iter().any(|one| one.name == *host);
    is_told && seen.left_in_maintenance().is_some()
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
