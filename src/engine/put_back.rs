//! Taking back what a failed run has begun: every host that began to switch runs again what it ran before.
//!
//! Batch by batch, as they switched, and the last batch first: a fleet that is put back loses no more hosts at a time
//! than one that goes on. A host that serves again is taken out of its pool before. On each host first the flip is taken
//! back, then, newest first, whatever else ran there and has an inverse. Nothing stops it: not a failing undo, not
//! Ctrl-C, not a lost host. What could not be undone is told, and the fresh look afterwards says what is live.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

use super::batches::divide;
use super::begun::Begun;
use super::parts::Part;
use super::stretch::Setting;
use super::telling::{Run, last_words, run_work};
use super::through::{run_for, undo_through};
use super::{Machine, On, Plan, Step, Work};
use crate::event::{Event, Failure, Outcome, Phase};
use crate::script::Script;

/// Takes back on all hosts what was begun there. Says whether all that had been done is undone: a step that failed on a host
/// may fail there once more as its own inverse, which is told, and is no second trouble.
pub(super) async fn put_back<'a>(setting: Setting<'a>, plan: &Plan, begun: &Begun<'a>) -> bool {
    let never = CancellationToken::new();
    let setting = Setting { run: Run { stop: &never, ..setting.run }, ..setting };
    let back = Back { setting, begun, turn: Mutex::new(()), few: std::sync::Mutex::default() };
    let mut took = Vec::new();
    let has_flipped = |machine: &&Machine| begun.has_flipped_on(&machine.host.name);
    // What still runs the old release waits for nobody.
    let others = setting.machines.iter().filter(|machine| !has_flipped(machine)).collect();
    let batches = divide(&plan.batches, setting.machines).into_iter().rev();
    let batches = batches.map(|batch| batch.iter().filter(has_flipped).collect::<Vec<_>>());
    for batch in std::iter::once::<Vec<&Machine>>(others).chain(batches) {
        let hosts = batch.into_iter().map(|machine| (machine, begun.newest_first(&machine.host.name)));
        let hosts = hosts.filter(|(_, steps)| !steps.is_empty()).map(|(machine, steps)| {
            let back = &back;
            async move {
                let took = back.host(machine, &steps).await;
                (machine, steps, took)
            }
        });
        took.extend(join_all(hosts).await);
    }
    // What was taken down for the whole switch comes up when every host is back.
    let up = took.into_iter().map(|(machine, steps, mut took)| {
        let back = &back;
        async move {
            let is_whole = took.failures.is_empty();
            let around: Vec<&&Step> = steps.iter().filter(|step| is_around(step)).collect();
            for step in &around {
                back.step(step, machine, &machine.on(setting.env, setting.release), &mut took).await;
            }
            // It is the last that a journal says. What stays down has notes of its own.
            if is_whole && !around.is_empty() && has_flips(&steps) {
                note_end(setting, machine).await;
            }
            // A host that was only taken out of its pool has not begun to switch; nor has one of which an earlier run may have
            // begun something, and had not.
            let host = &machine.host.name;
            let has_begun = |step: &Step| begun.is_sure(step, host) || took.left.contains(&step.name());
            let has_switched = steps
                .iter()
                .any(|step| step.phase >= Phase::BeforeFlip && step.operation.is_journaled() && has_begun(step));
            took.stays.iter().for_each(|step| begun.note_stays(step, &machine.host.name));
            took.tell(setting.run, machine, has_switched)
        }
    });
    join_all(up).await.into_iter().all(|ok| ok)
}

/// Writes down that a host which may have flipped is back to the end: all that was to be started there again is. Where this
/// cannot be written down, no more is lost than that it may be started once more.
async fn note_end(setting: Setting<'_>, machine: &Machine) {
    let Some(release) = setting.release else { return };
    let script = Script::new(concat!(
        include_str!("whole.sh"),
        include_str!("journal.sh"),
        r#"[ -d "$relm_record" ] || exit 90; relm_journal back"#
    ));
    let work = Work::ours(script.set("relm_whole", "").set("relm_record", machine.layout.record(release)));
    let _ = run_work(setting.run, Part::plain("put_back", &work), machine, &work).await;
}

/// Says whether a step stands around the whole switch, and not around one host's.
fn is_around(step: &Step) -> bool {
    step.phase == Phase::Prepare && step.operation.is_passing()
}

fn has_flips(steps: &[&Step]) -> bool {
    steps.iter().any(|step| step.phase == Phase::Flip)
}

/// The way back, which all hosts share.
struct Back<'a, 'b> {
    setting: Setting<'a>,
    begun: &'a Begun<'b>,
    /// Held by what is done on one host at a time.
    turn: Mutex<()>,
    /// For what is done on a few, by the names of steps.
    few: std::sync::Mutex<BTreeMap<String, Arc<Semaphore>>>,
}

impl Back<'_, '_> {
    /// Takes back `steps`, newest first, the flip before all others.
    async fn host(&self, machine: &Machine, steps: &[&Step]) -> Took {
        let Setting { env, release, .. } = self.setting;
        let is_flip = |step: &&Step| step.phase == Phase::Flip || step.operation.belongs_to_flip();
        let (flips, others): (Vec<&Step>, Vec<&Step>) = steps.iter().copied().partition(is_flip);
        let mut took = Took::default();
        if !flips.is_empty() {
            self.take_out(machine, steps).await;
        }
        for step in flips {
            self.step(step, machine, &machine.on(env, release), &mut took).await;
        }
        for step in others.into_iter().filter(|step| !is_around(step)) {
            // What prepare did, it did in the new release; what belongs to the switch is undone in what is live again.
            let release = if step.phase == Phase::Prepare { release } else { machine.before.as_ref() };
            self.step(step, machine, &machine.on(env, release), &mut took).await;
        }
        if has_flips(steps) && took.failures.is_empty() {
            note_end(self.setting, machine).await;
        }
        took
    }

    /// Takes a host down once more whose inverse may have run: it is served requests. What cannot be taken down is put back
    /// all the same.
    async fn take_out(&self, machine: &Machine, steps: &[&Step]) {
        if !steps.iter().any(|step| step.phase == Phase::AfterFlip && step.operation.is_owed()) {
            return;
        }
        let run = self.setting.run;
        for step in steps.iter().rev().filter(|step| step.phase == Phase::BeforeFlip && step.operation.is_passing()) {
            let _turn = self.turn.lock().await;
            let failed = run_for(self.setting, step, machine).await.err();
            if let Some(failed) = failed {
                run.warn(machine, format!("{}: {}{}", step.name(), failed.what, last_words(&failed)));
            }
        }
    }

    fn places(&self, step: &Step) -> Option<Arc<Semaphore>> {
        let limit = step.operation.at_once().filter(|limit| *limit > 1)?;
        let mut few = self.few.lock().expect("nobody panics while holding this");
        let places =
            few.entry(step.name()).or_insert_with(|| Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))));
        Some(Arc::clone(places))
    }

    /// The one way in which anything is taken back.
    async fn step(&self, step: &Step, machine: &Machine, on: &On<'_>, took: &mut Took) {
        let _turn = if step.operation.at_once() == Some(1) { Some(self.turn.lock().await) } else { None };
        let places = self.places(step);
        let _place = match &places {
            Some(places) => places.acquire().await.ok(),
            None => None,
        };
        if let Some(targets) = step.operation.through() {
            return match undo_through(self.setting, step, machine, &targets).await {
                Ok(Outcome::AlreadyDone) => {}
                Ok(_) => took.undone(step, self.begun.is_sure(step, &machine.host.name)),
                Err(failed) => took.failed(step, failed, self.begun.has_failed(step, &machine.host.name)),
            };
        }
        let Some(work) = step.operation.undo(on) else { return };
        let part = Part::undoing(step, &work, on, self.setting.release);
        match run_work(self.setting.run, part, machine, &work).await {
            Ok(Outcome::AlreadyDone) => {}
            Ok(_) => took.undone(step, self.begun.is_sure(step, &machine.host.name)),
            Err(failed) => took.failed(step, failed, self.begun.has_failed(step, &machine.host.name)),
        }
    }
}

/// What was taken back on one host.
#[derive(Default)]
struct Took {
    undone: Vec<String>,
    /// The same of what an earlier run may have left so.
    left: Vec<String>,
    /// Steps whose inverse failed.
    stays: Vec<String>,
    failures: Vec<Failure>,
    /// One of these was done there.
    is_worse: bool,
}

impl Took {
    fn undone(&mut self, step: &Step, is_sure: bool) {
        if is_sure { &mut self.undone } else { &mut self.left }.push(step.name());
    }

    fn failed(&mut self, step: &Step, failed: Failure, had_failed: bool) {
        self.is_worse |= !had_failed;
        self.stays.push(step.name());
        self.failures.push(Failure { what: format!("undoing {}: {}", step.name(), failed.what), ..failed });
    }

    /// Tells of it, and whether nothing stays that was done. A host that never began to switch is not put back: it serves what it
    /// served all the time.
    fn tell(self, run: Run<'_>, machine: &Machine, has_switched: bool) -> bool {
        let host = &machine.host.name;
        let warn = |message| run.events.send(Event::Warning { host: Some(host.clone()), message });
        if !has_switched && !self.undone.is_empty() {
            warn(format!("{} was taken back", self.undone.join(", ")));
        }
        if !has_switched && !self.left.is_empty() {
            warn(format!("{} was taken back: an earlier run may have left it so", self.left.join(", ")));
        }
        let mut failures = self.failures.into_iter();
        let ok = !self.is_worse;
        // The first is the cause; later ones often follow from it.
        let failure = failures.next();
        for later in failures {
            warn(format!("{}{}", later.what, last_words(&later)));
        }
        if has_switched || failure.is_some() {
            let (host, release) = (host.clone(), machine.before.clone());
            run.events.send(Event::HostPutBack { host, release, failure });
        }
        ok
    }
}
