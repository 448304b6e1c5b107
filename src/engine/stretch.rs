//! Steps in which hosts run free of one another: `check`, `prepare` and `finish`.
//!
//! Each host goes through its steps on its own; a slow one delays only the end. A step that runs once, or on one host
//! at a time, waits for all hosts to have finished what comes before it. After a failure hosts finish what they are
//! doing and begin nothing more.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;

use super::begun::Begun;
use super::step::{Run, run_step};
use super::{Machine, Plan, Step};
use crate::event::{Event, Outcome};
use crate::fleet::{EnvName, HostName};
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
    /// Where waits were in vain, a sentence each. Only they kept it from being done, unless something failed too.
    pub(super) paused: Vec<String>,
}

impl Went {
    /// It ended because of waits and of nothing else.
    pub(super) fn is_paused(&self) -> bool {
        !self.ok && !self.paused.is_empty()
    }
}

/// Runs `steps`, with barriers where they ask for one.
pub(super) async fn run_steps<'a>(setting: Setting<'a>, steps: &[&'a Step], begun: &Begun<'a>) -> Went {
    let mut all = Went { ok: true, changed: false, paused: Vec::new() };
    let mut rest = steps;
    while let Some(first) = rest.first() {
        let free = if first.is_barrier() { 1 } else { rest.iter().take_while(|step| !step.is_barrier()).count() };
        let (stretch, later) = rest.split_at(free);
        let went = run_stretch(setting, stretch, first.operation.is_serial(), begun).await;
        all.changed |= went.changed;
        if !went.ok {
            return Went { ok: false, paused: went.paused, ..all };
        }
        rest = later;
    }
    all
}

async fn run_stretch<'a>(setting: Setting<'a>, steps: &[&'a Step], serial: bool, begun: &Begun<'a>) -> Went {
    let progress = Progress::new(setting, steps);
    let hosts = setting.machines.iter().map(|machine| run_host(setting, steps, machine, &progress, begun));
    if serial {
        for host in hosts {
            host.await;
        }
    } else {
        join_all(hosts).await;
    }
    progress.close();
    let stopped = progress.failed.load(Ordering::Relaxed) || setting.run.stop.is_cancelled();
    let paused = progress.paused.into_inner().unwrap_or_default();
    let ok = !stopped && paused.is_empty();
    let changed = progress.changed.load(Ordering::Relaxed);
    Went { ok, changed, paused: if stopped { Vec::new() } else { paused } }
}

async fn run_host<'a>(
    setting: Setting<'a>,
    steps: &[&'a Step],
    machine: &'a Machine,
    progress: &Progress<'a>,
    begun: &Begun<'a>,
) {
    for (at, step) in steps.iter().enumerate() {
        if !step.hosts.contains(&machine.host.name) {
            continue;
        }
        if progress.is_over() {
            return;
        }
        progress.begin(at);
        if step.is_left(&machine.host.name) {
            begun.note(step, machine);
        }
        let on = machine.on(setting.env, setting.release);
        match run_step(setting.run, step, machine, &on).await {
            Ok(Outcome::Paused(words)) => return progress.pause(&step.name(), &machine.host.name, &words),
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
    paused: Mutex<Vec<String>>,
}

impl<'a> Progress<'a> {
    fn new(setting: Setting<'a>, steps: &[&'a Step]) -> Self {
        let (failed, changed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { setting, steps: steps.to_vec(), left: Mutex::default(), failed, changed, paused: Mutex::default() }
    }

    /// Nothing more is begun.
    fn is_over(&self) -> bool {
        let is_paused = !self.paused.lock().expect("no step panics while it holds this").is_empty();
        is_paused || self.failed.load(Ordering::Relaxed) || self.setting.run.stop.is_cancelled()
    }

    fn pause(&self, step: &str, host: &HostName, words: &str) {
        let mut paused = self.paused.lock().expect("no step panics while it holds this");
        paused.push(format!("{step} on {host} {words}"));
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
