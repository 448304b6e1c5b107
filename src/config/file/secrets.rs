//! `[secrets]`, `[[secret_files]]` and `become` as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// Where a secret comes from: exactly one of `env`, `file`, `command` and `ask`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct SecretTable {
    /// A variable of relm's own environment.
    #[schemars(example = &"DB_PASSWORD")]
    pub(in crate::config) env: Option<At<String>>,
    /// A file of this machine, relative to this file.
    #[schemars(example = &"~/.config/shop/master.key")]
    pub(in crate::config) file: Option<At<String>>,
    /// A command of this machine that prints it, run by `sh` in this file's directory.
    #[schemars(example = &"op read op://shop/db/password")]
    pub(in crate::config) command: Option<At<String>>,
    /// Ask for it, once a run and only on a terminal.
    #[schemars(example = true)]
    pub(in crate::config) ask: Option<At<bool>>,
}

/// A file of each release whose content is a secret.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct SecretFileTable {
    /// Where, inside the release.
    #[schemars(required, example = &"config/master.key")]
    pub(in crate::config) path: Option<At<String>>,
    /// The name of the secret.
    #[schemars(required, example = &"MASTER_KEY")]
    pub(in crate::config) secret: Option<At<String>>,
    /// The roles whose hosts get it; every host if left out.
    #[schemars(example = ["app"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
    /// Who it belongs to, if not to whoever writes it; only root can give files away.
    #[schemars(example = &"app")]
    pub(in crate::config) owner: Option<At<String>>,
    /// Its group, which whoever writes it has to be in; root can name any.
    #[schemars(example = &"www-data")]
    pub(in crate::config) group: Option<At<String>>,
    /// Who may read it: `0600`, `0400`, `0640` or `0440`; `0600` if left out.
    #[schemars(example = &"0440")]
    pub(in crate::config) mode: Option<At<String>>,
}

/// A user of the hosts, or a user and how to become them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum BecomeText {
    User(String),
    Table(BecomeTable),
}

/// A user of the hosts and how to become them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct BecomeTable {
    /// The user.
    #[schemars(required, example = &"app")]
    pub(in crate::config) user: Option<String>,
    /// What does it; sudo if left out.
    #[serde(rename = "with")]
    #[schemars(example = &"sudo")]
    pub(in crate::config) by: Option<ByText>,
    /// The secret that is the login's password, where sudo asks for one.
    #[schemars(example = &"SUDO_PASSWORD")]
    pub(in crate::config) password: Option<String>,
}

/// What makes one user another.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum ByText {
    /// `sudo -n`.
    Sudo,
    /// `doas -n`.
    Doas,
}
