//! `pre_connect` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// What to do before every connection to a host.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct PreConnectTable {
    /// Ports to knock at, in this order, where a firewall opens ssh only then.
    #[schemars(example = [8255])]
    pub(in crate::config) knock: Option<Vec<At<i64>>>,
    /// How long to wait at each port; `1s` if left out.
    #[schemars(example = &"1s")]
    pub(in crate::config) timeout: Option<At<String>>,
}
