//! The `retry` of an operation as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// How often a command is tried before it has failed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RetryTable {
    /// How often it is tried at most, the first time included.
    #[schemars(required, example = 3)]
    pub(in crate::config) times: Option<At<i64>>,
    /// The first pause between two attempts; 5 seconds if left out.
    #[schemars(example = &"5s")]
    pub(in crate::config) every: Option<At<String>>,
    /// How many times longer each pause is than the one before, up to 5 minutes; 1 if left out.
    #[schemars(example = 2)]
    pub(in crate::config) factor: Option<At<i64>>,
}
