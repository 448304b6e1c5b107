//! What an operation that takes something down is part of: who brings it up again.

/// Of what it is part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// The switch of a release, which is put back whole.
    Switch,
    /// A task of the file's own: what it has taken down comes up when it fails.
    Task,
    /// A word typed by itself: what it was to take down stays down.
    Hand,
}
