//! Tasks of the file's own: `[tasks.NAME]`, a composition of operations.

use std::collections::BTreeMap;

use super::building::{add, bring, build, command as app_command};
use super::done::recorded;
use super::resume::{Chosen, going_on, the_record};
use super::{Payload, Refusal, Site, command, own_words, readiness, rolling, sourcing, transfers};
use crate::config::OwnTask;
use crate::engine::{Difference, Plan, Step};
use crate::fleet::HostName;
use crate::operations::{MarkComplete, MarkFailed};
use crate::release::{Record, ReleaseName};

/// The built-in composition a task of one's own may begin with.
pub const SETUP_RELEASE: &str = "setup-release";

/// Says whether a task builds a release of its own; otherwise it works in the live one.
pub fn builds(task: &OwnTask) -> bool {
    task.operations.iter().any(|name| name == SETUP_RELEASE)
}

/// The task's operations in their order, in a private release if it builds one, else in what is live.
pub fn plan(site: Site<'_>, task: &OwnTask, built: Option<(&Record, &Payload)>) -> Result<Plan, Refusal> {
    match built {
        Some((_, payload)) => readiness::require_ready_to_build(site, payload.unpacked)?,
        None => readiness::require_ready(site, Some(0))?,
    }
    let typed = command(&task.name, site.env);
    let Some((record, payload)) = built else {
        if site.survey.hosts.iter().any(|(_, seen)| seen.live().is_none()) {
            return Err(Refusal::new("nothing is live on some hosts, and the task builds no release of its own")
                .next(command("deploy", site.env)));
        }
        return compose(Plan::new(&task.name, &site.env.name, &site.env.fleet).next(typed), site, task, None, |plan| {
            plan
        });
    };
    let plan = about(site, task, record).anew(typed).if_it_fails(MarkFailed { record: Some(record.clone()) });
    compose(plan, site, task, Some(record), |plan| build(plan, site.env, record, payload))
}

/// Chooses the release that `task` built and did not come to its end with: the one that is named, or the last.
pub fn choose(site: Site<'_>, task: &OwnTask, wanted: Option<&ReleaseName>) -> Result<Chosen, Refusal> {
    readiness::require_ready(site, None)?;
    let typed = command(&task.name, site.env);
    if !builds(task) {
        return Err(Refusal::new(format!("{} builds no release that could be gone on with", task.name)).next(typed));
    }
    let is_of_task = |record: &Record| {
        let mut wanted = task.operations.iter().filter(|name| *name != SETUP_RELEASE);
        let is_like = record.task.is_none() && wanted.all(|name| record.steps.iter().any(|step| step.name == *name));
        record.private && (is_like || record.task.as_ref() == Some(&task.name))
    };
    let mut known = site.survey.releases().into_iter().rev().filter_map(|name| the_record(site, &name).ok());
    let found = known.find(|record| match wanted {
        Some(name) => record.name == *name && record.private,
        None => is_of_task(record),
    });
    let Some(record) = found else {
        let reason = match wanted {
            Some(name) => format!("{name} is no private release on every host"),
            None => format!("{} has built no release yet", task.name),
        };
        return Err(Refusal::new(reason).next(typed));
    };
    let lost = site.survey.hosts.iter().filter(|(_, seen)| !seen.release(&record.name).is_some_and(|one| one.has_tree));
    let lost: Vec<Vec<String>> = lost.map(|(host, _)| vec![host.to_string()]).collect();
    if !lost.is_empty() {
        let reason = format!("release {} is not on every host any more", record.name);
        return Err(Refusal::new(reason).table(vec!["host"], lost).next(typed));
    }
    let chosen = Chosen { record, joining: Vec::new(), question: None, away: Vec::new() };
    let plan = go_on(site, task, &chosen, None, &BTreeMap::new())?;
    let name = &chosen.record.name;
    // What is run again in any case has come to its end if the journal says so.
    let is_missing = |step: &Step| step.hosts.iter().any(|host| recorded(site, name, step, host) != Some(true));
    let is_left = |step: &Step| if step.operation.always() { is_missing(step) } else { step.left().next().is_some() };
    let is_open = |step: &Step| step.builds() && step.name() != "mark_complete" && is_left(step);
    if has_unawaited_job(site, task) || plan.steps.iter().any(is_open) {
        return Ok(chosen);
    }
    Err(Refusal::new(format!("{} is finished in {}", task.name, chosen.record.name)).next(typed))
}

/// Says whether only the hosts know how a job of the task has ended: the journal knows that it was started.
fn has_unawaited_job(site: Site<'_>, task: &OwnTask) -> bool {
    let of_task = || site.env.operations.iter().filter(|operation| task.operations.contains(&operation.name));
    let is_awaited = |job: &str| of_task().any(|other| other.awaits.as_deref() == Some(job));
    of_task().any(|operation| operation.is_job && !is_awaited(&operation.name))
}

/// Goes on with `chosen`. `payload` may only be left out where no host needs the code any more.
pub fn go_on(
    site: Site<'_>,
    task: &OwnTask,
    chosen: &Chosen,
    payload: Option<&Payload>,
    differences: &BTreeMap<HostName, Vec<Difference>>,
) -> Result<Plan, Refusal> {
    let (record, known) = (&chosen.record, Payload::known(&chosen.record.tree));
    let bring = |plan| bring(plan, site.env, record, payload.unwrap_or(&known));
    let plan = compose(about(site, task, record), site, task, Some(record), bring)?;
    Ok(going_on(plan, site, chosen, differences))
}

fn about(site: Site<'_>, task: &OwnTask, record: &Record) -> Plan {
    let plan = Plan::new(&task.name, &site.env.name, &site.env.fleet).about(&record.name);
    plan.next(format!("{} --resume", command(&task.name, site.env)))
}

fn compose(
    mut plan: Plan,
    site: Site<'_>,
    task: &OwnTask,
    built: Option<&Record>,
    setup: impl Fn(Plan) -> Plan,
) -> Result<Plan, Refusal> {
    plan = sourcing::check(plan, site.env);
    let reference = built.map(|record| record.reference.as_str()).unwrap_or_default();
    let stretch = rolling::stretch(site.env, task)?;
    for (at, name) in task.operations.iter().enumerate() {
        // Few phases, so that the order is that of the task and not that of a deploy.
        let phase = rolling::phase(&stretch, at);
        if built.is_some() && name == SETUP_RELEASE {
            plan = setup(plan).prepare(MarkComplete);
            continue;
        }
        let found = site.env.operations.iter().find(|operation| operation.name == *name);
        let Some(operation) = found else {
            if task.transfers.contains(name) {
                plan = match transfers::one(site.env, name) {
                    Some(transfer) => plan.prepare(transfer),
                    None => plan.note(format!("{name}: nobody in {} takes it from another host", site.env.name)),
                };
                continue;
            }
            let own = own_words::operation(site, task, at, reference);
            let own = own.ok_or_else(|| Refusal::new(format!("{} has no operation {name}", site.env.name)))?;
            plan = plan.step_of(phase, own);
            if let Some(by_hand) = own_words::remedy(site.env, name) {
                plan = plan.remedy(name, by_hand);
            }
            continue;
        };
        let mut command = app_command(operation, reference);
        command.outside = false;
        command.journaled = built.is_some();
        plan = add(plan, site, phase, operation, command);
    }
    Ok(rolling::in_batches(plan, site.env, &stretch))
}
