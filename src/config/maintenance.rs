//! The `[maintenance]` table, checked.

use crate::fleet::{Become, Targets};

/// How visitors are told that the site is being worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// Who tells them.
    pub targets: Targets,
    /// A file that is there meanwhile; relative to the environment's directory, or absolute.
    pub flag: Option<String>,
    /// The one for a long time.
    pub long_flag: Option<String>,
    /// Text for `sh` that switches it on.
    pub on: Option<String>,
    /// Text for `sh` that switches it off.
    pub off: Option<String>,
    /// On by itself while hosts switch.
    pub in_switch: bool,
    /// Left on when a run fails.
    pub keeps: bool,
    /// The user `on` and `off` run as, if not whoever all else runs as.
    pub becoming: Option<Become>,
}
