//! `[[service]]` as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;
use super::BecomeText;

/// Something that runs on hosts and has to follow the release.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ServiceTable {
    /// Its name, unique in the file.
    #[schemars(required, example = &"web")]
    pub(in crate::config) name: Option<At<String>>,
    /// What looks after it.
    #[schemars(required, example = &"supervisor")]
    pub(in crate::config) kind: Option<At<ServiceKindText>>,
    /// The roles whose hosts run it; every host if left out.
    #[schemars(example = ["web"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
    /// The only host that may run it.
    #[schemars(example = &"worker1")]
    pub(in crate::config) singleton: Option<At<String>>,
    /// A name for several services, for `relm services`.
    #[schemars(example = &"workers")]
    pub(in crate::config) group: Option<At<String>>,
    /// Names for some of its programs, for `relm services`: a name of a program for each, or several, where `*` and `?` stand for
    /// any signs and for one.
    #[schemars(example = "{ celery = \"*-celery*\" }")]
    pub(in crate::config) groups: Option<BTreeMap<At<String>, At<PatternsText>>>,
    /// What it is called there: programs and groups of supervisor, units of systemd, directories of daemontools.
    #[schemars(example = ["shop-web", "shop-worker"])]
    pub(in crate::config) programs: Option<At<Vec<At<String>>>>,
    /// Files beside this one, filled in for each host and kept in the release.
    #[schemars(example = ["templates/shop.conf"])]
    pub(in crate::config) templates: Option<At<Vec<At<String>>>>,
    /// Where these are copied when a host switches; relative to the home of the login, or absolute.
    #[schemars(example = &"/etc/supervisor/conf.d")]
    pub(in crate::config) into: Option<At<String>>,
    /// A command that looks at each of its new files on the host, before anything is switched; `{file}` is its path.
    #[schemars(example = &"visudo -cf {file}")]
    pub(in crate::config) check: Option<At<String>>,
    /// How it comes to run the new release; `restart` if left out.
    #[schemars(example = &"restart")]
    pub(in crate::config) strategy: Option<At<StrategyText>>,
    /// One host at a time.
    #[schemars(example = true)]
    pub(in crate::config) serial: Option<bool>,
    /// How long stopping and starting may take on one host; a minute if left out.
    #[schemars(example = &"1m")]
    pub(in crate::config) timeout: Option<At<String>>,
    /// The command that controls it, with its options; `supervisorctl`, `systemctl` or `svc` if left out.
    #[schemars(example = &"sudo -n supervisorctl")]
    pub(in crate::config) control: Option<At<String>>,
    /// Whose units these are: those of the machine, or of the user that does it, whose manager runs them; `system` if left out.
    #[schemars(example = &"user")]
    pub(in crate::config) scope: Option<At<UnitScopeText>>,
    /// A command of your own that starts it.
    #[schemars(example = &"sudo -n /usr/local/sbin/start_shop")]
    pub(in crate::config) start: Option<At<String>>,
    /// A command of your own that stops it.
    #[schemars(example = &"sudo -n /usr/local/sbin/stop_shop")]
    pub(in crate::config) stop: Option<At<String>>,
    /// A command of your own that restarts it; else it is stopped and started.
    #[schemars(example = &"sudo -n service shop restart")]
    pub(in crate::config) restart: Option<At<String>>,
    /// A command of your own that reloads it.
    #[schemars(example = &"sudo -n service nginx reload")]
    pub(in crate::config) reload: Option<At<String>>,
    /// A command of your own that exits with 0 while it runs.
    #[schemars(example = &"sudo -n service shop status")]
    pub(in crate::config) status: Option<At<String>>,
    /// A command of your own that prints the ids of its main processes.
    #[schemars(example = &"cat /run/shop.pid")]
    pub(in crate::config) pids: Option<At<String>>,
    /// Whether its processes must run from the new release; true if left out, and false with `strategy = "none"`.
    #[schemars(example = false)]
    pub(in crate::config) proof: Option<bool>,
    /// The user that all of it is done as, by sudo or doas.
    #[serde(rename = "become")]
    #[schemars(example = &"root")]
    pub(in crate::config) becoming: Option<At<BecomeText>>,
}

/// One pattern or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum PatternsText {
    One(String),
    Several(Vec<String>),
}

/// What looks after a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum ServiceKindText {
    /// supervisord.
    Supervisor,
    /// systemd.
    Systemd,
    /// supervise of daemontools, or a likeness of it.
    Daemontools,
    /// Commands of your own and nothing else.
    Command,
}

/// Whose units systemd looks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum UnitScopeText {
    /// The machine's.
    System,
    /// A user's own.
    User,
}

/// How a service comes to run the new release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum StrategyText {
    /// Told to read its files again, after the flip.
    Reload,
    /// Stopped and started, after the flip.
    Restart,
    /// Stopped before the flip and started after it.
    StopFlipStart,
    /// Not touched by a deploy: turned by hand and in tasks alone.
    None,
}
