//! The switch: `before_flip`, the flip, `after_flip`; batch by batch, in the order of the file, all hosts or none.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;

use super::batches::divide;
use super::begun::Begun;
use super::host::{Tells, run_host};
use super::stretch::Setting;
use super::{Machine, Plan, Step};
use crate::event::{Event, Outcome, Phase};

/// Says whether every host switched.
pub(super) async fn switch<'a>(setting: Setting<'a>, plan: &'a Plan, begun: &Begun<'a>) -> bool {
    let steps = plan.steps_of(&[Phase::BeforeFlip, Phase::Flip, Phase::AfterFlip]);
    let (last, steps): (Vec<&Step>, Vec<&Step>) = steps.into_iter().partition(|step| step.operation.ends_switch());
    let mut announced = Announced { setting, left: Vec::new() };
    for batch in divide(&plan.batches, setting.machines) {
        for step in &steps {
            announced.begin(step, batch);
            if !run_in_batch(setting, step, batch, begun).await {
                announced.close();
                return false;
            }
            announced.finished(step, batch);
        }
    }
    for step in last {
        announced.begin(step, setting.machines);
        if !run_in_batch(setting, step, setting.machines, begun).await {
            announced.close();
            return false;
        }
        announced.finished(step, setting.machines);
    }
    true
}

async fn run_in_batch<'a>(setting: Setting<'a>, step: &'a Step, batch: &'a [Machine], begun: &Begun<'a>) -> bool {
    let machines = Plan::machines(step, batch);
    for few in machines.chunks(step.operation.at_once().unwrap_or(usize::MAX)) {
        if !run_on(setting, step, few, begun).await {
            return false;
        }
    }
    true
}

async fn run_on<'a>(setting: Setting<'a>, step: &'a Step, machines: &[&'a Machine], begun: &Begun<'a>) -> bool {
    if setting.run.stop.is_cancelled() {
        return false;
    }
    let batch = InBatch::default();
    let runs =
        machines.iter().map(|machine| run_host(setting, std::slice::from_ref(&step), machine, &batch, begun, None));
    join_all(runs).await;
    !batch.failed.into_inner() && !setting.run.stop.is_cancelled()
}

/// One step on the hosts of a batch: all of them begin it.
#[derive(Default)]
struct InBatch {
    failed: AtomicBool,
}

impl Tells for InBatch {
    fn is_over(&self) -> bool {
        false
    }

    fn begins(&self, _at: usize) {}

    fn ended(&self, _at: usize, _outcome: &Outcome) {}

    fn paused(&self, _at: usize, _machine: &Machine, _words: &str) {
        self.failed();
    }

    fn failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }
}

/// Steps whose start has been told, each with the number of hosts that have not finished it: batches come to it one
/// after the other.
struct Announced<'a> {
    setting: Setting<'a>,
    left: Vec<(String, usize)>,
}

impl Announced<'_> {
    fn begin(&mut self, step: &Step, batch: &[Machine]) {
        let name = step.name();
        if self.left.iter().any(|(begun, _)| *begun == name) || Plan::machines(step, batch).is_empty() {
            return;
        }
        self.setting.run.events.send(Event::StepStarted { step: name.clone(), phase: step.phase });
        self.left.push((name, Plan::machines(step, self.setting.machines).len()));
    }

    fn finished(&mut self, step: &Step, batch: &[Machine]) {
        let name = step.name();
        let Some((_, left)) = self.left.iter_mut().find(|(begun, _)| *begun == name) else { return };
        let finished = Plan::machines(step, batch).len();
        *left -= finished;
        if *left == 0 && finished > 0 {
            self.setting.run.events.send(Event::StepFinished { step: name, ok: true });
        }
    }

    /// Ends the steps that began and did not end everywhere.
    fn close(self) {
        for (step, _) in self.left.into_iter().filter(|(_, left)| *left > 0) {
            self.setting.run.events.send(Event::StepFinished { step, ok: false });
        }
    }
}
