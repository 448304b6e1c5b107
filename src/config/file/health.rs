//! `[[health]]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::placed::At;
use super::BecomeText;

/// A sign that a host is well: exactly one of `http`, `tcp`, `file` and `command`, tried until it is there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct HealthTable {
    /// Its name, unique in the file.
    #[schemars(required, example = &"answers")]
    pub(in crate::config) name: Option<At<String>>,
    /// The roles whose hosts are looked at; every host if left out.
    #[schemars(example = ["web"])]
    pub(in crate::config) roles: Option<At<Vec<At<String>>>>,
    /// Only the first of those hosts, in the order of the file.
    #[schemars(example = true)]
    pub(in crate::config) once: Option<bool>,
    /// When it is looked for; `after_flip` if left out.
    #[schemars(example = &"after_flip")]
    pub(in crate::config) phase: Option<HealthPhaseText>,
    /// What becomes of it when the sign is not there in `finish`: `leave`, which is usual, `put_back` or `ask`.
    #[schemars(example = &"put_back")]
    pub(in crate::config) on_failure: Option<At<OnFailureText>>,
    /// An address that the host itself asks.
    #[schemars(example = &"http://127.0.0.1:8000/healthz")]
    pub(in crate::config) http: Option<At<String>>,
    /// The status that `http` must answer with; 200 if left out.
    #[schemars(example = 200)]
    pub(in crate::config) expect: Option<At<i64>>,
    /// Text that the answer of `http` must hold.
    #[schemars(example = &"{{ release }}")]
    pub(in crate::config) contains: Option<At<String>>,
    /// Header lines that `http` sends.
    #[schemars(example = ["Host: shop.example.org"])]
    pub(in crate::config) headers: Option<Vec<At<String>>>,
    /// A host and a port that take a connection, seen from the host.
    #[schemars(example = &"127.0.0.1:8000")]
    pub(in crate::config) tcp: Option<At<String>>,
    /// A file that is there; relative to the release, or absolute.
    #[schemars(example = &"run/ready")]
    pub(in crate::config) file: Option<At<String>>,
    /// Text for the host's `sh`, run in the release, that exits with 0.
    #[schemars(example = &"python_env/bin/python manage.py check")]
    pub(in crate::config) command: Option<At<String>>,
    /// How long it may take to come; a minute if left out.
    #[schemars(example = &"1m")]
    pub(in crate::config) within: Option<At<String>>,
    /// The pause between two attempts; a second if left out.
    #[schemars(example = &"1s")]
    pub(in crate::config) every: Option<At<String>>,
    /// How long one attempt of `http` and `tcp` may take; 5 seconds if left out.
    #[schemars(example = &"5s")]
    pub(in crate::config) timeout: Option<At<String>>,
    /// The user that looks as, by sudo or doas.
    #[serde(rename = "become")]
    #[schemars(example = &"app")]
    pub(in crate::config) becoming: Option<At<BecomeText>>,
}

/// What becomes of a release that all hosts have switched to and that is not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum OnFailureText {
    /// It stays live, and the run is unfinished.
    Leave,
    /// All hosts are put back to what they ran before.
    PutBack,
    /// Whoever sits at the terminal is asked; where nobody does, all hosts are put back.
    Ask,
}

/// When a host's health is looked at.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum HealthPhaseText {
    /// Before anything is changed.
    Check,
    /// After a host has switched; without it all hosts are put back.
    AfterFlip,
    /// When all hosts have switched; nothing is put back any more.
    Finish,
}
