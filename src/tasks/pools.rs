//! The steps that take hosts out of their pools while they switch, and the rule that no pool runs dry.

use std::collections::BTreeMap;

use super::Refusal;
use crate::config::{self, Environment, Way};
use crate::engine::Plan;
use crate::event::Phase;
use crate::fleet::{HostName, Targets};
use crate::operations::{DrainHost, Pool};
use crate::survey::Survey;

/// Adds what takes hosts out, before all else that happens to them. `by` is what they write down of who did it, where there is
/// no release that tells.
pub(super) fn drain(plan: Plan, env: &Environment, reference: &str, by: Option<&str>) -> Plan {
    env.pools.iter().fold(plan, |plan, found| {
        let by = by.map(str::to_owned);
        plan.step(Phase::BeforeFlip, DrainHost { pool: pool(env, found, reference), out: true, by })
    })
}

/// Adds what takes them in again, when they are well.
pub(super) fn undrain(plan: Plan, env: &Environment, reference: &str) -> Plan {
    env.pools.iter().fold(plan, |plan, found| {
        plan.step(Phase::AfterFlip, DrainHost { pool: pool(env, found, reference), out: false, by: None })
    })
}

/// What takes hosts out of the pool of that name, or in again.
pub(super) fn one(env: &Environment, name: &str, out: bool, reference: &str, by: Option<String>) -> Option<DrainHost> {
    let found = env.pools.iter().find(|pool| pool.name == name)?;
    Some(DrainHost { pool: pool(env, found, reference), out, by })
}

fn pool(env: &Environment, found: &config::Pool, reference: &str) -> Pool {
    let (nginx, commands) = match found.way.clone() {
        Way::Nginx { file, test, reload } => (Some(file), [test, reload]),
        Way::Commands { drain, undrain } => (None, [drain, undrain]),
    };
    Pool {
        name: found.name.clone(),
        targets: found.targets.clone(),
        proxies: found.proxies.clone(),
        nginx,
        commands,
        server: found.server.clone(),
        wait: found.wait,
        becoming: found.becoming.clone(),
        app: env.app.clone(),
        reference: reference.to_owned(),
    }
}

/// The pools of the file that a run has left a host out of, each with who did it.
pub(super) fn left_out<'s>(env: &Environment, survey: &'s Survey, host: &HostName) -> BTreeMap<&'s str, &'s str> {
    let is_in = |name: &str| {
        let mut found = env.pools.iter().filter(|pool| pool.name == name);
        found.any(|pool| env.fleet.select(&pool.targets).iter().any(|one| one.name == *host))
    };
    survey.left_out(host).into_iter().filter(|(pool, _)| is_in(pool)).collect()
}

/// Refuses to leave out hosts without which none of the others of their pool could switch; `typed` is what was asked for.
pub fn require_without(env: &Environment, away: &[HostName], typed: &str) -> Result<(), Refusal> {
    for pool in &env.pools {
        let members: Vec<&HostName> = env.fleet.select(&pool.targets).iter().map(|host| &host.name).collect();
        let (lost, left): (Vec<&HostName>, Vec<&HostName>) = members.into_iter().partition(|name| away.contains(name));
        let could = lost.len() + left.len() > pool.min_healthy;
        if lost.is_empty() || left.is_empty() || left.len() > pool.min_healthy || !could {
            continue;
        }
        let names = |names: &[&HostName]| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ");
        let reason = format!(
            "pool {} cannot spare a host while {} cannot be reached: {} must stay in it, and {} {} left",
            pool.name,
            names(&lost),
            pool.min_healthy,
            names(&left),
            if left.len() == 1 { "is" } else { "are" }
        );
        return Err(Refusal::new(reason).next(format!("bring {} back, and then   {typed}", names(&lost))));
    }
    Ok(())
}

/// Refuses pools whose hosts nobody could take out, and those none of whose hosts can ever go. All others keep what they need
/// in the batches they are given.
pub(super) fn require_members(env: &Environment) -> Result<(), Refusal> {
    for pool in &env.pools {
        let members = env.fleet.select(&pool.targets);
        if let Some(proxies) = pool.proxies.as_ref().filter(|_| !members.is_empty())
            && env.fleet.select(proxies).is_empty()
        {
            return Err(without_proxies(env, pool, proxies));
        }
        if members.is_empty() || members.len() > pool.min_healthy {
            continue;
        }
        let names: Vec<&str> = members.iter().map(|host| host.name.as_str()).collect();
        let reason = format!(
            "pool {} has {} ({}) and {} must stay in it: none of its hosts could ever switch",
            pool.name,
            if members.len() == 1 { "1 host".to_owned() } else { format!("{} hosts", members.len()) },
            names.join(" "),
            pool.min_healthy
        );
        return Err(Refusal::new(reason).next(format!("[[pool]] min_healthy = {}", members.len() - 1)));
    }
    Ok(())
}

/// Its hosts would switch under their visitors' requests.
fn without_proxies(env: &Environment, pool: &config::Pool, proxies: &Targets) -> Refusal {
    let roles = proxies.words();
    let reason = format!("pool {} is drained on proxies, and no host of {} has the role {roles}", pool.name, env.name);
    let refusal = Refusal::new(reason);
    if let Some(option) = env.cut_by {
        return refusal.next(format!("name the proxies in {option} too"));
    }
    let refusal = match &env.name.component {
        Some(component) => refusal.next(format!(
            "name the role {roles} in the roles of component {component} too: it is then built on these hosts as well"
        )),
        None => refusal.next(format!("give the hosts that send the requests the role {roles}")),
    };
    refusal.next("or let drain and undrain, without proxies, reach them from the hosts of the pool")
}
