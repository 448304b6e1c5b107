//! Operations around other operations.

use std::fmt::Debug;

use crate::engine::{Makes, On, Operation, Work};
use crate::fleet::Targets;

/// What does the work of another operation in a way of its own, and is that operation in everything else: its name, its
/// hosts, what it is known by in a resumed run, and how it is taken back.
pub trait Wraps: Debug + Send + Sync {
    /// The other operation.
    fn inner(&self) -> &dyn Operation;

    /// What is done on a host.
    fn work_around(&self, on: &On<'_>) -> Work;

    /// What takes it back on a host.
    fn undo_around(&self, on: &On<'_>) -> Option<Work> {
        self.inner().undo(on)
    }

    /// What it is known by.
    fn definition(&self, on: &On<'_>) -> String {
        self.inner().definition(on)
    }

    /// What is left in the release's tree.
    fn makes(&self) -> Makes {
        self.inner().makes()
    }
}

impl<T: Wraps> Operation for T {
    fn name(&self) -> String {
        self.inner().name()
    }

    fn targets(&self) -> Targets {
        self.inner().targets()
    }

    fn work(&self, on: &On<'_>) -> Work {
        self.work_around(on)
    }

    fn undo(&self, on: &On<'_>) -> Option<Work> {
        self.undo_around(on)
    }

    fn definition(&self, on: &On<'_>) -> String {
        Wraps::definition(self, on)
    }

    fn command(&self) -> Option<&str> {
        self.inner().command()
    }

    fn always(&self) -> bool {
        self.inner().always()
    }

    fn makes(&self) -> Makes {
        Wraps::makes(self)
    }

    fn at_once(&self) -> Option<usize> {
        self.inner().at_once()
    }

    fn is_journaled(&self) -> bool {
        self.inner().is_journaled()
    }
}
