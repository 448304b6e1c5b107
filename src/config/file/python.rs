//! `[python]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// The virtualenv of each release: from exactly one of `requirements`, `project` and `command`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct PythonTable {
    /// Requirements files of the release; `["requirements.txt"]` if nothing else is named.
    #[schemars(example = ["requirements.txt"])]
    pub(in crate::config) requirements: Option<At<Vec<At<String>>>>,
    /// Install what `pyproject.toml` asks for, as `uv.lock` pins it where there is one.
    #[schemars(example = true)]
    pub(in crate::config) project: Option<At<bool>>,
    /// A command of your own that fills the virtualenv, run in the release with the empty virtualenv active.
    #[schemars(example = &"poetry install --only main")]
    pub(in crate::config) command: Option<At<String>>,
    /// The interpreter, as a command on the host; `python3` if left out.
    #[schemars(example = &"python3")]
    pub(in crate::config) python: Option<At<String>>,
    /// The roles that get a virtualenv; every host if left out.
    #[schemars(example = ["app"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
    /// What installs packages; uv where the host has it if left out.
    #[schemars(example = &"auto")]
    pub(in crate::config) installer: Option<InstallerText>,
    /// The package index.
    #[schemars(example = &"https://pypi.example.org/simple")]
    pub(in crate::config) index: Option<At<String>>,
    /// More arguments for the installer.
    #[schemars(example = ["--require-hashes"])]
    pub(in crate::config) args: Option<Vec<At<String>>>,
    /// When an older release's virtualenv is used again, if requirements, interpreter and installer are the same.
    #[schemars(example = &"pinned")]
    pub(in crate::config) reuse: Option<ReuseText>,
    /// Commands that are run when the packages are installed, in the release with the virtualenv active; `pip` is that of the
    /// virtualenv, or uv's.
    #[schemars(example = ["pip install 'setuptools<81'"])]
    pub(in crate::config) post: Option<Vec<At<String>>>,
    /// Install from this directory alone, one of the release or an absolute one of the host, and from no index.
    #[schemars(example = &"wheels")]
    pub(in crate::config) offline: Option<At<String>>,
    /// A uv of this machine that is brought to hosts which have none; best a static build.
    #[schemars(example = &"~/.local/bin/uv")]
    pub(in crate::config) bring_uv: Option<At<String>>,
}

/// When an older release's virtualenv is used again.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum ReuseText {
    /// When every requirement is pinned: `==`, a hash, a commit or `uv.lock`.
    Pinned,
    /// Whenever the files say the same, although they leave versions open.
    Always,
    /// Never.
    Never,
}

/// What installs packages.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum InstallerText {
    /// uv where the host has it, else pip.
    Auto,
    /// uv; a host without it fails.
    Uv,
    /// `venv` and pip.
    Pip,
}
