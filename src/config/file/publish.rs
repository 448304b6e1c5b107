//! `[[publish]]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// A path of each release that is published at a place outside of it, in the switch.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct PublishTable {
    /// A path of the release.
    #[schemars(required, example = &"share/docroot")]
    pub(in crate::config) from: Option<At<String>>,
    /// The place: absolute, or from `~/`.
    #[schemars(required, example = &"~/docroot")]
    pub(in crate::config) to: Option<At<String>>,
    /// How.
    #[schemars(required, example = &"mirror")]
    pub(in crate::config) mode: Option<At<PublishModeText>>,
    /// Patterns of paths below `from` that are not published.
    #[schemars(example = ["uploads"])]
    pub(in crate::config) exclude: Option<At<Vec<At<String>>>>,
    /// The roles whose hosts publish it; every host if left out.
    #[schemars(example = ["web"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
}

/// How a path is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum PublishModeText {
    /// The place is a link to it.
    Link,
    /// Each of its files is copied; what was published before and is there no more goes.
    Mirror,
    /// Each of its files is copied, and none goes.
    Overlay,
}
