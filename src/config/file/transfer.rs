//! `[[transfer]]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// A path of the release that one host has made for others, taken to them while the release is built.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct TransferTable {
    /// Stands for it in messages and records; unique among transfers and operations.
    #[schemars(required, example = &"compressed")]
    pub(in crate::config) name: Option<At<String>>,
    /// What to take: a file or a directory of the release, with all that is in it.
    #[schemars(required, example = &"staticfiles/CACHE")]
    pub(in crate::config) path: Option<At<String>>,
    /// The host that has it, as `roles` would name it: exactly one.
    #[schemars(required, example = &"static[0]")]
    pub(in crate::config) from: Option<At<String>>,
    /// The roles whose hosts get it, without the one that has it; every other host if left out. What stands at the path there
    /// goes.
    #[schemars(example = ["web", "static[1:]"])]
    pub(in crate::config) to: Option<At<Vec<At<String>>>>,
    /// The operation of `prepare` that it comes right after; behind all of them if left out.
    #[schemars(example = &"compress")]
    pub(in crate::config) after: Option<At<String>>,
}
