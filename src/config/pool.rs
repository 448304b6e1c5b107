//! The `[[pool]]` tables, checked.

use std::time::Duration;

use crate::fleet::{Become, Targets};
use crate::template::Template;

/// Hosts that share the requests of visitors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Unique in the environment.
    pub name: String,
    /// Who is in it.
    pub targets: Targets,
    /// Who sends the requests; the host itself, if nobody is named.
    pub proxies: Option<Targets>,
    /// How a host is taken out.
    pub way: Way,
    /// What a host is called there.
    pub server: Template,
    /// How many must be in it at any time.
    pub min_healthy: usize,
    /// How long requests have to end.
    pub wait: Duration,
    /// The user it is done as, if not whoever all else is done as.
    pub becoming: Option<Become>,
}

/// How a host is taken out of its pool and in again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By its line in a file of nginx.
    Nginx {
        /// The file; relative to the home of the login, or absolute.
        file: String,
        /// Text for `sh` that tests it.
        test: String,
        /// Text for `sh` that has it read.
        reload: String,
    },
    /// By commands.
    Commands {
        /// Text for `sh`.
        drain: String,
        /// Text for `sh`.
        undrain: String,
    },
}
