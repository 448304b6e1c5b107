//! Tasks of the file's own: `[tasks.NAME]`, a composition of operations.

use super::building::{add, build, command as app_command};
use super::{Payload, Refusal, Site, readiness, sourcing};
use crate::config::OwnTask;
use crate::engine::Plan;
use crate::event::Phase;
use crate::operations::{MarkComplete, MarkFailed};
use crate::release::Record;

/// The built-in composition a task of one's own may begin with.
pub const SETUP_RELEASE: &str = "setup-release";

/// Says whether a task builds a release of its own; otherwise it works in the live one.
pub fn builds(task: &OwnTask) -> bool {
    task.operations.iter().any(|name| name == SETUP_RELEASE)
}

/// The task's operations in their order, in a private release if it builds one, else in what is live.
pub fn plan(site: Site<'_>, task: &OwnTask, built: Option<(&Record, &Payload)>) -> Result<Plan, Refusal> {
    let needed = built.map_or(0, |(_, payload)| payload.unpacked);
    readiness::require_ready(site, Some(needed))?;
    let mut plan = Plan::new(&task.name, &site.env.name, &site.env.fleet).next(super::command(&task.name, site.env));
    plan = sourcing::check(plan, site.env);
    let reference = built.map(|(record, _)| record.reference.as_str()).unwrap_or_default();
    if let Some((record, _)) = built {
        plan = plan.about(&record.name).if_it_fails(MarkFailed { record: Some(record.clone()) });
    } else if site.survey.hosts.iter().any(|(_, seen)| seen.live().is_none()) {
        return Err(Refusal::new("nothing is live on some hosts, and the task builds no release of its own")
            .next(super::command("deploy", site.env)));
    }
    for name in &task.operations {
        plan = match built {
            Some((record, payload)) if name == SETUP_RELEASE => {
                build(plan, site.env, record, payload).prepare(MarkComplete)
            }
            _ => {
                let found = site.env.operations.iter().find(|operation| operation.name == *name);
                let operation =
                    found.ok_or_else(|| Refusal::new(format!("{} has no operation {name}", site.env.name)))?;
                let mut command = app_command(operation, reference);
                command.outside = false;
                command.journaled = built.is_some();
                // One phase, so that the order is that of the task and not that of a deploy.
                add(plan, site.env, Phase::Prepare, operation, command)
            }
        };
    }
    Ok(plan)
}
