//! Taking back what a failed run has begun: every host that began to switch runs again what it ran before.
//!
//! First the flip is taken back, then, newest first, whatever else ran there and has an inverse. Nothing stops it: not
//! a failing undo, not Ctrl-C, not a lost host. What could not be undone is told, and the fresh look afterwards says
//! what is live.

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::begun::Begun;
use super::parts::Part;
use super::step::{Run, last_words, run_work};
use super::stretch::Setting;
use super::through::undo_through;
use super::{Machine, On, Step};
use crate::event::{Event, Failure, Outcome, Phase};

/// Takes back on all hosts what was begun there. Says whether every undo succeeded.
pub(super) async fn put_back<'a>(setting: Setting<'a>, begun: &Begun<'a>) -> bool {
    let never = CancellationToken::new();
    let setting = Setting { run: Run { stop: &never, ..setting.run }, ..setting };
    let hosts = setting.machines.iter().map(|machine| (machine, begun.newest_first(&machine.host.name)));
    let back = hosts.filter(|(_, steps)| !steps.is_empty()).map(|(machine, steps)| async move {
        let took = put_host_back(setting, machine, &steps).await;
        (machine, steps, took)
    });
    let back = join_all(back).await;
    // What was taken down for the whole switch comes up when every host is back.
    let up = back.into_iter().map(|(machine, steps, mut took)| async move {
        for step in steps.iter().filter(|step| is_around(step)) {
            undo(setting, step, machine, &machine.on(setting.env, setting.release), &mut took).await;
        }
        // A host that was only taken out of its pool has not begun to switch.
        let has_switched = steps.iter().any(|step| step.phase >= Phase::BeforeFlip && !step.operation.is_passing());
        took.tell(setting.run, machine, has_switched)
    });
    join_all(up).await.into_iter().all(|ok| ok)
}

/// Says whether a step stands around the whole switch, and not around one host's.
fn is_around(step: &Step) -> bool {
    step.phase == Phase::Prepare && step.operation.is_passing()
}

/// Takes back `steps`, newest first, the flip before all others.
async fn put_host_back(setting: Setting<'_>, machine: &Machine, steps: &[&Step]) -> Took {
    let is_flip = |step: &&Step| step.phase == Phase::Flip || step.operation.belongs_to_flip();
    let (flips, others): (Vec<&Step>, Vec<&Step>) = steps.iter().copied().partition(is_flip);
    let mut took = Took::default();
    for step in flips {
        let on = machine.on(setting.env, setting.release);
        undo(setting, step, machine, &on, &mut took).await;
    }
    for step in others.into_iter().filter(|step| !is_around(step)) {
        // What prepare did, it did in the new release; what belongs to the switch is undone in what is live again.
        let release = if step.phase == Phase::Prepare { setting.release } else { machine.before.as_ref() };
        let on = machine.on(setting.env, release);
        undo(setting, step, machine, &on, &mut took).await;
    }
    took
}

/// What was taken back on one host.
#[derive(Default)]
struct Took {
    undone: Vec<String>,
    failures: Vec<Failure>,
}

impl Took {
    fn failed(&mut self, step: &Step, failed: Failure) {
        self.failures.push(Failure { what: format!("undoing {}: {}", step.name(), failed.what), ..failed });
    }

    /// Tells of it, and whether all went well. A host that never began to switch is not put back: it serves what it
    /// served all the time.
    fn tell(self, run: Run<'_>, machine: &Machine, has_switched: bool) -> bool {
        let host = &machine.host.name;
        let warn = |message| run.events.send(Event::Warning { host: Some(host.clone()), message });
        if !has_switched && !self.undone.is_empty() {
            warn(format!("{} was taken back", self.undone.join(", ")));
        }
        let mut failures = self.failures.into_iter();
        // The first is the cause; later ones often follow from it.
        let failure = failures.next();
        for later in failures {
            warn(format!("{}{}", later.what, last_words(&later)));
        }
        let ok = failure.is_none();
        if has_switched || !ok {
            let (host, release) = (host.clone(), machine.before.clone());
            run.events.send(Event::HostPutBack { host, release, failure });
        }
        ok
    }
}

/// The one way in which anything is taken back.
async fn undo(setting: Setting<'_>, step: &Step, machine: &Machine, on: &On<'_>, took: &mut Took) {
    if let Some(targets) = step.operation.through() {
        return match undo_through(setting, step, machine, &targets).await {
            Ok(true) => took.undone.push(step.name()),
            Ok(false) => {}
            Err(failed) => took.failed(step, failed),
        };
    }
    let Some(work) = step.operation.undo(on) else { return };
    let part = Part::undoing(step, &work, on, setting.release);
    match run_work(setting.run, part, machine, &work).await {
        Ok(Outcome::AlreadyDone) => {}
        Ok(_) => took.undone.push(step.name()),
        Err(failed) => took.failed(step, failed),
    }
}
