//! What a run has begun and must take back if it fails.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Machine, Plan, Step};
use crate::event::{Failure, Outcome, Phase};
use crate::fleet::HostName;

/// The steps that were begun on each host, in the order in which they were: what failed or was cut short there is in
/// doubt and is taken back too.
#[derive(Debug, Default)]
pub(super) struct Begun<'a> {
    steps: Mutex<Vec<One<'a>>>,
    /// A step that leaves something on a host has come to its end somewhere.
    has_done: AtomicBool,
    /// What is owed and was done, and where.
    paid: Mutex<Vec<(String, HostName)>>,
    /// What could not be taken back.
    stays: Mutex<Vec<(String, HostName)>>,
    /// What failed and ends the run.
    failed: Mutex<Vec<(&'a Step, Failed)>>,
    /// Nothing flips: what was brought up again is not brought up once more.
    forgets: bool,
}

/// A step on a host.
#[derive(Debug)]
struct One<'a> {
    step: &'a Step,
    machine: &'a Machine,
    /// It was begun, and not only may have been by an earlier run.
    is_sure: bool,
}

impl One<'_> {
    fn is(&self, step: &Step, host: &HostName) -> bool {
        std::ptr::eq(self.step, step) && self.machine.host.name == *host
    }
}

/// Where a step has failed, and why.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The host.
    pub host: HostName,
    /// Its words.
    pub why: Failure,
}

impl<'a> Begun<'a> {
    pub(super) fn of(plan: &Plan) -> Self {
        Self { forgets: !plan.flips(), ..Self::default() }
    }

    pub(super) fn note(&self, step: &'a Step, machine: &'a Machine) {
        self.add(One { step, machine, is_sure: true });
    }

    /// Notes a step that an earlier run may have begun, which nobody has told.
    pub(super) fn note_doubtful(&self, step: &'a Step, machine: &'a Machine) {
        self.add(One { step, machine, is_sure: false });
    }

    fn add(&self, one: One<'a>) {
        let mut steps = self.steps.lock().expect("nobody panics while holding this");
        // What an earlier run began and this one begins anew is taken back once.
        steps.retain(|old| !old.is(one.step, &one.machine.host.name));
        steps.push(one);
    }

    /// Says whether it was begun there, and not only may have been.
    pub(super) fn is_sure(&self, step: &Step, host: &HostName) -> bool {
        let begun = self.steps.lock().expect("nobody panics while holding this");
        begun.iter().any(|one| one.is_sure && one.is(step, host))
    }

    /// Says whether some host may have flipped.
    pub(super) fn has_flipped(&self) -> bool {
        let begun = self.steps.lock().expect("nobody panics while holding this");
        begun.iter().any(|one| one.step.phase == Phase::Flip)
    }

    /// Says whether that host may have.
    pub(super) fn has_flipped_on(&self, host: &HostName) -> bool {
        self.newest_first(host).iter().any(|step| step.phase == Phase::Flip)
    }

    pub(super) fn note_failed(&self, step: &'a Step, machine: &Machine, why: &Failure) {
        let failed = Failed { host: machine.host.name.clone(), why: why.clone() };
        self.failed.lock().expect("nobody panics while holding this").push((step, failed));
    }

    /// The step that a person is asked about, and why it failed: that alone has.
    pub(super) fn asks(&self) -> Option<(&'a Step, Vec<Failed>)> {
        let failed = self.failed.lock().expect("nobody panics while holding this");
        let (step, _) = failed.first()?;
        let is_all = failed.iter().all(|(other, _)| std::ptr::eq(*other, *step));
        (is_all && step.operation.asks()).then(|| (*step, failed.iter().map(|(_, failed)| failed.clone()).collect()))
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
        if step.operation.is_owed() {
            let mut paid = self.paid.lock().expect("nobody panics while holding this");
            paid.push((step.name(), machine.host.name.clone()));
        }
        if !self.forgets {
            return;
        }
        let (made_up, stood_so) = (step.operation.makes_up_for(), *outcome == Outcome::AlreadyDone);
        let is_over = |old: &Step| made_up.contains(&old.name()) || (stood_so && std::ptr::eq(old, step));
        let mut steps = self.steps.lock().expect("nobody panics while holding this");
        steps.retain(|one| one.machine.host.name != machine.host.name || !is_over(one.step));
    }

    /// Says whether what a step owes to a host was done in this run.
    pub(super) fn has_paid(&self, step: &Step, host: &HostName) -> bool {
        let paid = self.paid.lock().expect("nobody panics while holding this");
        paid.iter().any(|(done, at)| *done == step.name() && at == host)
    }

    /// Says whether a step failed on a host in this run.
    pub(super) fn has_failed(&self, step: &Step, host: &HostName) -> bool {
        let failed = self.failed.lock().expect("nobody panics while holding this");
        failed.iter().any(|(old, failed)| std::ptr::eq(*old, step) && failed.host == *host)
    }

    /// Says whether there is something to go on with.
    pub(super) fn has_done(&self) -> bool {
        self.has_done.load(Ordering::Relaxed)
    }

    /// Says whether nothing was begun behind the checks, of which the app's were the last.
    pub(super) fn ended_in_checks(&self) -> bool {
        let begun = self.steps.lock().expect("nobody panics while holding this");
        let is_check = |step: &Step| step.phase == Phase::Check;
        begun.iter().all(|one| is_check(one.step)) && begun.iter().any(|one| one.step.operation.command().is_some())
    }

    /// The steps begun on a host, newest first.
    pub(super) fn newest_first(&self, host: &HostName) -> Vec<&'a Step> {
        let begun = self.steps.lock().expect("nobody panics while holding this");
        begun.iter().rev().filter(|one| one.machine.host.name == *host).map(|one| one.step).collect()
    }
}
