//! The `[[templates]]` tables, checked.

use crate::fleet::Targets;
use crate::template::Template;

/// A file that is filled in for each host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledFile {
    /// Inside the release; outside of it if it begins with `/` or `~/`.
    pub dest: String,
    /// What it says.
    pub template: Template,
    /// Permissions, in octal digits.
    pub mode: String,
    /// `OWNER:GROUP` for `chown`, either of which may be left out; empty if nothing is said of both.
    pub owner: String,
    /// Which hosts get it.
    pub targets: Targets,
    /// Text for `sh` that looks at it, at the path in `$RELM_FILE`.
    pub check: Option<String>,
    /// The secrets it may use, by name.
    pub secrets: Vec<String>,
}

impl FilledFile {
    /// Whether it lies outside of the release.
    pub fn is_outside(&self) -> bool {
        self.dest.starts_with(['/', '~'])
    }
}
