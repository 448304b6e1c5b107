//! Steps in which hosts run free of one another: `check`, `prepare` and `finish`.
//!
//! Each host goes through its steps on its own; a slow one delays only the end. A step that runs once, or on one host
//! at a time, waits for all hosts to have finished what comes before it. After a failure hosts finish what they are
//! doing and begin nothing more.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;

use super::step::{Run, run_step};
use super::{Machine, Plan, Step};
use crate::event::{Event, Outcome};
use crate::fleet::EnvName;
use crate::release::ReleaseName;

/// What steps are run with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) run: Run<'a>,
    pub(super) env: &'a EnvName,
    pub(super) release: Option<&'a ReleaseName>,
    pub(super) machines: &'a [Machine],
}

/// How a stretch of steps went.
#[derive(Debug, Default)]
pub(super) struct Result {
    /// No step failed and nobody asked to stop.
    pub(super) ok: bool,
    /// Something was changed on some host.
    pub(super) changed: bool,
}

/// Runs `steps`, with barriers where they ask for one.
pub(super) async fn run_steps(setting: Setting<'_>, steps: &[&Step]) -> Result {
    let mut result = Result { ok: true, changed: false };
    let mut rest = steps;
    while let Some(first) = rest.first() {
        let free = if first.is_barrier() { 1 } else { rest.iter().take_while(|step| !step.is_barrier()).count() };
        let (stretch, later) = rest.split_at(free);
        let went = run_stretch(setting, stretch, first.operation.is_serial()).await;
        result.changed |= went.changed;
        if !went.ok {
            return Result { ok: false, ..result };
        }
        rest = later;
    }
    result
}

async fn run_stretch(setting: Setting<'_>, steps: &[&Step], serial: bool) -> Result {
    let progress = Progress::new(setting, steps);
    let hosts = setting.machines.iter().map(|machine| run_host(setting, steps, machine, &progress));
    if serial {
        for host in hosts {
            host.await;
        }
    } else {
        join_all(hosts).await;
    }
    progress.close();
    let ok = !progress.failed.load(Ordering::Relaxed) && !setting.run.stop.is_cancelled();
    Result { ok, changed: progress.changed.load(Ordering::Relaxed) }
}

async fn run_host(setting: Setting<'_>, steps: &[&Step], machine: &Machine, progress: &Progress<'_>) {
    for (at, step) in steps.iter().enumerate() {
        if !step.hosts.contains(&machine.host.name) {
            continue;
        }
        if progress.failed.load(Ordering::Relaxed) || setting.run.stop.is_cancelled() {
            return;
        }
        progress.begin(at);
        let on = machine.on(setting.env, setting.release);
        match run_step(setting.run, step, machine, &on).await {
            Ok(outcome) => progress.finished(at, &outcome),
            Err(_) => return progress.fail(at),
        }
    }
}

/// Which steps have begun, and on how many hosts they are still to end.
struct Progress<'a> {
    setting: Setting<'a>,
    steps: Vec<&'a Step>,
    open: Mutex<HashMap<usize, usize>>,
    failed: AtomicBool,
    changed: AtomicBool,
}

impl<'a> Progress<'a> {
    fn new(setting: Setting<'a>, steps: &[&'a Step]) -> Self {
        let (failed, changed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { setting, steps: steps.to_vec(), open: Mutex::default(), failed, changed }
    }

    fn begin(&self, at: usize) {
        let step = self.steps[at];
        let mut open = self.open.lock().expect("no step panics while it holds this");
        open.entry(at).or_insert_with(|| {
            let event = Event::StepStarted { step: step.name(), phase: step.phase };
            self.setting.run.events.send(event);
            Plan::machines(step, self.setting.machines).len()
        });
    }

    fn finished(&self, at: usize, outcome: &Outcome) {
        if *outcome == Outcome::Changed {
            self.changed.store(true, Ordering::Relaxed);
        }
        let mut open = self.open.lock().expect("no step panics while it holds this");
        let left = open.get_mut(&at).expect("a step that ends has begun");
        *left -= 1;
        if *left == 0 {
            open.remove(&at);
            // Kept so that a step is begun only once.
            open.insert(at, usize::MAX);
            self.setting.run.events.send(Event::StepFinished { step: self.steps[at].name(), ok: true });
        }
    }

    fn fail(&self, _at: usize) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// Ends the steps that began and did not end everywhere.
    fn close(&self) {
        let open = self.open.lock().expect("no step panics while it holds this");
        let mut unfinished: Vec<usize> =
            open.iter().filter(|(_, left)| **left != usize::MAX).map(|(at, _)| *at).collect();
        unfinished.sort_unstable();
        for at in unfinished {
            self.setting.run.events.send(Event::StepFinished { step: self.steps[at].name(), ok: false });
        }
    }
}
