//! `[maintenance]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;
use super::BecomeText;

/// How visitors are told that the site is being worked on.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct MaintenanceTable {
    /// The roles whose hosts tell them; every host if left out.
    #[schemars(example = ["proxy"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
    /// A file that is there meanwhile; relative to the environment's directory, or absolute.
    #[schemars(example = &"shared/maintenance")]
    pub(in crate::config) flag: Option<At<String>>,
    /// Another one, for `relm maintenance on --long`.
    #[schemars(example = &"shared/maintenance-long")]
    pub(in crate::config) long_flag: Option<At<String>>,
    /// A command of your own that switches it on; `RELM_MAINTENANCE` is `short` or `long`.
    #[schemars(example = &"./maintenance on")]
    pub(in crate::config) on: Option<At<String>>,
    /// A command of your own that switches it off.
    #[schemars(example = &"./maintenance off")]
    pub(in crate::config) off: Option<At<String>>,
    /// When it is switched on by itself; `never` if left out.
    #[schemars(example = &"switch")]
    pub(in crate::config) during: Option<DuringText>,
    /// Leave it on when a deploy fails.
    #[schemars(example = true)]
    pub(in crate::config) keep_on_failure: Option<bool>,
    /// The user that `on` and `off` run as, by sudo or doas.
    #[serde(rename = "become")]
    #[schemars(example = &"root")]
    pub(in crate::config) becoming: Option<At<BecomeText>>,
}

/// When maintenance is switched on by itself.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum DuringText {
    /// Only by hand.
    Never,
    /// While hosts switch, in every deploy and rollback.
    Switch,
}
