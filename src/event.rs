//! The vocabulary of a run: what `engine` says and `ui` shows.
//!
//! Each event is understood alone: it carries names, not indexes. [`Event::RunStarted`] is the first and lists every
//! step; [`Event::RunEnded`] is the last, exactly once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::fleet::{HostName, Scope};
use crate::release::ReleaseName;

/// An event and when it happened, by the controller's clock. One JSON object a line in `--json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Where in a run a step stands, and with it what may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Reads only.
    Check,
    /// Changes nothing live.
    Prepare,
    /// First part of the switch: right before a host's flip.
    BeforeFlip,
    /// The flip itself.
    Flip,
    /// Last part of the switch: right after a host's flip.
    AfterFlip,
    /// All hosts are switched; resumed, never undone.
    Finish,
}

impl Phase {
    /// The word for it in `Releases.toml`, JSON and records.
    pub fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Prepare => "prepare",
            Self::BeforeFlip => "before_flip",
            Self::Flip => "flip",
            Self::AfterFlip => "after_flip",
            Self::Finish => "finish",
        }
    }
}

/// One step as announced at the start of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepInfo {
    /// Unique in the run.
    pub name: String,
    /// Its phase.
    pub phase: Phase,
    /// The hosts it runs on, in order.
    pub hosts: Vec<HostName>,
    /// How many of them at a time, where that is not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<usize>,
}

/// What a step did on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It changed something.
    Changed,
    /// There was nothing to do.
    AlreadyDone,
    /// It does not apply, for this reason.
    Skipped(String),
    /// It waited in vain, as these words say; the run ends paused.
    Paused(String),
}

/// Why a step failed on a host, with the host's own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `exited 1`, `the connection was lost: …`.
    pub what: String,
    /// The app's command, as it stands in `Releases.toml`; nothing for relm's own scripts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The last lines the host said.
    pub said: Vec<String>,
}

/// How a run ended: in what state the fleet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All was done.
    Succeeded,
    /// What is live did not change: the run failed before it could, or there was nothing to do.
    NothingChanged,
    /// The switch failed and every host runs again what it ran before.
    PutBack,
    /// The run failed and hosts could not be put back: they run different releases, or something that was taken down stays
    /// down.
    Mixed,
    /// The new release is live and something after the flip is unfinished.
    LiveButUnfinished,
    /// A wait ran out of time; nothing live changed.
    Paused,
    /// A signal ended the run.
    Interrupted,
}

/// Which stream a line of output came from.
pub use crate::transport::Stream;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Always first.
    RunStarted {
        /// `deploy`, `rollback`, …
        task: String,
        /// The environment, or the component of it.
        #[serde(flatten)]
        env: Scope,
        /// The release it is about, where there is one.
        release: Option<ReleaseName>,
        /// All steps, in order.
        steps: Vec<StepInfo>,
        /// Whether nothing but this list will come.
        dry_run: bool,
    },
    /// The first host has begun a step.
    StepStarted {
        /// The step.
        step: String,
        /// Its phase.
        phase: Phase,
    },
    /// A host has begun a step.
    HostStarted {
        /// The step.
        step: String,
        /// The host.
        host: HostName,
    },
    /// A line the host said.
    Output {
        /// The step.
        step: String,
        /// The host.
        host: HostName,
        /// The stream.
        stream: Stream,
        /// Without its end.
        line: String,
        /// Whether it is a piece of a long line, with which the next one of the same stream goes on.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cut: bool,
    },
    /// How much of an upload has been sent.
    Progress {
        /// The step.
        step: String,
        /// The host.
        host: HostName,
        /// Bytes sent.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A host has finished a step.
    HostFinished {
        /// The step.
        step: String,
        /// The host.
        host: HostName,
        /// What it did.
        outcome: Outcome,
        /// How long it took.
        seconds: f64,
    },
    /// A step failed on a host.
    HostFailed {
        /// The step.
        step: String,
        /// The host.
        host: HostName,
        /// Why.
        failure: Failure,
        /// How long it took.
        seconds: f64,
    },
    /// A host of a failed switch was put back, or could not be.
    HostPutBack {
        /// The host.
        host: HostName,
        /// What it runs again; nothing if it ran nothing.
        release: Option<ReleaseName>,
        /// What could not be undone.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
    /// The last host has finished a step, or the step was given up.
    StepFinished {
        /// The step.
        step: String,
        /// Whether every host finished it.
        ok: bool,
    },
    /// Something a person should know that stops nothing.
    Warning {
        /// The host, if it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        host: Option<HostName>,
        /// A sentence.
        message: String,
    },
    /// Always last.
    RunEnded {
        /// In what state the fleet is, from a fresh look at the hosts.
        ending: Ending,
        /// What the process will exit with.
        exit_code: u8,
        /// What is live on each host now; nothing if nothing is, or if it could not be read.
        hosts: BTreeMap<HostName, Option<ReleaseName>>,
        /// Hosts that could not be read.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unread: Vec<HostName>,
        /// Hosts that could not be reached at the start: the run went on without them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        behind: Vec<HostName>,
        /// Why a run was refused or what it came to, where steps do not say it.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Commands to type next.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        next: Vec<String>,
    },
}

/// What all hosts serve that a run went on with; nothing where they differ, or one could not be read. In: what `RunEnded` tells.
pub fn live_on_all<'h>(
    hosts: &'h BTreeMap<HostName, Option<ReleaseName>>,
    unread: &[HostName],
    behind: &[HostName],
) -> Option<&'h Option<ReleaseName>> {
    let mut there = hosts.iter().filter(|(host, _)| !behind.contains(host));
    let (first, live) = there.next()?;
    let is_read = |host: &HostName| !unread.contains(host);
    (is_read(first) && there.all(|(host, other)| is_read(host) && other == live)).then_some(live)
}
