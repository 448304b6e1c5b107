//! The `[[service]]` tables, checked.

use std::time::Duration;

use crate::fleet::{Become, HostName, Targets};
use crate::template::Template;

/// Something that runs on hosts and has to follow the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Unique in the environment.
    pub name: String,
    /// What looks after it.
    pub kind: ServiceKind,
    /// Where it runs.
    pub targets: Targets,
    /// The only host that may run it.
    pub singleton: Option<HostName>,
    /// A name it shares with other services.
    pub group: Option<String>,
    /// Names for some of its programs.
    pub parts: Vec<ServicePart>,
    /// What it is called by whoever looks after it; without blanks.
    pub programs: Vec<String>,
    /// Files of its own, by the names they get.
    pub files: Vec<ServiceFile>,
    /// Where these go; relative to the home of the login, or absolute.
    pub into: Option<String>,
    /// Text for `sh` that looks at each of its files, at the path in `$RELM_FILE`.
    pub check: Option<String>,
    /// How it comes to run the new release.
    pub strategy: Strategy,
    /// One host at a time.
    pub serial: bool,
    /// How long stopping and starting may take on one host.
    pub time_limit: Duration,
    /// Text for the host's `sh`.
    pub commands: ServiceCommands,
    /// Its units are those of a user, and not of the machine.
    pub is_users: bool,
    /// Whether its processes must run from the new release.
    pub proof: bool,
    /// The user it is done as, if not whoever all else is done as.
    pub becoming: Option<Become>,
}

/// What is run instead of what the kind would run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceCommands {
    /// The control program with its options.
    pub control: Option<String>,
    /// Starts it.
    pub start: Option<String>,
    /// Stops it.
    pub stop: Option<String>,
    /// Restarts it.
    pub restart: Option<String>,
    /// Reloads it.
    pub reload: Option<String>,
    /// Exits with 0 while it runs.
    pub status: Option<String>,
    /// Prints the ids of its main processes.
    pub pids: Option<String>,
}

/// Some of a service's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePart {
    /// Its name; other services may have a part of that name too.
    pub name: String,
    /// Patterns of the names of its programs; without blanks.
    pub patterns: Vec<String>,
}

/// A file of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFile {
    /// What it is called on the host.
    pub name: String,
    /// What it says.
    pub template: Template,
    /// Whether it is a program.
    pub executable: bool,
}

/// What looks after a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceKind {
    /// supervisord.
    Supervisor,
    /// systemd.
    Systemd,
    /// supervise of daemontools.
    Daemontools,
    /// Commands of the file's own.
    Command,
}

/// How a service comes to run the new release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Told to read its files again, after the flip.
    Reload,
    /// Stopped and started, after the flip.
    Restart,
    /// Stopped before the flip and started after it.
    StopFlipStart,
    /// No switch touches it.
    None,
}

/// What templates can name.
pub(super) const TEMPLATE_NAMES: &[&str] = &[
    "address",
    "app",
    "base",
    "component",
    "current_path",
    "env",
    "host",
    "log_path",
    "ref",
    "release",
    "release_path",
    "roles",
    "service",
    "shared_path",
];
