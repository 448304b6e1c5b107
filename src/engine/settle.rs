//! What is owed to the hosts when all have switched and the run does not come to its end.

use tokio_util::sync::CancellationToken;

use futures_util::future::join_all;

use super::Plan;
use super::begun::Begun;
use super::stretch::Setting;
use super::telling::{Run, last_words};
use super::through::run_for;

/// Does what an unfinished run owes and has not done: nothing would be undone any more that it took down. A host that has
/// given its lock back has come to its end, and nothing is owed there.
pub(super) async fn settle(setting: Setting<'_>, plan: &Plan, begun: &Begun<'_>) {
    let never = CancellationToken::new();
    let run = Run { stop: &never, ..setting.run };
    let setting = Setting { run, ..setting };
    for step in plan.steps.iter().filter(|step| step.operation.is_owed()) {
        let machines = Plan::machines(step, setting.machines).into_iter();
        let left = machines.filter(|machine| !begun.has_paid(step, &machine.host.name));
        let hosts = left.map(|machine| async move {
            let done = run_for(setting, step, machine).await;
            if let Err(failed) = done {
                run.warn(machine, format!("{}: {}{}", step.name(), failed.what, last_words(&failed)));
            }
        });
        join_all(hosts).await;
    }
}
