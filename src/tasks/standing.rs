//! What was left on hosts by hand or by an earlier `Releases.toml`, and that nobody would see otherwise.

use super::status::HALF_BACK;
use super::unfinished::unfinished;
use super::{command, pools, singletons};
use crate::config::Environment;
use crate::engine::Plan;
use crate::fleet::HostName;
use crate::survey::{HostSeen, Survey};

/// What stands for a restart by hand, where hosts have written down who has a service down.
pub(super) const RESTART: &str = "restart";
const TASK: &str = "task:";

/// What stands for a task of the file's own.
pub(super) fn of_task(name: &str) -> String {
    format!("{TASK}{name}")
}

/// Says whether the run of a release had it stopped.
pub(super) fn is_of_release(by: &str) -> bool {
    by != RESTART && !by.starts_with(TASK)
}

/// How a service came to be down, by what its host has written down.
pub fn how_stopped(by: &str) -> String {
    match by.strip_prefix(TASK) {
        Some(task) => format!("was taken down by the task {task}, which did not come to its end"),
        None if by == RESTART => "was being restarted by hand, and that was cut off".to_owned(),
        None => format!("was stopped by the run of {by}"),
    }
}

/// How a host came to be out of a pool, by what was written down where that was done.
pub fn how_drained(pool: &str, by: &str) -> String {
    match by.strip_prefix(TASK) {
        Some(task) => format!("taken out of pool {pool} by the task {task}, which did not come to its end"),
        None => format!("taken out of pool {pool} for a restart by hand, and that was cut off"),
    }
}

/// A sentence for each host of the environment and thing: of others it does not say what is to be there.
pub fn standing(env: &Environment, survey: &Survey) -> Vec<(HostName, String)> {
    let of_host = |(host, seen): &(HostName, HostSeen)| {
        let half_back = seen.is_half_back().then(|| format!("{HALF_BACK}: {} mends it", command("converge", env)));
        let told = maintenance(env, seen).into_iter().chain(half_back);
        let told = told
            .chain(stopped(env, survey, seen))
            .chain(drained(env, survey, host))
            .chain(forgotten(env, host, seen))
            .chain(left_public(env, host, seen))
            .chain(singletons::told(env, host, seen));
        told.map(|text| (host.clone(), text)).collect::<Vec<_>>()
    };
    let is_known = |(host, _): &&(HostName, HostSeen)| env.fleet.hosts.iter().any(|known| known.name == *host);
    survey.hosts.iter().filter(is_known).flat_map(of_host).collect()
}

/// Has it said when something is switched.
pub(super) fn tell(plan: Plan, env: &Environment, survey: &Survey) -> Plan {
    standing(env, survey).into_iter().fold(plan, |plan, (host, text)| plan.note(format!("{host}: {text}")))
}

fn maintenance(env: &Environment, seen: &HostSeen) -> Option<String> {
    let by = match seen.maintenance.as_deref()? {
        "hand" => "by hand, and stays on".to_owned(),
        release => format!("by the run of {release}"),
    };
    Some(format!("maintenance is on, switched on {by}: {} ends it", command("maintenance off", env)))
}

/// Services that are down because a run, a task or a restart by hand was killed that had stopped them, or could not start them
/// again.
fn stopped(env: &Environment, survey: &Survey, seen: &HostSeen) -> Vec<String> {
    let open = unfinished(survey);
    let known = seen.left_stopped().filter(|(name, _)| env.services.iter().any(|service| service.name == **name));
    let told = |(name, by): (&String, &String)| {
        let start = format!("`{} start {name}` starts it as it was", command("services", env));
        let resume = format!("{} --resume", command("deploy", env));
        let next = match open.iter().filter(|release| release.as_str() == by).count() {
            0 => start,
            _ if open.len() == 1 => format!("`{resume}` goes on with that, {start}"),
            _ => format!("`{resume} --release {by}` goes on with that, {start}"),
        };
        format!("{name} {}, and not started again: {next}", how_stopped(by))
    };
    known.map(told).collect()
}

/// Pools that a task or a restart by hand was killed over, or could not take the host in again.
fn drained(env: &Environment, survey: &Survey, host: &HostName) -> Vec<String> {
    let left = pools::left_out(env, survey, host);
    let converge = command("converge", env);
    left.iter().map(|(pool, by)| format!("{}: `{converge}` takes it in again", how_drained(pool, by))).collect()
}

/// Places that were published and that the file has no more, not for this host.
fn left_public(env: &Environment, host: &HostName, seen: &HostSeen) -> Vec<String> {
    // The host has written down where a home's `~` leads.
    let is_place = |to: &str, place: &str| match to.strip_prefix('~') {
        Some(below) => place.ends_with(below),
        None => place == to,
    };
    let is_known = |place: &str| {
        let mut found = env.publish.iter().filter(|path| is_place(&path.to, place));
        found.any(|path| env.fleet.select(&path.targets).iter().any(|one| one.name == *host))
    };
    let told = |place: &String| {
        format!(
            "{place} was published and is not in Releases.toml any more: what stands there stays as it is. Put its \
             [[publish]] back, or remove it"
        )
    };
    seen.published.iter().filter(|place| !is_known(place)).map(told).collect()
}

/// Services whose files are there and that the file has no more, not for this host.
fn forgotten(env: &Environment, host: &HostName, seen: &HostSeen) -> Vec<String> {
    let runs_here = |name: &str| {
        let mut found = env.services.iter().filter(|service| service.name == name && !service.files.is_empty());
        found.any(|service| {
            let hosts = env.fleet.select(&service.targets);
            let is_only = service.singleton.as_ref().is_none_or(|only| only == host);
            is_only && hosts.iter().any(|one| one.name == *host)
        })
    };
    let moves = |name: &str| {
        let mut found = env.services.iter().filter(|service| service.name == name);
        found.any(|service| singletons::is_elsewhere(service, host, seen))
    };
    let lost = seen.service_files.iter().filter(|(name, _)| !runs_here(name) && !moves(name));
    let told = |(name, paths): (&String, &std::collections::BTreeSet<String>)| {
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let stop = command("services", env);
        format!(
            "the service {name} is not in Releases.toml any more, and runs on as it did if it is not stopped: its files \
             are still there: {}. Put its [[service]] back, type `{stop} stop {name}`, take it out and remove them",
            paths.join(" ")
        )
    };
    lost.map(told).collect()
}
