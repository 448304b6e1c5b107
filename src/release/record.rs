//! What stands in a host's records: who made a release, what became of it, and every change of what is live.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Added, Consent, ReleaseName};

/// Who made a release, from what and why; written before the release is built and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The release.
    pub name: ReleaseName,
    /// When it was asked for, by the controller's clock; the order of releases is the order of these times.
    pub created: DateTime<Utc>,
    /// The person: git identity or login.
    pub by: String,
    /// The machine relm ran on.
    pub machine: String,
    /// What was asked for, as a person says it: `main of shop`, `dir site`, `shop-1.4.tar.gz`.
    pub source: String,
    /// The branch, tag or commit that was asked for; for sources that are not git the same as `source`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The commit, where the source has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Patches on top of it, and other repositories beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<Added>,
    /// The hash of the tree's manifest: the same on all hosts.
    pub tree: String,
    /// A private release is built and never flipped.
    #[serde(default)]
    pub private: bool,
    /// The task that a private release was made by. Older records do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Never deleted before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_until: Option<DateTime<Utc>>,
    /// The reason given with `-m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The hosts it was claimed on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The steps it was to be made by, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<PlannedStep>,
}

impl Record {
    /// A record that says nothing yet but which release it is of and when that was asked for.
    pub fn new(name: ReleaseName, created: DateTime<Utc>) -> Self {
        Self {
            name,
            created,
            by: String::new(),
            machine: String::new(),
            source: String::new(),
            reference: String::new(),
            commit: None,
            added: Vec::new(),
            tree: String::new(),
            private: false,
            task: None,
            keep_until: None,
            message: None,
            hosts: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// As it stands on a host.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a record is plain data")
    }
}

/// One step as it was planned: enough to tell later whether `Releases.toml` has changed since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its name.
    pub name: String,
    /// Its phase, as `Releases.toml` writes it.
    pub phase: String,
    /// The app's command, as a short hash: its text may hold what is nobody's business on the hosts. Nothing for relm's own
    /// steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The roles it is for, if it is the app's and not for every host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Only on the first of its hosts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
}

/// What became of a release on one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Claimed, and not yet complete.
    Building,
    /// Every step before the switch has finished.
    Complete,
    /// What `current` points to.
    Live,
    /// Was live, and may be again.
    Retired,
    /// Was rolled back from; never chosen again.
    Bad,
    /// Could not be built, or was put back.
    Failed,
    /// Complete, and never meant to be live.
    Private,
}

impl State {
    /// The word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Complete => "complete",
            Self::Live => "live",
            Self::Retired => "retired",
            Self::Bad => "bad",
            Self::Failed => "failed",
            Self::Private => "private",
        }
    }

    /// Says whether every file and step of the release is there.
    pub fn is_complete(self) -> bool {
        matches!(self, Self::Complete | Self::Live | Self::Retired | Self::Private)
    }
}

/// How far a flip had come when its line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlipStage {
    /// Written before `current` is changed.
    Intent,
    /// Written after it was read back.
    Done,
    /// No change of what is live, but worth knowing: the lock was stolen, or maintenance was switched.
    Note,
}

/// One line of `history.jsonl`: a change of what is live on a host; or of `notes.jsonl` beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// When, by the controller's clock.
    pub at: DateTime<Utc>,
    /// When the run that did it began: the same on all hosts, which flip at moments of their own.
    #[serde(default)]
    pub run: DateTime<Utc>,
    /// Whether it was about to happen or had happened.
    pub stage: FlipStage,
    /// The task: `deploy`, `rollback`; `put_back` when a failed switch was undone.
    pub task: String,
    /// What was live before.
    pub from: Option<ReleaseName>,
    /// What is live after; none only when a first deploy was put back.
    pub to: Option<ReleaseName>,
    /// Who.
    pub by: String,
    /// The login there, which nobody chooses as freely as a name in git.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub login: String,
    /// As whom they were signed in on the host; nothing where nobody has to, and in older lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_user: Option<String>,
    /// From which machine.
    pub machine: String,
    /// Seconds since the run began; in the line of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// The source of the release, as in its record.
    #[serde(default)]
    pub source: String,
    /// The commit of the release, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The reason given with `-m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Who agreed to disturb what was busy then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Consent>,
}
