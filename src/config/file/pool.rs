//! `[[pool]]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;
use super::BecomeText;

/// Hosts that share the requests of visitors: each is taken out of it while it switches.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct PoolTable {
    /// Its name, unique in the file.
    #[schemars(required, example = &"web")]
    pub(in crate::config) name: Option<At<String>>,
    /// The roles whose hosts are in it.
    #[schemars(required, example = ["web"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
    /// The roles whose hosts send the requests, and are told; the host itself if left out.
    #[schemars(example = ["proxy"])]
    pub(in crate::config) proxies: Option<At<Vec<At<String>>>>,
    /// nginx's file on these, with a line `server …;` for each host; relative to the home of the login, or absolute.
    #[schemars(example = &"/etc/nginx/sites-available/shop")]
    pub(in crate::config) nginx: Option<At<String>>,
    /// What the host is called in that file, with or without a port; its address if left out.
    #[schemars(example = &"{{ host }}.internal")]
    pub(in crate::config) server: Option<At<String>>,
    /// The command that tests nginx's files; `nginx -t` if left out.
    #[schemars(example = &"sudo -n nginx -t")]
    pub(in crate::config) test: Option<At<String>>,
    /// The command that has nginx read them; `nginx -s reload` if left out.
    #[schemars(example = &"sudo -n nginx -s reload")]
    pub(in crate::config) reload: Option<At<String>>,
    /// Instead of `nginx`: a command of your own that takes `$RELM_HOST`, which is called `$RELM_SERVER`, out.
    #[schemars(example = &"./balancer out \"$RELM_SERVER\"")]
    pub(in crate::config) drain: Option<At<String>>,
    /// The command that takes it in again.
    #[schemars(example = &"./balancer in \"$RELM_SERVER\"")]
    pub(in crate::config) undrain: Option<At<String>>,
    /// How many of its hosts must be in it at any time; 1 if left out.
    #[schemars(example = 1)]
    pub(in crate::config) min_healthy: Option<At<i64>>,
    /// How long requests that are under way have to end once it is out; 1 second if left out, "0s" for none.
    #[schemars(example = &"5s")]
    pub(in crate::config) wait: Option<At<String>>,
    /// The user that all of it is done as, by sudo or doas.
    #[serde(rename = "become")]
    #[schemars(example = &"root")]
    pub(in crate::config) becoming: Option<At<BecomeText>>,
}
