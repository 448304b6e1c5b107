//! How far the hosts have come in a stretch of steps.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::ending::Pause;
use super::host::Tells;
use super::stretch::{Setting, Went};
use super::{Machine, Plan, Step};
use crate::event::{Event, Outcome};

/// What a stretch has come to.
pub(super) struct Progress<'a> {
    setting: Setting<'a>,
    steps: Vec<&'a Step>,
    /// Of each step that has begun, the hosts that have not finished it.
    left: Mutex<BTreeMap<usize, usize>>,
    failed: AtomicBool,
    changed: AtomicBool,
    paused: Mutex<Vec<Pause>>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(setting: Setting<'a>, steps: &[&'a Step]) -> Self {
        let (failed, changed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { setting, steps: steps.to_vec(), left: Mutex::default(), failed, changed, paused: Mutex::default() }
    }

    /// Ends the stretch: what began and did not end everywhere has failed.
    pub(super) fn went(self) -> Went {
        let left = self.left.into_inner().unwrap_or_default();
        for (&at, _) in left.iter().filter(|(_, hosts)| **hosts > 0) {
            self.setting.run.events.send(Event::StepFinished { step: self.steps[at].name(), ok: false });
        }
        let is_done = |(at, step): &(usize, &&Step)| step.hosts.is_empty() || left.get(at) == Some(&0);
        let done = self.steps.iter().enumerate().take_while(is_done).count();
        let stopped = self.failed.load(Ordering::Relaxed) || self.setting.run.stop.is_cancelled();
        let paused = self.paused.into_inner().unwrap_or_default();
        let ok = !stopped && paused.is_empty();
        let changed = self.changed.load(Ordering::Relaxed);
        Went { ok, changed, done, paused: if stopped { Vec::new() } else { paused } }
    }
}

impl Tells for Progress<'_> {
    fn is_over(&self) -> bool {
        let is_paused = !self.paused.lock().expect("no step panics while it holds this").is_empty();
        is_paused || self.failed.load(Ordering::Relaxed) || self.setting.run.stop.is_cancelled()
    }

    fn begins(&self, at: usize) {
        let step = self.steps[at];
        let mut left = self.left.lock().expect("no step panics while it holds this");
        left.entry(at).or_insert_with(|| {
            let event = Event::StepStarted { step: step.name(), phase: step.phase };
            self.setting.run.events.send(event);
            Plan::machines(step, self.setting.machines).len()
        });
    }

    fn ended(&self, at: usize, outcome: &Outcome) {
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

    fn paused(&self, at: usize, machine: &Machine, words: &str) {
        let mut paused = self.paused.lock().expect("no step panics while it holds this");
        let step = self.steps[at];
        let words = format!("{} on {} {words}", step.name(), machine.host.name);
        paused.push(Pause { words, wanted: step.operation.wanted() });
    }

    fn failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }
}
