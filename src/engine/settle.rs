//! What is owed to the hosts when all have switched and the run does not come to its end.

use tokio_util::sync::CancellationToken;

use futures_util::future::join_all;

use super::Plan;
use super::stretch::Setting;
use super::telling::{Run, last_words};
use super::through::run_for;

/// Does what an unfinished run owes: nothing would be undone any more that it took down.
pub(super) async fn settle(setting: Setting<'_>, plan: &Plan) {
    let never = CancellationToken::new();
    let run = Run { stop: &never, ..setting.run };
    let setting = Setting { run, ..setting };
    for step in plan.steps.iter().filter(|step| step.operation.is_owed()) {
        let hosts = Plan::machines(step, setting.machines).into_iter().map(|machine| async move {
            let done = run_for(setting, step, machine).await;
            if let Err(failed) = done {
                run.warn(machine, format!("{}: {}{}", step.name(), failed.what, last_words(&failed)));
            }
        });
        join_all(hosts).await;
    }
}
