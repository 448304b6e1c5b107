//! `[env.NAME]` as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;
use super::{
    AppTable, BecomeText, BusyTable, ComponentTable, DistributionTable, GuardsTable, HealthTable, HostTable, LockTable,
    MaintenanceTable, ManageTable, NotifyTable, OperationTable, PoolTable, PreConnectTable, PublishTable, PythonTable,
    ReleaseTable, SecretTable, ServiceTable, SourceTable, TemplateTable, TransferTable,
};

/// Whether to ask, or for which word.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum ConfirmText {
    Yes(bool),
    Typed(String),
}

/// One environment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct EnvTable {
    /// The environment whose settings hold here too, but for its hosts; what is said here goes before.
    #[schemars(example = &"production")]
    pub(in crate::config) inherits: Option<At<String>>,
    /// Ask before changing anything here; `"type:WORD"`: the word has to be typed then.
    #[schemars(example = true)]
    pub(in crate::config) confirm: Option<At<ConfirmText>>,
    /// The environment in which code must have been live before it is deployed here.
    #[schemars(example = &"staging")]
    pub(in crate::config) promote_from: Option<At<String>>,
    /// Accept host keys that nobody has compared, where ssh's configuration says `StrictHostKeyChecking accept-new` or
    /// `no`. For hosts that come and go, on networks you trust.
    #[schemars(example = true)]
    pub(in crate::config) accept_new_host_keys: Option<bool>,
    /// Lend hosts the ssh agent, where ssh's configuration says `ForwardAgent`. Whoever is root there can sign in with its keys
    /// meanwhile.
    #[schemars(example = true)]
    pub(in crate::config) forward_agent: Option<bool>,
    /// The secret that hosts are told when they ask the login for a password.
    #[schemars(example = &"LOGIN_PASSWORD")]
    pub(in crate::config) login_password: Option<At<String>>,
    /// What differs here from the file's `pre_connect`.
    pub(in crate::config) pre_connect: Option<PreConnectTable>,
    /// Whom to become here.
    #[serde(rename = "become")]
    #[schemars(example = &"app")]
    pub(in crate::config) becoming: Option<At<BecomeText>>,
    /// Files of the hosts that are sourced before every command of yours, each absolute or from `~/`; a `?` behind one says
    /// that it may be missing. Here they take the place of the file's.
    #[schemars(example = ["~/shop_config.sh"])]
    pub(in crate::config) source_files: Option<At<Vec<At<String>>>>,
    /// What differs here from the file's `[environment]`, name by name.
    pub(in crate::config) environment: Option<BTreeMap<At<String>, At<String>>>,
    /// Secrets that come from elsewhere here.
    pub(in crate::config) secrets: Option<BTreeMap<At<String>, At<SecretTable>>>,
    /// What differs here from the file's `[app]`.
    pub(in crate::config) app: Option<AppTable>,
    /// What differs here from the file's `[source]`.
    pub(in crate::config) source: Option<At<SourceTable>>,
    /// What differs here from the file's `[release]`.
    pub(in crate::config) release: Option<ReleaseTable>,
    /// What differs here from the file's `[lock]`.
    pub(in crate::config) lock: Option<LockTable>,
    /// What differs here from the file's `[distribution]`.
    pub(in crate::config) distribution: Option<DistributionTable>,
    /// Who is told here besides; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(in crate::config) notify: Vec<NotifyTable>,
    /// What differs here from the file's `[python]`.
    pub(in crate::config) python: Option<At<PythonTable>>,
    /// Operations only of this environment; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(in crate::config) operations: Vec<OperationTable>,
    /// Templates only of this environment; one with the `dest` of others of the file takes their place.
    #[serde(default)]
    pub(in crate::config) templates: Vec<TemplateTable>,
    /// What is published only here; one with the `to` of others of the file takes their place.
    #[serde(default)]
    pub(in crate::config) publish: Vec<PublishTable>,
    /// Transfers only of this environment; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(in crate::config) transfer: Vec<TransferTable>,
    /// Services only of this environment; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(in crate::config) service: Vec<ServiceTable>,
    /// Signs of health only of this environment; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(in crate::config) health: Vec<HealthTable>,
    /// What differs here from the file's `[maintenance]`.
    pub(in crate::config) maintenance: Option<At<MaintenanceTable>>,
    /// What differs here from the file's `[manage]`.
    pub(in crate::config) manage: Option<At<ManageTable>>,
    /// Pools only of this environment; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(in crate::config) pool: Vec<PoolTable>,
    /// What differs here from the file's `[guards]`.
    pub(in crate::config) guards: Option<GuardsTable>,
    /// What may be busy only here; one with the name of another of the file takes its place.
    #[serde(default)]
    pub(in crate::config) busy: Vec<BusyTable>,
    /// What differs here of the file's `[components]`, and components only of this environment.
    #[serde(default)]
    pub(in crate::config) components: BTreeMap<At<String>, At<ComponentTable>>,
    /// The hosts, in the order they switch.
    #[serde(default)]
    pub(in crate::config) hosts: BTreeMap<At<String>, At<HostTable>>,
}
