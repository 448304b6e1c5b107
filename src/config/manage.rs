//! The `[manage]` table, checked.

use crate::fleet::{Become, Targets};

/// What `relm manage` puts in front of the words that are typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manage {
    /// Text for the host's `sh`.
    pub run: String,
    /// Where it runs: on one host.
    pub targets: Targets,
    /// The user it runs as, if not whoever all else runs as.
    pub becoming: Option<Become>,
    /// The secrets it gets, by name.
    pub secrets: Vec<String>,
}
