//! What hosts say of their jobs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::release::ReleaseName;

/// A job on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobSeen {
    /// Its name.
    pub id: String,
    /// What was written down when it was started.
    #[serde(flatten)]
    pub about: AboutJob,
    /// How it stands.
    #[serde(flatten)]
    pub state: JobState,
}

/// What is written down when a job is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutJob {
    /// The operation, or the command's first word.
    pub name: String,
    /// The release it was started from.
    pub release: Option<ReleaseName>,
    /// The task that started it.
    pub task: String,
    /// The person.
    pub by: String,
    /// The machine relm ran on.
    pub machine: String,
    /// When, by the controller's clock.
    pub started: DateTime<Utc>,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// It runs.
    Running {
        /// Its first process, which leads a session of its own.
        process: u32,
    },
    /// It has ended.
    Ended {
        /// As a shell tells it: 128 and the number of a signal.
        exit_code: u8,
    },
    /// It was ended by `relm jobs stop`.
    Stopped {
        /// As a shell tells it.
        exit_code: u8,
    },
    /// Its process is not there any more, and nobody knows how it ended: the host went down, or it was killed.
    Gone,
}

impl JobState {
    fn read(word: &str, number: &str) -> Option<Self> {
        Some(match word {
            "running" => Self::Running { process: number.parse().ok()? },
            "ended" => Self::Ended { exit_code: number.parse().ok()? },
            "stopped" => Self::Stopped { exit_code: number.parse().ok()? },
            "gone" => Self::Gone,
            _ => return None,
        })
    }
}

/// Reads what `list.sh` says. Lines that cannot be understood are counted.
pub fn read_jobs(said: &str) -> (Vec<JobSeen>, usize) {
    let read = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let (word, number, id) = (words.next()?, words.next()?, words.next()?);
        let about = serde_json::from_str(words.next()?).ok()?;
        Some(JobSeen { id: id.to_owned(), about, state: JobState::read(word, number)? })
    };
    let jobs: Vec<JobSeen> = said.lines().filter_map(read).collect();
    let damaged = said.lines().count() - jobs.len();
    (jobs, damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_read_and_nonsense_is_counted() {
        let about =
            r#"{"name":"x","release":null,"task":"run","by":"Ann","machine":"desk","started":"2026-11-20T10:00:00Z"}"#;
        let said =
            format!("running 17 a {about}\nended 3 b {about}\ngone - c {about}\nrunning - d {about}\nended 1 e {{\n\n");
        let (jobs, damaged) = read_jobs(&said);
        let states: Vec<_> = jobs.iter().map(|job| (job.id.as_str(), job.state)).collect();
        let known =
            [("a", JobState::Running { process: 17 }), ("b", JobState::Ended { exit_code: 3 }), ("c", JobState::Gone)];
        assert_eq!((states.as_slice(), damaged), (&known[..], 3));
    }
}
