//! What is owed to the hosts when all have switched and the run does not come to its end.

use tokio_util::sync::CancellationToken;

use futures_util::future::join_all;

use super::Plan;
use super::parts::Part;
use super::step::{Run, last_words, run_work};
use super::stretch::Setting;
use super::through::run_through;

/// Does what an unfinished run owes: nothing would be undone any more that it took down.
pub(super) async fn settle(setting: Setting<'_>, plan: &Plan) {
    let never = CancellationToken::new();
    let run = Run { stop: &never, ..setting.run };
    let setting = Setting { run, ..setting };
    for step in plan.steps.iter().filter(|step| step.operation.is_owed()) {
        let hosts = Plan::machines(step, setting.machines).into_iter().map(|machine| async move {
            let done = if let Some(targets) = step.operation.through() {
                run_through(setting, step, machine, &targets).await.map(drop).map_err(|failed| failed.why)
            } else {
                let work = step.operation.work(&machine.on(setting.env, setting.release));
                run_work(run, Part::plain(&step.name(), &work), machine, &work).await.map(drop)
            };
            if let Err(failed) = done {
                run.warn(machine, format!("{}: {}{}", step.name(), failed.what, last_words(&failed)));
            }
        });
        join_all(hosts).await;
    }
}
