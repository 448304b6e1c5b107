//! Claims a release's name: the same on all hosts, by `mkdir`, which only one can win.

use futures_util::future::join_all;

use super::Machine;
use crate::fleet::HostName;
use crate::release::{Record, ReleaseName};
use crate::script::Script;
use crate::transport::{ExecError, Exit, Status};

/// Seconds tried before giving up: so many deploys do not begin at once.
const TRIES: usize = 120;
/// The claim script's exit code for a name that is taken.
const TAKEN: Status = Status::Code(92);

/// Says why no name could be claimed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// A host would not make the directories.
    #[error("{host} cannot make a new release: {reason}")]
    Host {
        /// The host.
        host: HostName,
        /// In its own words.
        reason: String,
    },
    /// Every name tried was taken.
    #[error(
        "no free release name was found, the last one tried was {0}; are two hosts of the file the same directory?"
    )]
    NoneFree(ReleaseName),
}

/// Claims the first free name from `record.name` on, on every machine, with its record. Returns the record as it
/// stands on the hosts then. It cannot be interrupted: a claim on half of the hosts would have to be taken back.
pub async fn claim(machines: &[Machine], record: &Record) -> Result<Record, ClaimError> {
    let mut record = record.clone();
    for _ in 0..TRIES {
        let answers = join_all(machines.iter().map(|machine| ask(machine, CLAIM, &record))).await;
        let won: Vec<bool> = answers.iter().map(|answer| matches!(answer, Ok(exit) if exit.status.success())).collect();
        if won.iter().all(|won| *won) {
            return Ok(record);
        }
        let winners = machines.iter().zip(&won).filter(|(_, won)| **won);
        join_all(winners.map(|(machine, _)| ask(machine, GIVE_BACK, &record))).await;
        for (machine, answer) in machines.iter().zip(answers) {
            if let Some(reason) = trouble(answer) {
                return Err(ClaimError::Host { host: machine.host.name.clone(), reason });
            }
        }
        record.name = record.name.next_second();
    }
    Err(ClaimError::NoneFree(record.name))
}

pub(super) fn trouble(answer: Result<Exit, ExecError>) -> Option<String> {
    match answer {
        Ok(exit) if exit.status.success() || exit.status == TAKEN => None,
        Ok(exit) if exit.stderr.trim().is_empty() => Some(exit.status.to_string()),
        Ok(exit) => Some(exit.stderr.trim().to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

pub(super) async fn ask(machine: &Machine, text: &'static str, record: &Record) -> Result<Exit, ExecError> {
    let json = serde_json::to_string(record).expect("a record is plain data");
    let script = Script::new(text)
        .set("base", machine.layout.base())
        .set("name", record.name.as_str())
        .set("record", json)
        .set("at", record.created.to_rfc3339());
    machine.transport.capture(&script, None).await
}

/// Makes the directory and its record.
const CLAIM: &str = include_str!("claim.sh");

/// Gives back a claim that others could not make. The directory is empty, or it is not ours to remove.
const GIVE_BACK: &str = r#"cd -- "$base/.relm/releases" || exit
rmdir -- "../../releases/$name" && rm -rf -- "$name""#;
