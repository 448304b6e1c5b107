//! Services of a single host that the file now has on another one.

use super::serving::service;
use super::{Site, command};
use crate::config::{self, Environment, Strategy};
use crate::engine::Plan;
use crate::event::Phase;
use crate::fleet::HostName;
use crate::operations::{ForgetElsewhere, StopElsewhere, Turn};
use crate::survey::{HostSeen, Survey};

/// Says whether a host has it written down that the service was started there, or has files of it.
fn has_run(seen: &HostSeen, name: &str) -> bool {
    seen.alone.contains(name) || seen.service_files.contains_key(name)
}

/// Says whether a service of one host alone was started on this one, which is not the one.
pub fn is_elsewhere(found: &config::Service, host: &HostName, seen: &HostSeen) -> bool {
    found.singleton.as_ref().is_some_and(|only| only != host) && has_run(seen, &found.name)
}

/// Says whether the service comes to its host for the first time, from others.
pub(super) fn moves(survey: &Survey, found: &config::Service) -> bool {
    let Some(only) = &found.singleton else { return false };
    let is_new = survey.host(only).is_some_and(|seen| !has_run(seen, &found.name));
    is_new && survey.hosts.iter().any(|(host, seen)| is_elsewhere(found, host, seen))
}

/// What starts a service in the switch.
fn starts(step: &str, name: &str) -> bool {
    let turns = [Turn::Start, Turn::Restart, Turn::Reload];
    step.split_once(':').is_some_and(|(word, of)| of == name && turns.iter().any(|turn| turn.word() == word))
}

/// Starts none where `plan` is for the hosts that are `behind` alone and it runs on another: there nothing would stop it.
pub(super) fn stay(plan: &mut Plan, site: Site<'_>, behind: &[HostName]) {
    let in_step = || site.survey.hosts.iter().filter(|(host, _)| !behind.contains(host));
    for found in &site.env.services {
        if let Some(only) = &found.singleton
            && in_step().any(|(host, seen)| is_elsewhere(found, host, seen))
        {
            let turns = plan.steps.iter_mut().filter(|step| starts(&step.name(), &found.name));
            turns.for_each(|step| _ = step.unneeded.insert(only.clone()));
        }
    }
}

/// The first service of one host alone that `plan` starts there while it may run on some of `unseen`, and these: nobody can stop
/// it where nobody comes. A host that says it was started there is the one where it runs.
pub fn in_doubt<'e>(
    env: &'e Environment,
    survey: &Survey,
    unseen: &[HostName],
    plan: &Plan,
) -> Option<(&'e config::Service, Vec<HostName>)> {
    let is_started = |found: &config::Service, only: &HostName| {
        let mut steps = plan.steps.iter().filter(|step| starts(&step.name(), &found.name));
        steps.any(|step| step.left().any(|host| host == only))
    };
    let is_known = |name: &str| survey.hosts.iter().any(|(_, seen)| seen.alone.contains(name));
    let releases = || survey.hosts.iter().flat_map(|(_, seen)| &seen.releases);
    // What no release had ran nowhere. The record of a private one does not tell what it was started with.
    let may_run = |name: &str, host: &HostName| {
        releases().any(|release| {
            let record = &release.record;
            let had = record.steps.iter().any(|step| starts(&step.name, name));
            let was_part = record.hosts.iter().any(|part| part == host.as_str());
            (had && (was_part || release.is_finished)) || (record.private && release.is_finished)
        })
    };
    env.services.iter().find_map(|found| {
        let only = found.singleton.as_ref()?;
        if is_known(&found.name) || !is_started(found, only) {
            return None;
        }
        let hosts: Vec<HostName> = unseen.iter().filter(|host| may_run(&found.name, host)).cloned().collect();
        (!hosts.is_empty()).then_some((found, hosts))
    })
}

/// A sentence for each service that ran on a host and is for another one.
pub(super) fn told(env: &Environment, host: &HostName, seen: &HostSeen) -> Vec<String> {
    let gone = env.services.iter().filter(|found| is_elsewhere(found, host, seen));
    let told = gone.filter_map(|found| {
        let (name, only) = (&found.name, found.singleton.as_ref()?);
        let what = match found.strategy {
            Strategy::None if can_by_hand(found) => {
                format!("`{} start {name}` stops it here and starts it there", command("services", env))
            }
            Strategy::None => "stop it here by hand".to_owned(),
            _ => "a deploy stops it here before it starts there".to_owned(),
        };
        Some(format!("{name} was started here, and is for {only} alone now: {what}"))
    });
    told.collect()
}

/// The same for those that are `turned` by hand, as far as that can be; what has to wait for a deploy is told.
pub(super) fn leave_by_hand(plan: Plan, site: Site<'_>, reference: &str, turned: &[&config::Service]) -> Plan {
    let is_turned = |found: &config::Service| turned.iter().any(|turned| turned.name == found.name);
    let stays = Environment {
        services: turned.iter().filter(|found| !can_by_hand(found)).map(|found| (*found).clone()).collect(),
        ..site.env.clone()
    };
    let told = site
        .survey
        .hosts
        .iter()
        .flat_map(|(host, seen)| told(&stays, host, seen).into_iter().map(move |text| format!("{host}: {text}")));
    let plan = told.fold(plan, Plan::note);
    leave(plan, site, reference, |found| is_turned(found) && can_by_hand(found))
}

/// Says whether it can be moved within what is live: a release has its files only where it was to run when that was built.
fn can_by_hand(found: &config::Service) -> bool {
    found.files.is_empty()
}

/// Says whether a deploy moves it.
pub(super) fn follows(found: &config::Service) -> bool {
    found.strategy != Strategy::None
}

/// Says whether it can run on its host in the release of the plan: one that was built before it came there has no files for
/// it, and then it is better left where it is.
fn can_run(plan: &Plan, site: Site<'_>, found: &config::Service) -> bool {
    let (Some(only), Some(release)) = (&found.singleton, &plan.release) else { return true };
    let render = format!("render:{}", found.name);
    let is_rendered = |seen: &HostSeen| {
        seen.release(release).is_some_and(|release| release.steps.iter().any(|(step, _)| *step == render))
    };
    found.files.is_empty()
        || plan.steps.iter().any(|step| step.name() == render && step.hosts.contains(only))
        || site.survey.host(only).is_some_and(is_rendered)
}

/// Adds what stops those `wanted` where they ran and are not to run, before they start where they are, and forgets that they
/// ran there.
pub(super) fn leave(plan: Plan, site: Site<'_>, reference: &str, wanted: impl Fn(&config::Service) -> bool) -> Plan {
    let is_there = |name: &HostName| site.env.fleet.hosts.iter().any(|host| host.name == *name);
    site.env.services.iter().filter(|found| wanted(found)).fold(plan, |plan, found| {
        let hosts = site.survey.hosts.iter().filter(|(host, seen)| is_there(host) && is_elsewhere(found, host, seen));
        let hosts: Vec<HostName> = hosts.map(|(host, _)| host.clone()).collect();
        if hosts.is_empty() || !can_run(&plan, site, found) {
            return plan;
        }
        let service = service(site.env, found, reference);
        let stop = StopElsewhere { service, comes_back: moves(site.survey, found) };
        let forget = ForgetElsewhere { service: found.name.clone() };
        plan.step_on(Phase::Prepare, stop, hosts.clone()).step_on(Phase::Finish, forget, hosts)
    })
}
