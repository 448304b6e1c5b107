//! Who is told of deploys, as the rest of the program knows them.

use std::collections::BTreeSet;
use std::time::Duration;

/// One of `[[notify]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notifier {
    /// Unique in the environment.
    pub name: String,
    /// How it is told.
    pub way: NotifyBy,
    /// Of what.
    pub on: BTreeSet<Occasion>,
    /// How long it may take.
    pub time_limit: Duration,
}

/// How somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifyBy {
    /// JSON by POST.
    Webhook {
        /// Where.
        url: Value,
        /// More headers.
        headers: Vec<(String, Value)>,
    },
    /// JSON on a command's standard input.
    Command {
        /// Text for `sh`.
        command: String,
        /// The secrets it gets, by name.
        secrets: Vec<String>,
    },
    /// A letter.
    Mail {
        /// The addresses.
        to: Vec<String>,
        /// The program that sends it.
        sendmail: String,
    },
}

/// A text that may end with a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The text.
    pub plain: String,
    /// The name of the secret behind it.
    pub secret: Option<String>,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// A run that flips begins.
    Start,
    /// It has succeeded.
    Success,
    /// It has failed.
    Failure,
    /// It is paused.
    Paused,
    /// It has succeeded, and was a rollback.
    Rollback,
}

impl Occasion {
    /// The word for it in `Releases.toml` and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Paused => "paused",
            Self::Rollback => "rollback",
        }
    }
}

impl Notifier {
    /// The names of the secrets it needs.
    pub fn secrets(&self) -> Vec<&str> {
        match &self.way {
            NotifyBy::Webhook { url, headers } => {
                let values = std::iter::once(url).chain(headers.iter().map(|(_, value)| value));
                values.filter_map(|value| value.secret.as_deref()).collect()
            }
            NotifyBy::Command { secrets, .. } => secrets.iter().map(String::as_str).collect(),
            NotifyBy::Mail { .. } => Vec::new(),
        }
    }
}
