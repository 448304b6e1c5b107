//! What a run has begun and must take back if it fails.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Machine, Plan, Step};
use crate::event::{Outcome, Phase};
use crate::fleet::HostName;

/// The steps that were begun on each host, in the order in which they were: what failed or was cut short there is in
/// doubt and is taken back too.
#[derive(Debug, Default)]
pub(super) struct Begun<'a> {
    steps: Mutex<Vec<(&'a Step, &'a Machine)>>,
    /// A step that leaves something on a host has come to its end somewhere.
    has_done: AtomicBool,
    /// What could not be taken back.
    stays: Mutex<Vec<(String, HostName)>>,
    /// Nothing flips: what was brought up again is not brought up once more.
    forgets: bool,
}

impl<'a> Begun<'a> {
    pub(super) fn of(plan: &Plan) -> Self {
        Self { forgets: !plan.flips(), ..Self::default() }
    }

    pub(super) fn note(&self, step: &'a Step, machine: &'a Machine) {
        let mut steps = self.steps.lock().expect("nobody panics while holding this");
        // What an earlier run began and this one begins anew is taken back once.
        steps.retain(|(old, at)| !(std::ptr::eq(*old, step) && at.host.name == machine.host.name));
        steps.push((step, machine));
    }

    /// Says whether some host may have flipped.
    pub(super) fn has_flipped(&self) -> bool {
        let begun = self.steps.lock().expect("nobody panics while holding this");
        begun.iter().any(|(step, _)| step.phase == Phase::Flip)
    }

    /// Says whether that host may have.
    pub(super) fn has_flipped_on(&self, host: &HostName) -> bool {
        self.newest_first(host).iter().any(|step| step.phase == Phase::Flip)
    }

    pub(super) fn note_stays(&self, step: &str, host: &HostName) {
        let mut stays = self.stays.lock().expect("nobody panics while holding this");
        stays.push((step.to_owned(), host.clone()));
    }

    /// Says what could not be taken back, if anything.
    pub(super) fn stays(&self) -> Option<String> {
        let stays = self.stays.lock().expect("nobody panics while holding this");
        let stays: Vec<String> = stays.iter().map(|(step, host)| format!("{step} on {host}")).collect();
        (!stays.is_empty()).then(|| format!("this could not be taken back: {}", stays.join(", ")))
    }

    /// Says whether that step is among it.
    pub(super) fn has_left(&self, step: &str) -> bool {
        let stays = self.stays.lock().expect("nobody panics while holding this");
        stays.iter().any(|(left, _)| left == step)
    }

    /// Notes that a step has ended well on a host. Where nothing flips, what stood so already was not this run's doing, and
    /// what the step makes up for is over.
    pub(super) fn note_done(&self, step: &Step, machine: &Machine, outcome: &Outcome) {
        if step.phase > Phase::Check {
            self.has_done.store(true, Ordering::Relaxed);
        }
        if !self.forgets {
            return;
        }
        let (made_up, stood_so) = (step.operation.makes_up_for(), *outcome == Outcome::AlreadyDone);
        let is_over = |old: &Step| made_up.contains(&old.name()) || (stood_so && std::ptr::eq(old, step));
        let mut steps = self.steps.lock().expect("nobody panics while holding this");
        steps.retain(|(old, at)| at.host.name != machine.host.name || !is_over(old));
    }

    /// Says whether there is something to go on with.
    pub(super) fn has_done(&self) -> bool {
        self.has_done.load(Ordering::Relaxed)
    }

    /// Says whether nothing was begun behind the checks, of which the app's were the last.
    pub(super) fn ended_in_checks(&self) -> bool {
        let begun = self.steps.lock().expect("nobody panics while holding this");
        let is_check = |step: &Step| step.phase == Phase::Check;
        begun.iter().all(|(step, _)| is_check(step)) && begun.iter().any(|(step, _)| step.operation.command().is_some())
    }

    /// The steps begun on a host, newest first.
    pub(super) fn newest_first(&self, host: &HostName) -> Vec<&'a Step> {
        let begun = self.steps.lock().expect("nobody panics while holding this");
        begun.iter().rev().filter(|(_, at)| at.host.name == *host).map(|(step, _)| *step).collect()
    }
}
