//! `[guards]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// What must hold before a deploy begins, and what is asked then.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct GuardsTable {
    /// Ask before something other than the file's own source is deployed, such as another branch.
    #[serde(rename = "ref")]
    #[schemars(example = &"confirm")]
    pub(in crate::config) reference: Option<ConfirmText>,
    /// When the very same code is live on all hosts: `skip` says so and does nothing, `confirm` asks.
    #[schemars(example = &"skip")]
    pub(in crate::config) same_code: Option<SameCodeText>,
    /// Show what commits that come say behind `Deployment:`, and ask whether it was read.
    #[schemars(example = &"confirm")]
    pub(in crate::config) notes: Option<ConfirmText>,
    /// When deploys may begin: days, times and a time zone.
    #[schemars(example = &"Mon-Fri 09:00-16:00 Europe/Berlin")]
    pub(in crate::config) window: Option<At<String>>,
    /// Whether the repository that this file stands in must have nothing uncommitted and be equal to its upstream.
    #[schemars(example = true)]
    pub(in crate::config) clean_repository: Option<bool>,
    /// The branch that repository must be on.
    #[schemars(example = &"main")]
    pub(in crate::config) branch: Option<At<String>>,
    /// Commands of this machine that must succeed first, run in the directory of this file.
    #[schemars(example = ["dzil test"])]
    pub(in crate::config) before: Option<Vec<At<String>>>,
    /// Questions, perhaps only on some days.
    #[serde(default)]
    pub(in crate::config) ask: Vec<QuestionTable>,
}

/// One question.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct QuestionTable {
    /// Its name; `--consent` goes by it.
    #[schemars(required, example = &"translations")]
    pub(in crate::config) name: Option<At<String>>,
    /// What is asked; yes lets the deploy begin.
    #[schemars(required, example = &"Did you update the translations?")]
    pub(in crate::config) question: Option<At<String>>,
    /// The days it is asked on, where relm runs; every day if left out.
    #[schemars(example = ["Tue"])]
    pub(in crate::config) days: Option<Vec<At<String>>>,
}

/// Asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum ConfirmText {
    /// Ask.
    Confirm,
}

/// What to do when nothing would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum SameCodeText {
    /// Say so and do nothing.
    Skip,
    /// Ask.
    Confirm,
}
