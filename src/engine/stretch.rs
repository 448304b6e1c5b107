//! Steps in which hosts run free of one another: `check`, `prepare` and `finish`.
//!
//! Each host goes through its steps on its own; a slow one delays only the end. A step that runs once, or on one host
//! at a time, waits for all hosts to have finished what comes before it. After a failure hosts finish what they are
//! doing and begin nothing more.

use std::collections::BTreeMap;
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
#[derive(Debug)]
pub(super) struct Went {
    /// No step failed and nobody asked to stop.
    pub(super) ok: bool,
    /// Something was changed on some host.
    pub(super) changed: bool,
}

/// Runs `steps`, with barriers where they ask for one.
pub(super) async fn run_steps(setting: Setting<'_>, steps: &[&Step]) -> Went {
    let mut all = Went { ok: true, changed: false };
    let mut rest = steps;
    while let Some(first) = rest.first() {
        let free = if first.is_barrier() { 1 } else { rest.iter().take_while(|step| !step.is_barrier()).count() };
        let (stretch, later) = rest.split_at(free);
        let went = run_stretch(setting, stretch, first.operation.is_serial()).await;
        all.changed |= went.changed;
        if !went.ok {
            return Went { ok: false, ..all };
        }
        rest = later;
    }
    all
}

async fn run_stretch(setting: Setting<'_>, steps: &[&Step], serial: bool) -> Went {
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
    Went { ok, changed: progress.changed.load(Ordering::Relaxed) }
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
            Err(_) => return progress.failed.store(true, Ordering::Relaxed),
        }
    }
}

/// What a stretch has come to.
struct Progress<'a> {
    setting: Setting<'a>,
    steps: Vec<&'a Step>,
    /// Of each step that has begun, the hosts that have not finished it.
    left: Mutex<BTreeMap<usize, usize>>,
    failed: AtomicBool,
    changed: AtomicBool,
}

impl<'a> Progress<'a> {
    fn new(setting: Setting<'a>, steps: &[&'a Step]) -> Self {
        let (failed, changed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { setting, steps: steps.to_vec(), left: Mutex::default(), failed, changed }
    }

    fn begin(&self, at: usize) {
        let step = self.steps[at];
        let mut left = self.left.lock().expect("no step panics while it holds this");
        left.entry(at).or_insert_with(|| {
            let event = Event::StepStarted { step: step.name(), phase: step.phase };
            self.setting.run.events.send(event);
            Plan::machines(step, self.setting.machines).len()
        });
    }

    fn finished(&self, at: usize, outcome: &Outcome) {
        if *outcome == Outcome::Changed {
            self.changed.store(true, Ordering::Relaxed);
        }
        let mut left = self.left.lock().expect("no step panics while it holds this");
        let hosts = left.get_mut(&at).expect("a step that ends has begun");
        *hosts -= 1;
        if *hosts == 0 {
            self.setting.run.events.send(Event::StepFinished { step: self.steps[at].name(), ok: true });
        }
    }

    /// Ends the steps that began and did not end everywhere.
    fn close(&self) {
        let left = self.left.lock().expect("no step panics while it holds this");
        for (&at, _) in left.iter().filter(|(_, hosts)| **hosts > 0) {
            self.setting.run.events.send(Event::StepFinished { step: self.steps[at].name(), ok: false });
        }
    }
}
