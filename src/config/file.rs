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
mod component;
mod distribution;
mod env;
mod guards;
mod health;
mod host;
mod lock;
mod maintenance;
mod manage;
mod migrate;
mod notify;
mod operation;
mod pool;
mod pre_connect;
mod publish;
mod python;
mod release;
mod retry;
mod secrets;
mod service;
mod source;
mod templates;
mod transfer;
mod wait;
pub(super) use busy::{BusyKindText, BusyTable, OnBusyText, TmuxUsersText};
pub(super) use component::ComponentTable;
pub(super) use distribution::DistributionTable;
pub(super) use env::{ConfirmText, EnvTable};
pub(super) use guards::{GuardsTable, SameCodeText};
pub(super) use health::{HealthPhaseText, HealthTable, OnFailureText};
pub(super) use host::HostTable;
pub(super) use lock::{LeftLockText, LockTable};
pub(super) use maintenance::{DuringText, MaintenanceTable};
pub(super) use manage::ManageTable;
pub(super) use migrate::MigrateTable;
pub(super) use notify::{NotifyTable, OccasionText, ValueText};
pub(super) use operation::{OperationTable, PhaseText, TaskTable, UndoText};
pub(super) use pool::PoolTable;
pub(super) use pre_connect::PreConnectTable;
pub(super) use publish::{PublishModeText, PublishTable};
pub(super) use python::{InstallerText, PythonTable, ReuseText};
pub(super) use release::{BatchText, ReleaseTable};
pub(super) use retry::RetryTable;
pub(super) use secrets::{BecomeText, ByText, SecretFileTable, SecretTable};
pub(super) use service::{PatternsText, ServiceKindText, ServiceTable, StrategyText, UnitScopeText};
pub(super) use source::{AppTable, ExtraTable, SourceTable};
pub(super) use templates::TemplateTable;
pub(super) use transfer::TransferTable;
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
    /// Files of the hosts that are sourced before every command of yours, each absolute or from `~/`; a `?` behind one says
    /// that it may be missing. An environment, or a host, may have its own instead.
    #[schemars(example = ["~/shop_config.sh"])]
    pub(super) source_files: Option<At<Vec<At<String>>>>,
    /// Variables that every command of yours sees; no secrets. They may use the names of templates, but for `app`, `ref` and
    /// `service`. An environment may have more, or others of the same name.
    #[schemars(example = &serde_json::json!({ "PERL5LIB": "{{ release_path }}/local/lib/perl5" }))]
    pub(super) environment: Option<BTreeMap<At<String>, At<String>>>,
    /// Values that nothing may show, and where they come from.
    pub(super) secrets: Option<BTreeMap<At<String>, At<SecretTable>>>,
    /// Files of each release whose content is a secret.
    #[serde(default)]
    pub(super) secret_files: Vec<SecretFileTable>,
    /// Paths of each release that are published at places outside of it.
    #[serde(default)]
    pub(super) publish: Vec<PublishTable>,
    /// Files that are filled in for each host.
    #[serde(default)]
    pub(super) templates: Vec<TemplateTable>,
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
    /// Paths of the release that one host makes for others.
    #[serde(default)]
    pub(super) transfer: Vec<TransferTable>,
    /// What runs on the hosts and has to follow the release.
    #[serde(default)]
    pub(super) service: Vec<ServiceTable>,
    /// Signs that a host is well.
    #[serde(default)]
    pub(super) health: Vec<HealthTable>,
    /// How visitors are told that the site is being worked on.
    pub(super) maintenance: Option<At<MaintenanceTable>>,
    /// A command of the live release that `relm manage` adds words to.
    pub(super) manage: Option<At<ManageTable>>,
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
    /// Applications beside the main one, each with releases of its own: `relm deploy ENV COMPONENT`.
    #[serde(default)]
    #[schemars(example = &serde_json::json!({ "formplayer": { "source": { "archive": "formplayer.tar.gz" } } }))]
    pub(super) components: BTreeMap<At<String>, At<ComponentTable>>,
    /// Hosts that environments name: what is not said there stands here.
    #[serde(default)]
    #[schemars(example = &serde_json::json!({ "web1": { "address": "deploy@web1.example.org", "roles": ["web"] } }))]
    pub(super) hosts: BTreeMap<At<String>, At<HostTable>>,
    /// The environments: each a fleet of hosts, with its own settings where they differ.
    #[serde(default)]
    pub(super) env: BTreeMap<At<String>, EnvTable>,
}
