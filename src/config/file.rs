//! `Releases.toml` as it is written: a mirror for serde and the schema, without any logic.
//!
//! The doc comments are what editors show, so they speak to whoever writes the file. Everything may be left out here,
//! so that what is sound in a file can be read even when other parts of it are not; what may not be left out is
//! marked `required` for the schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::placed::At;

mod busy;
mod distribution;
mod guards;
mod health;
mod lock;
mod maintenance;
mod migrate;
mod notify;
mod pool;
mod pre_connect;
mod retry;
mod secrets;
mod service;
mod wait;
pub(super) use busy::{BusyKindText, BusyTable, OnBusyText, TmuxUsersText};
pub(super) use distribution::DistributionTable;
pub(super) use guards::{GuardsTable, SameCodeText};
pub(super) use health::{HealthPhaseText, HealthTable};
pub(super) use lock::LockTable;
pub(super) use maintenance::{DuringText, MaintenanceTable};
pub(super) use migrate::MigrateTable;
pub(super) use notify::{NotifyTable, OccasionText, ValueText};
pub(super) use pool::PoolTable;
pub(super) use pre_connect::PreConnectTable;
pub(super) use retry::RetryTable;
pub(super) use secrets::{BecomeText, ByText, SecretFileTable, SecretTable};
pub(super) use service::{ServiceKindText, ServiceTable, StrategyText};
pub(super) use wait::{OnTimeoutText, WaitTable};

/// How relm deploys this project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Releases.toml")]
pub(super) struct ReleasesToml {
    /// The environment meant when none is named on the command line.
    #[schemars(example = &"staging")]
    pub(super) default_env: Option<At<String>>,
    /// The ssh configuration to read instead of `~/.ssh/config`.
    #[schemars(example = &"~/.ssh/config")]
    pub(super) ssh_config: Option<At<String>>,
    /// What to do before every connection to a host.
    #[schemars(example = &serde_json::json!({ "knock": [8255], "timeout": "1s" }))]
    pub(super) pre_connect: Option<PreConnectTable>,
    /// Whom to become on every host once logged in: the releases are theirs, and all runs as them.
    #[serde(rename = "become")]
    #[schemars(example = &"app")]
    pub(super) becoming: Option<At<BecomeText>>,
    /// Values that nothing may show, and where they come from.
    pub(super) secrets: Option<BTreeMap<At<String>, At<SecretTable>>>,
    /// Files of each release whose content is a secret.
    #[serde(default)]
    pub(super) secret_files: Vec<SecretFileTable>,
    /// Names for hosts of several roles, to stand wherever `roles` names a role.
    #[serde(default)]
    #[schemars(example = &serde_json::json!({ "services": ["web", "celery"] }))]
    pub(super) role_sets: BTreeMap<At<String>, At<Vec<At<String>>>>,
    /// The application.
    pub(super) app: Option<AppTable>,
    /// Where the code comes from: exactly one of `git`, `dir` and `archive`.
    pub(super) source: Option<At<SourceTable>>,
    /// How releases are laid out, switched and kept.
    pub(super) release: Option<ReleaseTable>,
    /// Who may change the hosts at a time, and how a lost relm is noticed.
    pub(super) lock: Option<LockTable>,
    /// How code comes to many hosts: by way of a store that they fetch it from.
    pub(super) distribution: Option<DistributionTable>,
    /// Who is told of deploys and rollbacks.
    #[serde(default)]
    pub(super) notify: Vec<NotifyTable>,
    /// The virtualenv of each release; without this table there is none.
    pub(super) python: Option<At<PythonTable>>,
    /// The application's own commands, in the order they run within a phase.
    #[serde(default)]
    pub(super) operations: Vec<OperationTable>,
    /// What runs on the hosts and has to follow the release.
    #[serde(default)]
    pub(super) service: Vec<ServiceTable>,
    /// Signs that a host is well.
    #[serde(default)]
    pub(super) health: Vec<HealthTable>,
    /// How visitors are told that the site is being worked on.
    pub(super) maintenance: Option<At<MaintenanceTable>>,
    /// Hosts that share the requests of visitors, and are taken out while they switch.
    #[serde(default)]
    pub(super) pool: Vec<PoolTable>,
    /// What must hold before a deploy begins, and what is asked then.
    pub(super) guards: Option<GuardsTable>,
    /// What may be busy: looked at before anything live is changed.
    #[serde(default)]
    pub(super) busy: Vec<BusyTable>,
    /// Tasks of your own: compositions of operations.
    #[serde(default)]
    pub(super) tasks: BTreeMap<At<String>, At<TaskTable>>,
    /// The environments: each a fleet of hosts, with its own settings where they differ.
    #[serde(default)]
    pub(super) env: BTreeMap<At<String>, EnvTable>,
}

/// The application.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppTable {
    /// Its name; the directory's name if left out.
    #[schemars(example = &"shop")]
    pub(super) name: Option<At<String>>,
}

/// Where the code comes from: exactly one of `git`, `dir` and `archive`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceTable {
    /// A git repository: a path relative to this file, or a URL.
    #[schemars(example = &".")]
    pub(super) git: Option<At<String>>,
    /// The branch, tag or commit of `git` to release; `HEAD` if left out.
    #[serde(rename = "ref")]
    #[schemars(example = &"main")]
    pub(super) reference: Option<At<String>>,
    /// A directory, relative to this file; `.gitignore` is honoured.
    #[schemars(example = &"dist")]
    pub(super) dir: Option<At<String>>,
    /// A `.tar`, `.tar.gz`, `.tar.zst` or `.zip` file, relative to this file.
    #[schemars(example = &"dist/shop.tar.gz")]
    pub(super) archive: Option<At<String>>,
    /// How many leading directories to take off every path of `archive`.
    #[schemars(example = 1)]
    pub(super) strip: Option<At<i64>>,
    /// Paths to leave out, in the language of `.gitignore`.
    #[schemars(example = ["*.pyc"])]
    pub(super) exclude: Option<Vec<At<String>>>,
    /// The tag that a successful deploy sets in `git`; `{app}`, `{env}` and `{release}` stand for themselves.
    #[schemars(example = &"deployed-{env}-{release}")]
    pub(super) tag: Option<At<String>>,
    /// Push the tag: to `origin` of a directory, or to the URL.
    #[schemars(example = true)]
    pub(super) push_tag: Option<At<bool>>,
}

/// How releases are laid out, switched and kept.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseTable {
    /// The directory on the hosts; relative to the home of the login, or absolute. `www` if left out.
    #[schemars(example = &"www")]
    pub(super) root: Option<At<String>>,
    /// How many good releases to keep, the current one included; 3 if left out.
    #[schemars(example = 3)]
    pub(super) keep: Option<At<i64>>,
    /// How many hosts switch at a time; the last entry repeats. All at once if left out.
    #[schemars(example = (1, "25%", "100%"))]
    pub(super) batches: Option<At<Vec<At<BatchText>>>>,
    /// How many hosts a deploy may go on without when they cannot be reached; none if left out.
    #[schemars(example = 1)]
    pub(super) max_unreachable: Option<At<BatchText>>,
    /// Directories that outlive releases, linked into each.
    #[schemars(example = ["media"])]
    pub(super) shared_dirs: Option<Vec<At<String>>>,
    /// Files that outlive releases, linked into each.
    #[schemars(example = ["localsettings.py"])]
    pub(super) shared_files: Option<Vec<At<String>>>,
    /// Paths to copy from the current release into the new one, if they are there.
    #[schemars(example = ["node_modules"])]
    pub(super) copy_from_current: Option<Vec<At<String>>>,
    /// A file that is written into each release and says which one it is: JSON.
    #[schemars(example = &"VERSION.json")]
    pub(super) version_file: Option<At<String>>,
}

/// So many hosts, or so many of a hundred.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum BatchText {
    Hosts(i64),
    Percent(String),
}

/// The virtualenv of each release: from exactly one of `requirements`, `project` and `command`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PythonTable {
    /// Requirements files of the release; `["requirements.txt"]` if nothing else is named.
    #[schemars(example = ["requirements.txt"])]
    pub(super) requirements: Option<At<Vec<At<String>>>>,
    /// Install what `pyproject.toml` asks for, as `uv.lock` pins it where there is one.
    #[schemars(example = true)]
    pub(super) project: Option<At<bool>>,
    /// A command of your own that fills the virtualenv, run in the release with the empty virtualenv active.
    #[schemars(example = &"poetry install --only main")]
    pub(super) command: Option<At<String>>,
    /// The interpreter, as a command on the host; `python3` if left out.
    #[schemars(example = &"python3")]
    pub(super) python: Option<At<String>>,
    /// The roles that get a virtualenv; every host if left out.
    #[schemars(example = ["app"])]
    pub(super) roles: Option<At<Vec<At<String>>>>,
    /// What installs packages; uv where the host has it if left out.
    #[schemars(example = &"auto")]
    pub(super) installer: Option<InstallerText>,
    /// The package index.
    #[schemars(example = &"https://pypi.example.org/simple")]
    pub(super) index: Option<At<String>>,
    /// More arguments for the installer.
    #[schemars(example = ["--require-hashes"])]
    pub(super) args: Option<Vec<At<String>>>,
    /// When an older release's virtualenv is used again, if requirements, interpreter and installer are the same.
    #[schemars(example = &"pinned")]
    pub(super) reuse: Option<ReuseText>,
    /// A uv of this machine that is brought to hosts which have none; best a static build.
    #[schemars(example = &"~/.local/bin/uv")]
    pub(super) bring_uv: Option<At<String>>,
}

/// When an older release's virtualenv is used again.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReuseText {
    /// When every requirement is pinned: `==`, a hash, a commit or `uv.lock`.
    Pinned,
    /// Whenever the files say the same, although they leave versions open.
    Always,
    /// Never.
    Never,
}

/// What installs packages.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum InstallerText {
    /// uv where the host has it, else pip.
    Auto,
    /// uv; a host without it fails.
    Uv,
    /// `venv` and pip.
    Pip,
}

/// A command of the application's own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationTable {
    /// Its name, unique in the file.
    #[schemars(required, example = &"migrate")]
    pub(super) name: Option<At<String>>,
    /// When it runs.
    #[schemars(required, example = &"prepare")]
    pub(super) phase: Option<PhaseText>,
    /// The roles whose hosts run it: `web`, `services - web`, the first (`static[0]`) and the others (`static[1:]`). Every
    /// host if left out.
    #[schemars(example = ["web"])]
    pub(super) roles: Option<At<Vec<At<String>>>>,
    /// Run it only on the first of those hosts, in the order of the file.
    #[schemars(example = true)]
    pub(super) once: Option<bool>,
    /// Run it on one host at a time.
    #[schemars(example = true)]
    pub(super) serial: Option<bool>,
    /// How long it may take on one host: `90s`, `10m`, `1h30m`.
    #[schemars(example = &"10m")]
    pub(super) timeout: Option<At<String>>,
    /// Text for the host's `sh`, run inside the new release.
    #[schemars(example = &"python_env/bin/python manage.py migrate --noinput")]
    pub(super) run: Option<At<String>>,
    /// Instead of `run`: wait until a check succeeds.
    #[schemars(example = serde_json::json!({"check": "./ready", "max": "5m"}))]
    pub(super) wait: Option<At<WaitTable>>,
    /// How often `run` is tried before it has failed; once if left out.
    #[schemars(example = serde_json::json!({"times": 3, "every": "5s", "factor": 2}))]
    pub(super) retry: Option<At<RetryTable>>,
    /// Files of the release that the command reads, as patterns: where they, the command and `outputs` are those of an
    /// earlier release in which it succeeded, it is skipped.
    #[schemars(example = ["package.json", "src/**"])]
    pub(super) inputs: Option<At<Vec<At<String>>>>,
    /// What the command makes in the release: copied from the earlier release when it is skipped.
    #[schemars(example = ["node_modules"])]
    pub(super) outputs: Option<At<Vec<At<String>>>>,
    /// The operation migrates a database, or changes something else that outlives releases.
    #[schemars(example = serde_json::json!({"pending": "./pending-migrations", "backup": "./backup"}))]
    pub(super) migrate: Option<At<MigrateTable>>,
    /// How it is taken back: `true` runs it again in the old release, a text runs that instead.
    #[schemars(example = true)]
    pub(super) undo: Option<At<UndoText>>,
    /// Run it again in a resumed deploy even if it was done before.
    #[schemars(example = true)]
    pub(super) always: Option<bool>,
    /// The user it runs as, by sudo or doas.
    #[serde(rename = "become")]
    #[schemars(example = &"root")]
    pub(super) becoming: Option<At<BecomeText>>,
    /// The secrets it gets, each as a variable of that name.
    #[schemars(example = ["DB_PASSWORD"])]
    pub(super) secrets: Option<Vec<At<String>>>,
}

/// When an operation runs.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PhaseText {
    /// Before anything is changed; it may only read.
    Check,
    /// While the new release is built; nothing live changes.
    Prepare,
    /// Right before a host switches.
    BeforeFlip,
    /// Right after a host has switched; a failure switches all hosts back.
    AfterFlip,
    /// When all hosts have switched; never undone.
    Finish,
}

/// Whether to run the same again, or what to run instead.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum UndoText {
    Again(bool),
    Command(String),
}

/// A composition of operations.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskTable {
    /// A line for `relm tasks`.
    #[schemars(example = &"Build a private release and preindex in it")]
    pub(super) about: Option<At<String>>,
    /// Names of operations, and `setup-release` for building a release.
    #[schemars(required, example = ["setup-release", "preindex"])]
    pub(super) operations: Option<At<Vec<At<String>>>>,
}

/// One environment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvTable {
    /// Ask before changing anything here.
    #[schemars(example = true)]
    pub(super) confirm: Option<bool>,
    /// Accept host keys that nobody has compared, where ssh's configuration says `StrictHostKeyChecking accept-new` or
    /// `no`. For hosts that come and go, on networks you trust.
    #[schemars(example = true)]
    pub(super) accept_new_host_keys: Option<bool>,
    /// The secret that hosts are told when they ask the login for a password.
    #[schemars(example = &"LOGIN_PASSWORD")]
    pub(super) login_password: Option<At<String>>,
    /// What differs here from the file's `pre_connect`.
    pub(super) pre_connect: Option<PreConnectTable>,
    /// Whom to become here.
    #[serde(rename = "become")]
    #[schemars(example = &"app")]
    pub(super) becoming: Option<At<BecomeText>>,
    /// Secrets that come from elsewhere here.
    pub(super) secrets: Option<BTreeMap<At<String>, At<SecretTable>>>,
    /// What differs here from the file's `[app]`.
    pub(super) app: Option<AppTable>,
    /// What differs here from the file's `[source]`.
    pub(super) source: Option<At<SourceTable>>,
    /// What differs here from the file's `[release]`.
    pub(super) release: Option<ReleaseTable>,
    /// What differs here from the file's `[lock]`.
    pub(super) lock: Option<LockTable>,
    /// What differs here from the file's `[distribution]`.
    pub(super) distribution: Option<DistributionTable>,
    /// Who is told here besides; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(super) notify: Vec<NotifyTable>,
    /// What differs here from the file's `[python]`.
    pub(super) python: Option<At<PythonTable>>,
    /// Operations only of this environment; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(super) operations: Vec<OperationTable>,
    /// Services only of this environment; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(super) service: Vec<ServiceTable>,
    /// Signs of health only of this environment; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(super) health: Vec<HealthTable>,
    /// What differs here from the file's `[maintenance]`.
    pub(super) maintenance: Option<At<MaintenanceTable>>,
    /// Pools only of this environment; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(super) pool: Vec<PoolTable>,
    /// What differs here from the file's `[guards]`.
    pub(super) guards: Option<GuardsTable>,
    /// What may be busy only here; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(super) busy: Vec<BusyTable>,
    /// The hosts, in the order they switch.
    #[serde(default)]
    pub(super) hosts: BTreeMap<At<String>, At<HostTable>>,
}

/// One host.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HostTable {
    /// `[user@]host[:port]` as for ssh, or `local:` and a directory of this machine.
    #[schemars(required, example = &"deploy@web1.example.org:22")]
    pub(super) address: Option<At<String>>,
    /// The login, if `address` does not name it.
    #[schemars(example = &"deploy")]
    pub(super) user: Option<At<String>>,
    /// The port, if `address` does not name it.
    #[schemars(example = 22)]
    pub(super) port: Option<At<i64>>,
    /// What the host is for.
    #[schemars(example = ["web", "app"])]
    pub(super) roles: Option<Vec<At<String>>>,
}
