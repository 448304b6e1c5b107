//! The `[lock]` table as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// The lock that every task takes which changes hosts.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct LockTable {
    /// A lock that several environments share: while one of them is changed, no other with this name can be.
    #[schemars(example = &"servers")]
    pub(in crate::config) name: Option<At<String>>,
    /// The host that keeps the shared lock: the name of any host in this file.
    #[schemars(example = &"web1")]
    pub(in crate::config) host: Option<At<String>>,
    /// How long a host waits for a relm whose connection has closed, before it ends what runs and is free: `10s`.
    #[schemars(example = &"10s")]
    pub(in crate::config) grace: Option<At<String>>,
    /// What becomes of it when a deploy does not come to its end: `free` (if left out), or `keep`: it stays taken for whoever
    /// deployed, until their deploy comes to its end or they give it back.
    #[schemars(example = &"keep")]
    pub(in crate::config) on_failure: Option<LeftLockText>,
}

/// What becomes of a lock after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum LeftLockText {
    /// Nobody has it.
    Free,
    /// The person who deployed has it.
    Keep,
}
