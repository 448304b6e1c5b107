//! What a run has begun and must take back if it fails.

use std::sync::Mutex;

use super::{Machine, Step};
use crate::event::Phase;
use crate::fleet::HostName;

/// The steps that were begun on each host, in the order in which they were: what failed or was cut short there is in
/// doubt and is taken back too.
#[derive(Debug, Default)]
pub(super) struct Begun<'a>(Mutex<Vec<(&'a Step, &'a Machine)>>);

impl<'a> Begun<'a> {
    pub(super) fn note(&self, step: &'a Step, machine: &'a Machine) {
        self.0.lock().expect("nobody panics while holding this").push((step, machine));
    }

    /// Says whether some host may have flipped.
    pub(super) fn has_flipped(&self) -> bool {
        let begun = self.0.lock().expect("nobody panics while holding this");
        begun.iter().any(|(step, _)| step.phase == Phase::Flip)
    }

    /// Says whether anything was begun that a host keeps.
    pub(super) fn is_nothing(&self) -> bool {
        let begun = self.0.lock().expect("nobody panics while holding this");
        begun.iter().all(|(step, _)| step.phase == Phase::Check)
    }

    /// The steps begun on a host, newest first.
    pub(super) fn newest_first(&self, host: &HostName) -> Vec<&'a Step> {
        let begun = self.0.lock().expect("nobody panics while holding this");
        begun.iter().rev().filter(|(_, at)| at.host.name == *host).map(|(step, _)| *step).collect()
    }
}
