//! Who holds an environment: what stands in its lock.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Who holds an environment, since when and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The person: git identity or login.
    pub by: String,
    /// Their login there.
    #[serde(default)]
    pub login: String,
    /// The machine relm runs on.
    pub machine: String,
    /// relm's process there.
    pub pid: u32,
    /// `deploy`, `rollback` …
    pub task: String,
    /// Which environment: a lock can be shared by several.
    pub env: String,
    /// The reason given with `-m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when, by the controller's clock.
    pub since: DateTime<Utc>,
    /// The lock that several environments share, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
}

/// What a host says of its lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LockSeen {
    /// The run that holds it.
    pub holder: Option<Holder>,
    /// The release that run is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Its relm has closed the connection; without it the lock is free again soon.
    pub gone: bool,
    /// Commands of that run that still run: process group and step.
    pub running: Vec<(u32, String)>,
    /// The person who has taken it across runs.
    pub taken: Option<Holder>,
}

impl LockSeen {
    /// Takes one line of what the host tells; says whether it was understood.
    pub fn take(&mut self, line: &str) -> bool {
        let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
        match keyword {
            "by" => self.holder = serde_json::from_str(rest).ok(),
            "taken" => self.taken = serde_json::from_str(rest).ok(),
            "release" => self.release = Some(rest.to_owned()),
            "gone" => self.gone = true,
            "running" => {
                let (group, step) = rest.split_once(' ').unwrap_or((rest, ""));
                self.running.extend(group.parse().ok().map(|group| (group, step.to_owned())));
            }
            _ => return false,
        }
        true
    }

    /// Says whether nobody holds it.
    pub fn is_free(&self) -> bool {
        self.holder.is_none() && self.taken.is_none()
    }
}
