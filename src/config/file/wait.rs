//! The `wait` of an operation as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// A check that is run until it succeeds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WaitTable {
    /// Text for the host's `sh`, run inside the new release; exit code 0 ends the wait.
    #[schemars(example = &"./index-is-ready")]
    pub(in crate::config) check: Option<At<String>>,
    /// Instead of `check`: the operation above, with `job = true`, whose job is waited for. When it fails, so does the wait.
    #[schemars(example = &"preindex")]
    pub(in crate::config) job: Option<At<String>>,
    /// The first pause between two checks; 5 seconds if left out.
    #[schemars(example = &"5s")]
    pub(in crate::config) every: Option<At<String>>,
    /// How many times longer each pause is than the one before, up to 5 minutes; 1 if left out.
    #[schemars(example = 2)]
    pub(in crate::config) factor: Option<At<i64>>,
    /// How long to wait in all.
    #[schemars(required, example = &"5m")]
    pub(in crate::config) max: Option<At<String>>,
    /// What becomes of the run then; `pause` if left out.
    #[schemars(example = &"pause")]
    pub(in crate::config) on_timeout: Option<OnTimeoutText>,
}

/// What becomes of a run whose wait was in vain.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum OnTimeoutText {
    /// It ends, nothing live has changed, and `--resume` goes on there.
    Pause,
    /// It fails.
    Fail,
}
