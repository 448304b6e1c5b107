//! `[release]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// How releases are laid out, switched and kept.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ReleaseTable {
    /// The directory on the hosts; relative to the home of the login, or absolute. `www` if left out.
    #[schemars(example = &"www")]
    pub(in crate::config) root: Option<At<String>>,
    /// How many good releases to keep, the current one included; 3 if left out.
    #[schemars(example = 3)]
    pub(in crate::config) keep: Option<At<i64>>,
    /// How long failed releases, and those that were rolled back from, are kept at least; a day if left out.
    #[schemars(example = &"1d")]
    pub(in crate::config) keep_failed: Option<At<String>>,
    /// Nothing is removed before it has been out of use for so long; no time if left out.
    #[schemars(example = &"48h")]
    pub(in crate::config) min_age: Option<At<String>>,
    /// How many hosts switch at a time; the last entry repeats. All at once if left out.
    #[schemars(example = (1, "25%", "100%"))]
    pub(in crate::config) batches: Option<At<Vec<At<BatchText>>>>,
    /// How many hosts prepare a release at a time; all of them if left out.
    #[schemars(example = 10)]
    pub(in crate::config) max_parallel: Option<At<i64>>,
    /// How many hosts a deploy may go on without when they cannot be reached; none if left out.
    #[schemars(example = 1)]
    pub(in crate::config) max_unreachable: Option<At<BatchText>>,
    /// Directories that outlive releases, linked into each.
    #[schemars(example = ["media"])]
    pub(in crate::config) shared_dirs: Option<Vec<At<String>>>,
    /// Files that outlive releases, linked into each.
    #[schemars(example = ["localsettings.py"])]
    pub(in crate::config) shared_files: Option<Vec<At<String>>>,
    /// Paths to copy from the current release into the new one, if they are there.
    #[schemars(example = ["node_modules"])]
    pub(in crate::config) copy_from_current: Option<Vec<At<String>>>,
    /// A file that is written into each release and says which one it is: JSON.
    #[schemars(example = &"VERSION.json")]
    pub(in crate::config) version_file: Option<At<String>>,
    /// A file of the environment's directory with a line for each release that went live, its path; none if left out.
    #[schemars(example = &"RELEASES.txt")]
    pub(in crate::config) record_file: Option<At<String>>,
}

/// So many hosts, or so many of a hundred.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum BatchText {
    Hosts(i64),
    Percent(String),
}
