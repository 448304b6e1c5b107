//! `[components.NAME]` and `[env.NAME.components.NAME]` as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;
use super::{
    AppTable, BecomeText, BusyTable, ConfirmText, GuardsTable, HealthTable, LockTable, MaintenanceTable, ManageTable,
    NotifyTable, OperationTable, PoolTable, PublishTable, PythonTable, ReleaseTable, SecretFileTable, SecretTable,
    ServiceTable, SourceTable, TemplateTable, TransferTable,
};

/// An application beside the main one, with releases of its own.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ComponentTable {
    /// The hosts of the environment that it lives on; all if left out.
    #[schemars(example = ["formplayer"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
    /// Ask before changing anything of it; as the environment says if left out.
    #[schemars(example = true)]
    pub(in crate::config) confirm: Option<At<ConfirmText>>,
    /// Whom to become for it, if not whom the environment says.
    #[serde(rename = "become")]
    #[schemars(example = &"app")]
    pub(in crate::config) becoming: Option<At<BecomeText>>,
    /// Files of the hosts that are sourced before every command of it, in the place of the environment's.
    #[schemars(example = ["~/shop_config.sh"])]
    pub(in crate::config) source_files: Option<At<Vec<At<String>>>>,
    /// What differs for it from the environment's `[environment]`, name by name.
    pub(in crate::config) environment: Option<BTreeMap<At<String>, At<String>>>,
    /// More secrets, or the same from elsewhere.
    pub(in crate::config) secrets: Option<BTreeMap<At<String>, At<SecretTable>>>,
    /// Files of each release whose content is a secret.
    #[serde(default)]
    pub(in crate::config) secret_files: Vec<SecretFileTable>,
    /// What it is called, if not as the application.
    pub(in crate::config) app: Option<AppTable>,
    /// Where its code comes from: exactly one of `git`, `dir` and `archive`.
    pub(in crate::config) source: Option<At<SourceTable>>,
    /// How its releases are laid out, switched and kept; `root`, `batches`, `max_unreachable` and what is kept as the application's
    /// if left out.
    pub(in crate::config) release: Option<ReleaseTable>,
    /// What differs for it from the environment's `[lock]`.
    pub(in crate::config) lock: Option<LockTable>,
    /// Who is told of it besides; one with the name of another of the environment takes its place.
    #[serde(default)]
    pub(in crate::config) notify: Vec<NotifyTable>,
    /// The virtualenv of each of its releases; without this table there is none.
    pub(in crate::config) python: Option<At<PythonTable>>,
    /// Its own commands, in the order they run within a phase.
    #[serde(default)]
    pub(in crate::config) operations: Vec<OperationTable>,
    /// Files that are filled in for each host.
    #[serde(default)]
    pub(in crate::config) templates: Vec<TemplateTable>,
    /// Paths of each release that are published at places outside of it.
    #[serde(default)]
    pub(in crate::config) publish: Vec<PublishTable>,
    /// Paths of a release that one host makes and others take over.
    #[serde(default)]
    pub(in crate::config) transfer: Vec<TransferTable>,
    /// What runs on the hosts and has to follow its release.
    #[serde(default)]
    pub(in crate::config) service: Vec<ServiceTable>,
    /// Signs that a host is well.
    #[serde(default)]
    pub(in crate::config) health: Vec<HealthTable>,
    /// How visitors are told that it is being worked on.
    pub(in crate::config) maintenance: Option<At<MaintenanceTable>>,
    /// A command of its live release that `relm manage` adds words to.
    pub(in crate::config) manage: Option<At<ManageTable>>,
    /// Hosts that share the requests of visitors, and are taken out while they switch.
    #[serde(default)]
    pub(in crate::config) pool: Vec<PoolTable>,
    /// What must hold before a deploy begins; `window` and `clean_repository` as the application's if left out.
    pub(in crate::config) guards: Option<GuardsTable>,
    /// What may be busy: looked at before anything live of it is changed.
    #[serde(default)]
    pub(in crate::config) busy: Vec<BusyTable>,
}
