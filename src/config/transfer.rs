//! The `[[transfer]]` tables, checked.

use crate::fleet::{HostName, Targets};

/// A path of the release that one host has made for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Unique among transfers and operations.
    pub name: String,
    /// In the release.
    pub path: String,
    /// The host that has it.
    pub from: HostName,
    /// The hosts that get it; at least one, and never that.
    pub targets: Targets,
    /// The operation it comes right after; behind all of `prepare` without one.
    pub after: Option<String>,
}
