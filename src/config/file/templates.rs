//! `[[templates]]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;
use super::BecomeText;

/// A file that is filled in for each host.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct TemplateTable {
    /// A file beside this one, with holes as in Jinja: `{{ host }}`; or, as `release:PATH`, a file of the code that is deployed.
    #[schemars(required, example = &"templates/env")]
    pub(in crate::config) src: Option<At<String>>,
    /// Where it goes: a path in the release; or an absolute one, or one that begins with `~/`, outside of it. A file outside is
    /// changed when the host switches, and put back when the deploy fails or is rolled back.
    #[schemars(required, example = &".env")]
    pub(in crate::config) dest: Option<At<String>>,
    /// Its permissions; 0644 if left out, 0755 for a template that is a program, 0600 with secrets in it.
    #[schemars(example = &"0640")]
    pub(in crate::config) mode: Option<At<String>>,
    /// Who takes it to its place outside of the release, and runs its `check`: `root`, for places that are root's. Then it is
    /// root's too, unless something else is said.
    #[serde(rename = "become")]
    #[schemars(example = &"root")]
    pub(in crate::config) becoming: Option<At<BecomeText>>,
    /// Whose it is; the login's if left out.
    #[schemars(example = &"root")]
    pub(in crate::config) owner: Option<At<String>>,
    /// Its group.
    #[schemars(example = &"www-data")]
    pub(in crate::config) group: Option<At<String>>,
    /// The roles whose hosts get it; every host if left out.
    #[schemars(example = ["web"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
    /// A command that looks at the new file on the host, before the file is put in its place; `{file}` is its path.
    #[schemars(example = &"nginx -t -c {file}")]
    pub(in crate::config) check: Option<At<String>>,
    /// Names of the secrets that it may use as it uses other names.
    #[schemars(example = ["DB_PASSWORD"])]
    pub(in crate::config) secrets: Option<Vec<At<String>>>,
}
