//! `[[notify]]` as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;

/// Somebody who is told of deploys and rollbacks: by exactly one of `url`, `command` and `mail`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct NotifyTable {
    /// Its name, unique in the file.
    #[schemars(required, example = &"chat")]
    pub(in crate::config) name: Option<At<String>>,
    /// A webhook, which gets JSON by POST; `{ secret = "NAME" }` if nobody may see where.
    #[schemars(example = &"https://hooks.example.org/deploys")]
    pub(in crate::config) url: Option<At<ValueText>>,
    /// Headers for the webhook: texts, or `{ secret = "NAME" }`.
    #[schemars(example = &serde_json::json!({}))]
    pub(in crate::config) headers: Option<BTreeMap<At<String>, At<ValueText>>>,
    /// A command of this machine that gets the JSON on its standard input, run by `sh` in this file's directory.
    #[schemars(example = &"./announce")]
    pub(in crate::config) command: Option<At<String>>,
    /// The secrets the command gets, each as a variable of that name.
    #[schemars(example = ["CHAT_TOKEN"])]
    pub(in crate::config) secrets: Option<At<Vec<At<String>>>>,
    /// Addresses to write to.
    #[schemars(example = ["ops@example.org"])]
    pub(in crate::config) mail: Option<At<Vec<At<String>>>>,
    /// The program that sends the mail; `/usr/sbin/sendmail` if left out.
    #[schemars(example = &"/usr/sbin/sendmail")]
    pub(in crate::config) sendmail: Option<At<String>>,
    /// What it is told of; everything if left out.
    #[schemars(example = ["failure", "rollback"])]
    pub(in crate::config) on: Option<Vec<OccasionText>>,
    /// How long it may take: `10s` if left out.
    #[schemars(example = &"10s")]
    pub(in crate::config) timeout: Option<At<String>>,
}

/// A text, or the name of a secret.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum ValueText {
    Plain(String),
    Secret(SecretValue),
}

/// The name of a secret.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct SecretValue {
    /// The secret.
    #[schemars(required, example = &"CHAT_URL")]
    pub(in crate::config) secret: Option<String>,
    /// What stands before it: `"Bearer "`.
    #[schemars(example = &"Bearer ")]
    pub(in crate::config) before: Option<String>,
}

/// What can be told.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum OccasionText {
    /// A deploy, a rollback or a converge begins.
    Start,
    /// A deploy or a converge has succeeded.
    Success,
    /// It has failed, or was interrupted.
    Failure,
    /// A wait ran out of time.
    Paused,
    /// A rollback has succeeded.
    Rollback,
}
