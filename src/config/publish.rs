//! The `[[publish]]` tables, checked.

use crate::fleet::Targets;

/// A path of each release that is published at a place outside of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// In the release.
    pub from: String,
    /// Absolute, or from `~/`.
    pub to: String,
    /// How.
    pub mode: PublishMode,
    /// Patterns of paths below `from`.
    pub exclude: Vec<String>,
    /// Which hosts publish it.
    pub targets: Targets,
}

/// How a path is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishMode {
    /// As a link.
    Link,
    /// Copied; what is there no more goes.
    Mirror,
    /// Copied, and nothing goes.
    Overlay,
}
