//! Putting a failed switch back: every host that began it runs again what it ran before.
//!
//! First the flip is taken back, then, newest first, whatever else ran there. Nothing stops it: not a failing undo, not
//! Ctrl-C, not a lost host. What could not be undone is told, and the fresh look afterwards says what is live.

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::step::{Run, run_work};
use super::stretch::Setting;
use super::switch::Begun;
use super::{Machine, On, Step, Work, journal};
use crate::event::{Event, Failure, Phase};

/// Puts all hosts back. Says whether every undo succeeded.
pub(super) async fn put_back(setting: Setting<'_>, begun: &Begun<'_>) -> bool {
    let hosts = setting.machines.iter().map(|machine| async move {
        let here = begun.steps.iter().rev().filter(|(_, at)| at.host.name == machine.host.name);
        let steps: Vec<&Step> = here.map(|(step, _)| *step).collect();
        steps.is_empty() || put_host_back(setting, machine, &steps).await
    });
    join_all(hosts).await.into_iter().all(|ok| ok)
}

/// Takes back `steps`, newest first, the flip before all others.
async fn put_host_back(setting: Setting<'_>, machine: &Machine, steps: &[&Step]) -> bool {
    let never = CancellationToken::new();
    let setting = Setting { run: Run { stop: &never, ..setting.run }, ..setting };
    let (flips, others): (Vec<&Step>, Vec<&Step>) = steps.iter().partition(|step| step.phase == Phase::Flip);
    let mut failure = None;
    for step in flips {
        let on = machine.on(setting.env, setting.release);
        undo(setting, step, machine, &on, &mut failure).await;
    }
    for step in others {
        let on = machine.on(setting.env, machine.before.as_ref());
        undo(setting, step, machine, &on, &mut failure).await;
    }
    let ok = failure.is_none();
    let (host, release) = (machine.host.name.clone(), machine.before.clone());
    setting.run.events.send(Event::HostPutBack { host, release, failure });
    ok
}

async fn undo(setting: Setting<'_>, step: &Step, machine: &Machine, on: &On<'_>, failure: &mut Option<Failure>) {
    let Some(work) = step.operation.undo(on) else { return };
    let work = Work { script: journal::undoing(step, &work, on, setting.release), ..work };
    if let Err(failed) = run_work(setting.run, &step.name(), machine, &work).await {
        // The first is the cause; later ones usually follow from it.
        failure.get_or_insert(Failure { what: format!("undoing {}: {}", step.name(), failed.what), ..failed });
    }
}
