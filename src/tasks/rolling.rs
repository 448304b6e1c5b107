//! What is done in what is live, batch by batch, as a deploy switches: no pool has fewer hosts than it keeps.

use std::ops::Range;

use super::batches::divided;
use super::standing::RESTART;
use super::{Refusal, pools, wellness};
use crate::config::{Environment, OwnTask, Pool};
use crate::engine::Plan;
use crate::event::Phase;
use crate::fleet::HostName;
use crate::operations::TurnService;

/// Restarts services batch by batch. Whichever pools their hosts are in, they are out of them meanwhile, and are well before
/// they come in again.
pub(super) fn restart(plan: Plan, env: &Environment, services: Vec<TurnService>) -> Result<Plan, Refusal> {
    let reference = services.first().map(|turn| turn.service.reference.clone()).unwrap_or_default();
    let mut plan = services.into_iter().fold(plan, |plan, turn| plan.step(Phase::AfterFlip, turn));
    let turned: Vec<(String, Vec<HostName>)> =
        plan.steps.iter().map(|step| (step.name(), step.hosts.clone())).collect();
    let runs_any = |host: &HostName| turned.iter().any(|(_, hosts)| hosts.contains(host));
    let drained = with_pools(env, |pool| env.fleet.select(&pool.targets).iter().any(|host| runs_any(&host.name)))?;
    if !drained.pools.is_empty() {
        plan = pools::drain(plan, &drained, &reference, Some(RESTART));
        let signs = env.health.iter().filter(|health| health.phase == Phase::AfterFlip && !health.of_all);
        let looks = signs.filter_map(|health| wellness::one(env, &health.name, &reference));
        plan = looks.fold(plan, |plan, look| plan.step(Phase::AfterFlip, look));
        plan = pools::undrain(plan, &drained, &reference);
        plan.steps.iter_mut().for_each(|step| step.hosts.retain(runs_any));
        plan.steps.retain(|step| !step.hosts.is_empty() || turned.iter().any(|(name, _)| *name == step.name()));
    }
    Ok(divided(plan, env, "restart"))
}

/// The environment with some of its pools, of each of which a host can be taken out.
fn with_pools(env: &Environment, wanted: impl Fn(&Pool) -> bool) -> Result<Environment, Refusal> {
    let mut env = env.clone();
    env.pools.retain(wanted);
    pools::require_members(&env)?;
    Ok(env)
}

/// The operations of a task, counted from 0, that go batch by batch: from where hosts leave a pool that keeps some of them to
/// where they are in again. None if no such pool is touched.
pub(super) fn stretch(env: &Environment, task: &OwnTask) -> Result<Range<usize>, Refusal> {
    let is = |word: &str, pool: &Pool| {
        let name = format!("{word}:{}", pool.name);
        move |operation: &String| *operation == name
    };
    let has_hosts = |pool: &Pool| !env.fleet.select(&pool.targets).is_empty();
    let keeps = |pool: &Pool| pool.min_healthy > 0 && task.operations.iter().any(is("drain", pool)) && has_hosts(pool);
    let mut range: Option<Range<usize>> = None;
    for pool in with_pools(env, keeps)?.pools {
        let (first, last) = (
            task.operations.iter().position(is("drain", &pool)).unwrap_or_default(),
            task.operations.iter().rposition(is("drain", &pool)).unwrap_or_default(),
        );
        let Some(end) = task.operations.iter().rposition(is("undrain", &pool)).filter(|end| *end > last) else {
            return Err(leaves_none(task, &pool));
        };
        range = Some(range.map_or(first..end + 1, |range| range.start.min(first)..range.end.max(end + 1)));
    }
    let range = range.unwrap_or_default();
    require_each(env, task, &range)?;
    Ok(range)
}

/// When the operation of that number comes: hosts that go batch by batch wait for nobody before or behind that.
pub(super) fn phase(stretch: &Range<usize>, at: usize) -> Phase {
    if stretch.is_empty() || at < stretch.start {
        Phase::Prepare
    } else if at < stretch.end {
        Phase::BeforeFlip
    } else {
        Phase::Finish
    }
}

/// Has the stretch go in the batches of a deploy.
pub(super) fn in_batches(plan: Plan, env: &Environment, stretch: &Range<usize>) -> Plan {
    if stretch.is_empty() { plan } else { divided(plan, env, "go") }
}

fn leaves_none(task: &OwnTask, pool: &Pool) -> Refusal {
    let (name, keeps) = (&pool.name, pool.min_healthy);
    let reason = format!(
        "{} takes every host out of pool {name} and none in again, and {keeps} must stay in it: name undrain:{name} \
         behind what is to be done meanwhile",
        task.name
    );
    let operations: Vec<String> = task.operations.iter().cloned().chain([format!("undrain:{name}")]).collect();
    Refusal::new(reason).next(written(task, &operations))
}

/// Refuses what is for the fleet as a whole where hosts come one batch after the other.
fn require_each(env: &Environment, task: &OwnTask, stretch: &Range<usize>) -> Result<(), Refusal> {
    for at in stretch.clone() {
        let found = env.operations.iter().find(|operation| operation.name == task.operations[at]);
        let Some(operation) = found else { continue };
        let how = match (operation.targets.once, operation.wait.is_some()) {
            (true, _) => "runs once",
            (_, true) => "waits",
            _ => continue,
        };
        let (name, first) = (&operation.name, &task.operations[stretch.start]);
        let reason = format!(
            "{name} {how}, and stands between {first} and {}, where hosts come batch by batch, so that enough of them \
             stay in their pool: name it before or behind that",
            task.operations[stretch.end - 1]
        );
        let mut operations = task.operations.clone();
        let moved = operations.remove(at);
        operations.insert(stretch.start, moved);
        return Err(Refusal::new(reason).next(written(task, &operations)));
    }
    Ok(())
}

fn written(task: &OwnTask, operations: &[String]) -> String {
    format!("[tasks.{}] operations = {operations:?}", task.name)
}
