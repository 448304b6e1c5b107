//! The steps that take hosts out of their pools while they switch, and the rule that no pool runs dry.

use super::batches::batch_sizes;
use super::{Refusal, Site};
use crate::config::{self, Environment, Way};
use crate::engine::Plan;
use crate::event::Phase;
use crate::fleet::Host;
use crate::operations::{DrainHost, Pool};

/// Adds what takes hosts out, before all else that happens to them.
pub(super) fn drain(plan: Plan, env: &Environment, reference: &str) -> Plan {
    env.pools.iter().fold(plan, |plan, found| {
        plan.step(Phase::BeforeFlip, DrainHost { pool: pool(env, found, reference), out: true })
    })
}

/// Adds what takes them in again, when they are well.
pub(super) fn undrain(plan: Plan, env: &Environment, reference: &str) -> Plan {
    env.pools.iter().fold(plan, |plan, found| {
        plan.step(Phase::AfterFlip, DrainHost { pool: pool(env, found, reference), out: false })
    })
}

/// What takes hosts out of the pool of that name, or in again.
pub(super) fn one(env: &Environment, name: &str, out: bool, reference: &str) -> Option<DrainHost> {
    let found = env.pools.iter().find(|pool| pool.name == name)?;
    Some(DrainHost { pool: pool(env, found, reference), out })
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

/// Refuses batches that would take too many hosts out of a pool at once.
pub(super) fn require_members(site: Site<'_>) -> Result<(), Refusal> {
    let env = site.env;
    let hosts = &env.fleet.hosts;
    let mut rest = hosts.as_slice();
    for size in batch_sizes(&env.release.batches, hosts.len()) {
        let (batch, later) = rest.split_at(size.min(rest.len()));
        rest = later;
        for pool in &env.pools {
            let members = env.fleet.select(&pool.targets);
            let is_out = |member: &&&Host| batch.iter().any(|host| host.name == member.name);
            let out: Vec<&str> = members.iter().filter(is_out).map(|host| host.name.as_str()).collect();
            if !out.is_empty() && members.len() - out.len() < pool.min_healthy {
                let left = members.len() - out.len();
                let reason = format!(
                    "pool {} would be left with {left} of its {} hosts while {} switch, and {} must stay in it",
                    pool.name,
                    members.len(),
                    out.join(" "),
                    pool.min_healthy
                );
                let next = if members.len() > pool.min_healthy {
                    "[release] batches = [1]"
                } else {
                    "[[pool]] min_healthy = 0"
                };
                return Err(Refusal::new(reason).next(next));
            }
        }
    }
    Ok(())
}
