//! `[[operations]]` and `[tasks.NAME]` as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;
use super::{BecomeText, MigrateTable, RetryTable, WaitTable};

/// A command of the application's own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct OperationTable {
    /// Its name, unique in the file.
    #[schemars(required, example = &"migrate")]
    pub(in crate::config) name: Option<At<String>>,
    /// When it runs.
    #[schemars(required, example = &"prepare")]
    pub(in crate::config) phase: Option<PhaseText>,
    /// The roles whose hosts run it: `web`, `services - web`, the first (`static[0]`) and the others (`static[1:]`). Every
    /// host if left out.
    #[schemars(example = ["web"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
    /// Run it only on the first of those hosts, in the order of the file.
    #[schemars(example = true)]
    pub(in crate::config) once: Option<bool>,
    /// Run it on one host at a time.
    #[schemars(example = true)]
    pub(in crate::config) serial: Option<bool>,
    /// Run it on so many hosts at a time.
    #[schemars(example = 4)]
    pub(in crate::config) max_parallel: Option<At<i64>>,
    /// A mistake where no host of an environment has its roles; left out, it is skipped there.
    #[schemars(example = true)]
    pub(in crate::config) required: Option<bool>,
    /// How long it may take on one host: `90s`, `10m`, `1h30m`.
    #[schemars(example = &"10m")]
    pub(in crate::config) timeout: Option<At<String>>,
    /// Text for the host's `sh`, run inside the new release.
    #[schemars(example = &"python_env/bin/python manage.py migrate --noinput")]
    pub(in crate::config) run: Option<At<String>>,
    /// Where it runs: a directory of the release, or an absolute path, from `~/` or a name as in templates. The release itself
    /// if left out.
    #[schemars(example = &"web/frontend")]
    pub(in crate::config) cwd: Option<At<String>>,
    /// Skips `run` on a host where this exits with 0; 1 says that it has to run, and anything else fails the operation.
    #[schemars(example = &"test -e ~/.cache/index-is-there")]
    pub(in crate::config) unless: Option<At<String>>,
    /// `run` has changed something only if it prints a line that fits this regular expression, as `grep -E` takes it.
    #[schemars(example = &"^[1-9][0-9]* static files? copied")]
    pub(in crate::config) changed_if: Option<At<String>>,
    /// Start `run` as a job of its own, which goes on when relm and its connection are gone; `relm jobs` shows it.
    #[schemars(example = true)]
    pub(in crate::config) job: Option<At<bool>>,
    /// How much is kept of what a job says: `KiB`, `MiB` or `GiB`; 64 MiB if left out.
    #[schemars(example = &"64MiB")]
    pub(in crate::config) log_max: Option<At<String>>,
    /// Instead of `run`: wait until a check succeeds.
    #[schemars(example = serde_json::json!({"check": "./ready", "max": "5m"}))]
    pub(in crate::config) wait: Option<At<WaitTable>>,
    /// How often `run` is tried before it has failed; once if left out.
    #[schemars(example = serde_json::json!({"times": 3, "every": "5s", "factor": 2}))]
    pub(in crate::config) retry: Option<At<RetryTable>>,
    /// Files of the release that the command reads, as patterns: where they, the command and `outputs` are those of an
    /// earlier release in which it succeeded, it is skipped.
    #[schemars(example = ["package.json", "src/**"])]
    pub(in crate::config) inputs: Option<At<Vec<At<String>>>>,
    /// What the command makes in the release: copied from the earlier release when it is skipped.
    #[schemars(example = ["node_modules"])]
    pub(in crate::config) outputs: Option<At<Vec<At<String>>>>,
    /// The operation migrates a database, or changes something else that outlives releases.
    #[schemars(example = serde_json::json!({"pending": "./pending-migrations", "backup": "./backup"}))]
    pub(in crate::config) migrate: Option<At<MigrateTable>>,
    /// How it is taken back: `true` runs it again in the old release, a text runs that instead.
    #[schemars(example = true)]
    pub(in crate::config) undo: Option<At<UndoText>>,
    /// Run it again in a resumed deploy even if it was done before.
    #[schemars(example = true)]
    pub(in crate::config) always: Option<bool>,
    /// The user it runs as, by sudo or doas.
    #[serde(rename = "become")]
    #[schemars(example = &"root")]
    pub(in crate::config) becoming: Option<At<BecomeText>>,
    /// Variables that it sees besides those of `[environment]`, or in their place; no secrets.
    #[schemars(example = serde_json::json!({"NODE_ENV": "production"}))]
    pub(in crate::config) environment: Option<BTreeMap<At<String>, At<String>>>,
    /// The secrets it gets, each as a variable of that name.
    #[schemars(example = ["DB_PASSWORD"])]
    pub(in crate::config) secrets: Option<Vec<At<String>>>,
}

/// When an operation runs.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum PhaseText {
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
pub(in crate::config) enum UndoText {
    Again(bool),
    Command(String),
}

/// A composition of operations.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct TaskTable {
    /// A line for `relm tasks`.
    #[schemars(example = &"Build a private release and preindex in it")]
    pub(in crate::config) about: Option<At<String>>,
    /// Names of operations, and `setup-release` for building a release, which transfers may follow. In a task that builds none
    /// also what relm does itself:
    /// `restart:web`, `drain:front`, `maintenance:on`, `health:up`, `clean_releases`.
    #[schemars(required, example = ["setup-release", "preindex"])]
    pub(in crate::config) operations: Option<At<Vec<At<String>>>>,
}
