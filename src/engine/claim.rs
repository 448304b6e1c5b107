//! Claims a release's name on a host, by `mkdir`, which only one can win.
//!
//! The first step of `prepare` does so, in its own script. The survey, under the lock, has seen which names are taken, so
//! a claim is lost only to somebody who goes past relm.

use std::fmt;

use super::{Machine, On, Operation, Work};
use crate::fleet::HostName;
use crate::release::Record;
use crate::script::Script;
use crate::transport::{ExecError, Exit};

/// A host would not make the directories, or give them up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ClaimError {
    /// The host.
    pub host: HostName,
    /// In its own words.
    pub reason: String,
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot make the release: {}", self.host, self.reason)
    }
}

/// The claim as a step of its own, where none of the plan's can carry it.
#[derive(Debug)]
pub(super) struct ClaimRelease;

impl Operation for ClaimRelease {
    fn name(&self) -> String {
        "claim_release".to_owned()
    }

    fn work(&self, _on: &On<'_>) -> Work {
        Work::ours(Script::new(":"))
    }

    fn is_journaled(&self) -> bool {
        false
    }

    fn joins(&self) -> bool {
        true
    }
}

/// The program text.
pub(super) const CLAIM: &str = include_str!("claim.sh");

/// `work`, once the record's name is claimed. Claimed already by the same run, it goes on.
pub(super) fn claiming(record: &Record, on: &On<'_>, work: Work) -> Work {
    let claim = set(Script::new(CLAIM), on.layout.base(), record).apart();
    let script = claim.then(&Script::new(r#"relm_status=$?; [ "$relm_status" -eq 0 ] || exit "$relm_status""#));
    Work { script: script.then(&work.script), ..work }
}

pub(super) fn trouble(answer: Result<Exit, ExecError>) -> Option<String> {
    match answer {
        Ok(exit) if exit.status.success() => None,
        Ok(exit) if exit.stderr.trim().is_empty() => Some(exit.status.to_string()),
        Ok(exit) => Some(exit.stderr.trim().to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

pub(super) async fn ask(machine: &Machine, text: &'static str, record: &Record) -> Result<Exit, ExecError> {
    machine.run_quietly("claim", set(Script::new(text), machine.layout.base(), record)).await
}

fn set(script: Script, base: &str, record: &Record) -> Script {
    script
        .set("base", base)
        .set("name", record.name.as_str())
        .set("record", record.to_json())
        .set("at", record.created.to_rfc3339())
}
