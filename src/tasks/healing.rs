//! Hosts that run the fleet's release and where something of it lacks: it was put back and not to the end, or a run has left
//! maintenance on.

use super::Site;
use super::converge::Chosen;
use crate::engine::{Plan, Step};
use crate::event::Phase;
use crate::fleet::HostName;
use crate::operations::SetMaintenance;
use crate::release::ReleaseName;
use crate::survey::HostSeen;

/// Where the release was finished once and a later one was put back, all that lacks is what starts it again.
pub(super) fn only_start_again(plan: &mut Plan, site: Site<'_>, name: &ReleaseName) {
    let finished = |(_, seen): &&(HostName, HostSeen)| seen.release(name).is_some_and(|release| release.is_finished);
    let half_back = site.survey.hosts.iter().filter(|(_, seen)| seen.is_half_back()).filter(finished);
    let half_back: Vec<&HostName> = half_back.map(|(host, _)| host).collect();
    let at_end = |step: &Step| ["record", SetMaintenance::OFF].contains(&step.name().as_str());
    for step in plan.steps.iter_mut().filter(|step| step.phase == Phase::Finish && !at_end(step)) {
        step.unneeded.extend(half_back.iter().copied().cloned());
    }
}

/// What was done there stays as it is, however this ends; and where only maintenance is left on, or a host is out of a pool, nothing
/// is started again.
pub(super) fn only_what_lacks(plan: &mut Plan, chosen: &Chosen) {
    for step in &mut plan.steps {
        for host in &chosen.again {
            let is_over = step.done.remove(host);
            if is_over || (chosen.only_down.contains(host) && !brings_up(step, host, chosen)) {
                step.unneeded.insert(host.clone());
            }
        }
    }
}

/// Says whether a step brings up what a run has left down on a host where all else is well.
fn brings_up(step: &Step, host: &HostName, chosen: &Chosen) -> bool {
    let name = step.name();
    let is_out = |pool: &str| chosen.drained.get(host).is_some_and(|pools| pools.contains(pool));
    (name == SetMaintenance::OFF && chosen.in_maintenance.contains(host))
        || name.strip_prefix("undrain:").is_some_and(is_out)
}

/// Says what becomes of which host.
pub(super) fn told(plan: Plan, chosen: &Chosen) -> Plan {
    let Chosen { record, behind, again, only_down, in_maintenance, drained, .. } = chosen;
    let put_back = again.iter().filter(|host| !only_down.contains(host));
    let groups: [(Vec<&HostName>, String); 4] = [
        (
            behind.iter().filter(|host| !again.contains(host)).collect(),
            format!(" will run {}, as the others do", record.name),
        ),
        (
            put_back.collect(),
            format!(": put back to {} and not to the end: what it lacks there is started again", record.name),
        ),
        (in_maintenance.iter().collect(), ": maintenance was left on by a run and is switched off".to_owned()),
        (drained.keys().collect(), ": taken out of a pool by a run that did not take it in, and comes in".to_owned()),
    ];
    groups.into_iter().filter(|(hosts, _)| !hosts.is_empty()).fold(plan, |plan, (hosts, words)| {
        let names = hosts.iter().map(|host| host.as_str()).collect::<Vec<_>>().join(", ");
        plan.note(format!("{names}{words}"))
    })
}
