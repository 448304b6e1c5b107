//! A step: an operation at its place in a plan, with the hosts it is for and those it is done on.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Operation;
use crate::event::Phase;
use crate::fleet::HostName;
use crate::release::Record;

/// An operation at its place in a run.
#[derive(Debug, Clone)]
pub struct Step {
    /// When.
    pub phase: Phase,
    /// What.
    pub operation: Arc<dyn Operation>,
    /// Where, in the order of the file.
    pub hosts: Vec<HostName>,
    /// Where it ran already, in an earlier run of the same release: nothing is run there.
    pub done: BTreeSet<HostName>,
    /// Where it never ran and need not: it was done once, elsewhere, or what is live there came without it. Nothing is
    /// run there, and there is nothing to take back.
    pub unneeded: BTreeSet<HostName>,
    /// The release whose name it claims on each host before it does anything else.
    pub(super) claims: Option<Arc<Record>>,
}

impl Step {
    pub(super) fn new(phase: Phase, operation: Arc<dyn Operation>, hosts: Vec<HostName>) -> Self {
        let (done, unneeded) = (BTreeSet::new(), BTreeSet::new());
        Self { phase, operation, hosts, done, unneeded, claims: None }
    }

    /// The step's name: that of its operation.
    pub fn name(&self) -> String {
        self.operation.name()
    }

    /// Says whether it makes part of a release: as long as such a step of `prepare` is left, the release is not complete.
    pub fn builds(&self) -> bool {
        self.operation.is_journaled() && !self.operation.is_passing()
    }

    /// The hosts it is yet to run on.
    pub fn left(&self) -> impl Iterator<Item = &HostName> {
        self.hosts.iter().filter(|host| self.is_left(host))
    }

    /// Says whether it is yet to run on a host of its own.
    pub fn is_left(&self, host: &HostName) -> bool {
        !self.done.contains(host) && !self.unneeded.contains(host)
    }

    /// Has it run on a host, whatever was done.
    pub fn run_again(&mut self, host: &HostName) {
        self.done.remove(host);
        self.unneeded.remove(host);
    }

    /// Says whether all hosts must have finished what comes before it.
    pub fn is_barrier(&self) -> bool {
        self.operation.awaits_all()
    }
}
