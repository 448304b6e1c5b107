//! The application, and where its code comes from, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// The application.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct AppTable {
    /// Its name; the directory's name if left out.
    #[schemars(example = &"shop")]
    pub(in crate::config) name: Option<At<String>>,
}

/// Where the code comes from: exactly one of `git`, `dir` and `archive`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct SourceTable {
    /// A git repository: a path relative to this file, or a URL.
    #[schemars(example = &".")]
    pub(in crate::config) git: Option<At<String>>,
    /// The branch, tag or commit of `git` to release; `HEAD` if left out.
    #[serde(rename = "ref")]
    #[schemars(example = &"main")]
    pub(in crate::config) reference: Option<At<String>>,
    /// A directory, relative to this file; `.gitignore` is honoured.
    #[schemars(example = &"dist")]
    pub(in crate::config) dir: Option<At<String>>,
    /// A `.tar`, `.tar.gz`, `.tar.zst` or `.zip` file, relative to this file.
    #[schemars(example = &"dist/shop.tar.gz")]
    pub(in crate::config) archive: Option<At<String>>,
    /// How many leading directories to take off every path of `archive`.
    #[schemars(example = 1)]
    pub(in crate::config) strip: Option<At<i64>>,
    /// Paths to leave out, in the language of `.gitignore`.
    #[schemars(example = ["*.pyc"])]
    pub(in crate::config) exclude: Option<Vec<At<String>>>,
    /// Patches as `git format-patch` writes them, relative to this file, put on top of the commit of `git` in their order.
    #[schemars(example = ["fixes/login.patch"])]
    pub(in crate::config) patches: Option<Vec<At<String>>>,
    /// Other repositories, each in a directory of the release.
    pub(in crate::config) extra: Option<Vec<ExtraTable>>,
    /// The tag that a successful deploy sets in `git`; `{app}`, `{env}` and `{release}` stand for themselves.
    #[schemars(example = &"deployed-{env}-{release}")]
    pub(in crate::config) tag: Option<At<String>>,
    /// Push the tag: to `origin` of a directory, or to the URL.
    #[schemars(example = true)]
    pub(in crate::config) push_tag: Option<At<bool>>,
}

/// Another repository in a directory of the release.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct ExtraTable {
    /// The repository: a path relative to this file, or a URL.
    #[schemars(required, example = &"https://git.example.org/shop-theme.git")]
    pub(in crate::config) git: Option<At<String>>,
    /// Its branch, tag or commit; `HEAD` if left out.
    #[serde(rename = "ref")]
    #[schemars(example = &"main")]
    pub(in crate::config) reference: Option<At<String>>,
    /// The directory, which the source itself must not have.
    #[schemars(required, example = &"themes/shop")]
    pub(in crate::config) path: Option<At<String>>,
}
