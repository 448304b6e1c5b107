//! One host of an environment as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// One host.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct HostTable {
    /// `[user@]host[:port]` as for ssh, or `local:` and a directory of this machine.
    /// That of the host of the same name in `[hosts]` if left out.
    #[schemars(example = &"deploy@web1.example.org:22")]
    pub(in crate::config) address: Option<At<String>>,
    /// The login, if `address` does not name it.
    #[schemars(example = &"deploy")]
    pub(in crate::config) user: Option<At<String>>,
    /// The port, if `address` does not name it.
    #[schemars(example = 22)]
    pub(in crate::config) port: Option<At<i64>>,
    /// What the host is for.
    #[schemars(example = ["web", "app"])]
    pub(in crate::config) roles: Option<Vec<At<String>>>,
    /// Files of this host that are sourced before every command of yours, each absolute or from `~/`; a `?` behind one says
    /// that it may be missing. Here they take the place of the environment's.
    #[schemars(example = ["~/shop_config.sh"])]
    pub(in crate::config) source_files: Option<At<Vec<At<String>>>>,
}
