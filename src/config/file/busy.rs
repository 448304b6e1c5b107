//! `[[busy]]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;
use super::BecomeText;

/// Something on hosts that a change would disturb.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct BusyTable {
    /// Its name, unique in the file; `--consent` goes by it.
    #[schemars(required, example = &"spiders")]
    pub(in crate::config) name: Option<At<String>>,
    /// How to find out.
    #[schemars(required, example = &"scrapyd")]
    pub(in crate::config) kind: Option<At<BusyKindText>>,
    /// The roles whose hosts are looked at; every host if left out.
    #[schemars(example = ["scrapyd"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
    /// Look only at the first of those hosts, in the order of the file.
    #[schemars(example = true)]
    pub(in crate::config) once: Option<bool>,
    /// When to look: at the `start`, or `before:OPERATION`; at the start if left out. Before an operation of the switch or
    /// after it means: when every host is ready to flip.
    #[schemars(example = ["start", "before:restart"])]
    pub(in crate::config) when: Option<At<Vec<At<String>>>>,
    /// Look only if the task is going to run this operation.
    #[schemars(example = &"restart_postgres")]
    pub(in crate::config) only_if: Option<At<String>>,
    /// Who can say whether it may be disturbed.
    #[schemars(example = &"data support managers")]
    pub(in crate::config) ask: Option<At<String>>,
    /// What to do when it is busy, or when nobody can tell; `confirm` if left out.
    #[schemars(example = &"confirm")]
    pub(in crate::config) on_busy: Option<OnBusyText>,
    /// With `on_busy = "wait"`: the first pause between two looks; 5 seconds if left out.
    #[schemars(example = &"5s")]
    pub(in crate::config) every: Option<At<String>>,
    /// With `on_busy = "wait"`: how many times longer each pause is than the one before, up to 5 minutes; 2 if left out.
    #[schemars(example = 2)]
    pub(in crate::config) factor: Option<At<i64>>,
    /// With `on_busy = "wait"`: how long to wait in all.
    #[schemars(example = &"30m")]
    pub(in crate::config) max: Option<At<String>>,
    /// How long one look may take on a host; 10 seconds if left out.
    #[schemars(example = &"10s")]
    pub(in crate::config) timeout: Option<At<String>>,
    /// Of `scrapyd` and `http_json`: the address as the host sees it; `http://localhost:6800` for `scrapyd` if left out.
    #[schemars(example = &"http://localhost:6800")]
    pub(in crate::config) url: Option<At<String>>,
    /// Of `http_json`: the way to a value of the answer.
    #[schemars(example = &"queue.waiting")]
    pub(in crate::config) path: Option<At<String>>,
    /// Of `http_json`: when that value means busy, such as `> 0` or `!= idle`. Of `command`: `fails`, `succeeds` or
    /// `prints`; `fails` if left out.
    #[schemars(example = &"> 0")]
    pub(in crate::config) busy_if: Option<At<String>>,
    /// Of `tmux`: whose; `own` if left out.
    #[schemars(example = &"all")]
    pub(in crate::config) users: Option<At<TmuxUsersText>>,
    /// Of `tmux`: sessions and windows that are busy whatever they run. Without it, panes that run more than a shell.
    #[schemars(example = ["crawl"])]
    pub(in crate::config) names: Option<At<Vec<At<String>>>>,
    /// Of `pg_activity`: statements and transactions as old as this; `5m` if left out.
    #[schemars(example = &"1h")]
    pub(in crate::config) longer_than: Option<At<String>>,
    /// Of `pg_activity`: only those of this database user.
    #[schemars(example = &"kingfisher")]
    pub(in crate::config) owner: Option<At<String>>,
    /// Of `pg_activity`: only those of this application.
    #[schemars(example = &"pg_dump")]
    pub(in crate::config) application: Option<At<String>>,
    /// Of `pg_activity`: how psql is run; `psql` if left out.
    #[schemars(example = &"sudo -n -u postgres psql")]
    pub(in crate::config) psql: Option<At<String>>,
    /// Of `process`: an extended regular expression of POSIX, as `grep -E` takes it, that its command line matches.
    #[schemars(example = &"pg_dump")]
    pub(in crate::config) pattern: Option<At<String>>,
    /// Of `process`: only those of this user.
    #[schemars(example = &"postgres")]
    pub(in crate::config) user: Option<At<String>>,
    /// Of `command`: text for the host's `sh`.
    #[schemars(example = &"python_env/bin/python manage.py queue_is_empty")]
    pub(in crate::config) run: Option<At<String>>,
    /// The user that looks as, by sudo or doas.
    #[serde(rename = "become")]
    #[schemars(example = &"postgres")]
    pub(in crate::config) becoming: Option<At<BecomeText>>,
}

/// How to find out what is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum BusyKindText {
    /// Jobs of scrapyd.
    Scrapyd,
    /// Panes of tmux.
    Tmux,
    /// Statements and transactions of Postgres.
    PgActivity,
    /// Processes.
    Process,
    /// A value of a JSON document.
    HttpJson,
    /// Whatever a command says.
    Command,
}

/// What to do when something is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum OnBusyText {
    /// Refuse, unless `--consent` was given.
    Block,
    /// Ask who agreed and why; without a terminal, refuse.
    Confirm,
    /// Say it and go on.
    Warn,
    /// Look again until it is not, or until `max` has passed.
    Wait,
}

/// Whose tmux is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum TmuxUsersText {
    /// That of the login.
    Own,
    /// Everybody's.
    All,
}
