//! `Releases.toml`: what the file says, checked, as types the rest of the program can trust.

pub mod busy;
mod check;
mod choose;
mod component;
mod effective;
mod file;
pub mod guards;
mod health;
mod laid;
mod maintenance;
mod manage;
mod merge;
mod notifier;
mod origin;
mod other_users;
mod parse;
mod placed;
mod pool;
mod problem;
mod publish;
mod schema;
mod service;
mod set;
mod shape;
mod spread;
mod suggest;
mod tag;
#[cfg(test)]
mod tests;
mod transfer;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::event::Phase;
use crate::fleet::{Become, EnvName, Fleet, Host, Role, Scope, Targets};
use crate::source::Wanted;
pub use crate::template::FilledFile;

pub use check::operations::duration;
#[cfg(test)]
pub(crate) use check::tasks::BUILT_IN;
pub use choose::{EnvError, find};
pub use health::{Health, Sign};
pub use maintenance::Maintenance;
pub use manage::Manage;
pub use notifier::{Notifier, NotifyBy, Occasion, Value};
pub use origin::{Origin, Setting};
pub use other_users::{AsAnother, Part};
pub use parse::{load, load_over, parse, parse_over};
pub use pool::{Pool, Way};
pub use problem::{Problem, Problems};
pub use publish::{Publish, PublishMode};
pub use schema::schema;
pub use service::{Service, ServiceCommands, ServiceFile, ServiceKind, ServicePart, Strategy};
pub use set::Set;
pub use suggest::nearest;
pub use tag::TagRules;
pub use transfer::Transfer;

/// A whole `Releases.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file.
    pub path: PathBuf,
    /// The environment meant when none is named.
    pub default_env: Option<EnvName>,
    /// The ssh configuration to read instead of `~/.ssh/config`.
    pub ssh_config: Option<PathBuf>,
    /// In the order of the file; the components of an environment behind its main application.
    pub envs: Vec<Environment>,
    /// Tasks of the file's own.
    pub tasks: Vec<OwnTask>,
}

/// One environment, or one component of it: its hosts and, after its own overrides, everything a task needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// Its name, and that of the component, if it is not the main application.
    pub name: Scope,
    /// Name of the application.
    pub app: String,
    /// Ask before changing anything.
    pub confirm: Confirm,
    /// The environment in which code must have been live first.
    pub promote_from: Option<EnvName>,
    /// Go by `StrictHostKeyChecking accept-new` and `no` of ssh's configuration.
    pub accept_new_host_keys: bool,
    /// Go by `ForwardAgent` of ssh's configuration.
    pub forward_agent: bool,
    /// The secret that hosts are told when they ask the login for a password.
    pub login_password: Option<String>,
    /// What to do before every connection to a host.
    pub pre_connect: PreConnect,
    /// Its hosts, in the order of the file.
    pub fleet: Fleet,
    /// The option that has cut the fleet down, such as `--hosts`: that a role has no host here is not the file's doing then.
    pub cut_by: Option<&'static str>,
    /// Where the code comes from.
    pub source: Wanted,
    /// The tag that a deploy sets in it, if any.
    pub tag: Option<TagRules>,
    /// How releases are laid out, switched and kept.
    pub release: ReleaseRules,
    /// Who may change it at a time.
    pub lock: LockRules,
    /// The store that hosts fetch code from, if there is one.
    pub distribution: Option<Distribution>,
    /// Who is told of deploys and rollbacks.
    pub notify: Vec<Notifier>,
    /// The virtualenv, if there is one.
    pub python: Option<Python>,
    /// Whom to become on its hosts, if not the login.
    pub becoming: Option<Become>,
    /// Where its secrets come from, by name.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Files of each release whose content is a secret.
    pub secret_files: Vec<SecretFile>,
    /// Files that are filled in for each host, in the order of the file.
    pub templates: Vec<FilledFile>,
    /// What of each release is published elsewhere, in the order of the file.
    pub publish: Vec<Publish>,
    /// The app's own commands, in the order of the file.
    pub operations: Vec<AppOperation>,
    /// What one host makes for others, in the order of the file.
    pub transfers: Vec<Transfer>,
    /// What runs on the hosts and has to follow the release, in the order of the file.
    pub services: Vec<Service>,
    /// Signs that a host is well, in the order of the file.
    pub health: Vec<Health>,
    /// How visitors are told that it is being worked on.
    pub maintenance: Option<Maintenance>,
    /// What `relm manage` runs.
    pub manage: Option<Manage>,
    /// Hosts that share the requests of visitors.
    pub pools: Vec<Pool>,
    /// What must hold before a deploy begins.
    pub guards: guards::Guards,
    /// What may be busy, in the order of the file.
    pub busy: Vec<busy::Busy>,
}

/// What is asked before anything is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirm {
    /// Nothing.
    No,
    /// Whether whoever sits there is sure.
    Yes,
    /// That they type this word.
    Typed(String),
}

/// The `[release]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRules {
    /// Absolute, or relative to the home of the login.
    pub root: String,
    /// Good releases kept, the live one included; at least 1.
    pub keep: usize,
    /// Failed releases, and those that were rolled back from, are kept so long.
    pub keep_failed: Duration,
    /// Nothing is removed before it has been out of use for so long.
    pub min_age: Duration,
    /// How many hosts switch at a time; the last one repeats until all have.
    pub batches: Vec<Batch>,
    /// How many hosts prepare at a time; all of them if nothing is said.
    pub max_parallel: Option<usize>,
    /// How many hosts a deploy may go on without when they cannot be reached; here a batch may be of 0 hosts.
    pub max_unreachable: Batch,
    /// Directories below `shared/` linked into each release. Relative, without `..`.
    pub shared_dirs: Vec<String>,
    /// Files below `shared/` linked into each release.
    pub shared_files: Vec<String>,
    /// Paths copied from the live release if they are there.
    pub copy_from_current: Vec<String>,
    /// Where in each release stands which one it is.
    pub version_file: Option<String>,
    /// Where in the environment's directory stands which releases went live.
    pub record_file: Option<String>,
}

impl ReleaseRules {
    /// Paths of a release that are more than code.
    fn places(&self) -> impl Iterator<Item = &str> {
        let shared = self.shared_dirs.iter().chain(&self.shared_files);
        shared.chain(&self.version_file).map(String::as_str)
    }
}

/// `pre_connect`: what opens a host's door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreConnect {
    /// Ports to knock at, in their order.
    pub knock: Vec<u16>,
    /// How long to wait at each.
    pub timeout: Duration,
}

/// The `[lock]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockRules {
    /// A lock shared with other environments: its name, and the host that keeps it.
    pub shared: Option<(String, Host)>,
    /// How long a host waits for a relm whose connection has closed.
    pub grace: Duration,
    /// Whether a deploy that does not come to its end leaves it taken for the person.
    pub keeps: bool,
}

/// The `[distribution]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The bucket.
    pub bucket: String,
    /// What stands before every name in it; nothing, or text that ends with a slash.
    pub prefix: String,
    /// The address of its server, if it is not Amazon's.
    pub endpoint: Option<String>,
    /// The region, if it is named.
    pub region: Option<String>,
    /// From how many hosts on that lack the same they fetch it there; at least 1.
    pub min_hosts: usize,
}

/// How many hosts switch together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// So many hosts; at least 1.
    Hosts(usize),
    /// So many of a hundred, rounded up; 1 to 100.
    Percent(u8),
}

/// The `[python]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// What goes into the virtualenv.
    pub packages: Packages,
    /// The interpreter it is made with, as a command on the host.
    pub python: String,
    /// Which hosts get one.
    pub targets: Targets,
    /// What installs the packages.
    pub installer: Installer,
    /// The package index, if not the installer's own.
    pub index: Option<String>,
    /// More arguments for the installer.
    pub args: Vec<String>,
    /// When an older release's virtualenv is used again.
    pub reuse: Reuse,
    /// Commands that are run when the packages are installed.
    pub post: Vec<String>,
    /// The only place that packages come from: a directory of the release, or an absolute one.
    pub offline: Option<String>,
    /// A uv of this machine for hosts that have none.
    pub bring_uv: Option<PathBuf>,
}

/// When a release gets the likeness of an older release's virtualenv, made for the same requirements by the same
/// interpreter and installer, and no installer runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// When every requirement is pinned.
    Pinned,
    /// Whenever the files say the same.
    Always,
    /// Never.
    Never,
}

/// Where a virtualenv's packages are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packages {
    /// Requirements files of the release, in order.
    Requirements(Vec<String>),
    /// `pyproject.toml`, with `uv.lock` beside it where there is one.
    Project,
    /// A command of the file's own, run in the release with the empty virtualenv active.
    Command(String),
}

/// What installs packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installer {
    /// uv where the host has it, else pip.
    Auto,
    /// uv; a host without it fails.
    Uv,
    /// `venv` and pip.
    Pip,
}

/// One of `[[operations]]`: a command of the app's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppOperation {
    /// Unique in the environment.
    pub name: String,
    /// When it runs; never [`Phase::Flip`].
    pub phase: Phase,
    /// Where it runs.
    pub targets: Targets,
    /// On so many hosts at a time; on all of them if nothing is said.
    pub at_once: Option<usize>,
    /// How long it may take on one host.
    pub time_limit: Option<Duration>,
    /// Text for the host's `sh`; the check, if it is a wait.
    pub run: String,
    /// Where it runs, to be filled in, if not where commands run anyway: below that, absolute, or from `~/`.
    pub cwd: Option<String>,
    /// Skips `run` where it exits with 0.
    pub unless: Option<String>,
    /// What a line of what `run` prints has to fit for it to have changed something; a regular expression.
    pub changed_if: Option<String>,
    /// Start `run` and go on without it.
    pub is_job: bool,
    /// Bytes that are kept of what a job says, if the file says so.
    pub log_max: Option<u64>,
    /// The operation whose job a wait is for.
    pub awaits: Option<String>,
    /// Repeat `run` until it succeeds.
    pub wait: Option<Wait>,
    /// Try `run` more than once.
    pub retry: Option<Retry>,
    /// Skip it where it was done for the same.
    pub unless_same: Option<Inputs>,
    /// It changes what outlives releases.
    pub migrate: Option<Migration>,
    /// What takes it back when a run fails before its release is live everywhere.
    pub undo: Option<Undo>,
    /// Run again by a resumed deploy even if it was done.
    pub always: bool,
    /// The user it runs as, if not whoever all else runs as.
    pub becoming: Option<Become>,
    /// Its own variables, as [`Host::variables`].
    pub variables: BTreeMap<String, String>,
    /// The secrets it gets, by name.
    pub secrets: Vec<String>,
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of relm's own environment.
    Env(String),
    /// A file of this machine.
    File(PathBuf),
    /// What a command of this machine prints.
    Command(String),
    /// Asked for on the terminal.
    Ask,
}

/// One of `[[secret_files]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFile {
    /// Inside the release.
    pub path: String,
    /// The name of the secret.
    pub secret: String,
    /// Where it is written.
    pub targets: Targets,
    /// For `chown`; empty if it stays whoever's writes it.
    pub owner: String,
    /// Four digits; the group may read it at most.
    pub mode: String,
}

/// How often a command is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The first time included; at least 2.
    pub times: u32,
    /// The first pause; whole seconds, as the others.
    pub every: Duration,
    /// How many times longer each pause is than the one before; at least 1.
    pub factor: u32,
}

/// What an operation reads and makes in a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Patterns of paths; at least one.
    pub inputs: Vec<String>,
    /// Paths.
    pub outputs: Vec<String>,
}

/// What stands around a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Prints what is pending.
    pub pending: Option<String>,
    /// A directory of the release, whose files are given to the command.
    pub sql: Option<String>,
    /// Runs before it.
    pub backup: Option<String>,
    /// Services that are stopped before it if anything is pending.
    pub stop: Vec<String>,
    /// Files of `sql` that are run once more. The file never says so: somebody does, for one run.
    pub again: Vec<String>,
}

/// How long a check is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// The first pause; whole seconds, as the others.
    pub every: Duration,
    /// How many times longer each pause is than the one before; at least 1.
    pub factor: u32,
    /// All the patience there is.
    pub max: Duration,
    /// What becomes of the run then.
    pub on_timeout: OnTimeout,
}

/// What becomes of a run whose wait was in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTimeout {
    /// It is paused: nothing live has changed, and it is resumed there.
    Pause,
    /// It fails.
    Fail,
}

/// How an operation is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// Run the same command again, in the release that is live then.
    Again,
    /// Run this instead.
    Command(String),
}

/// A task composed in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTask {
    /// What one types.
    pub name: String,
    /// A line for `relm tasks`.
    pub about: String,
    /// Names of the file's operations and of built-in compositions such as `setup-release`, in order.
    pub operations: Vec<String>,
    /// Those of them that are transfers.
    pub transfers: Vec<String>,
}

impl Environment {
    /// How many of its hosts a deploy may go on without: a share is rounded down, and one host is always needed.
    pub fn may_miss(&self) -> usize {
        let all = self.fleet.hosts.len();
        let missed = match self.release.max_unreachable {
            Batch::Hosts(hosts) => hosts,
            Batch::Percent(percent) => all * usize::from(percent) / 100,
        };
        missed.min(all.saturating_sub(1))
    }

    /// Every role some host has.
    pub fn roles(&self) -> std::collections::BTreeSet<&Role> {
        self.fleet.hosts.iter().flat_map(|host| &host.roles).collect()
    }
}
