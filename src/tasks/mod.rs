//! What one types: a file a task, with its flags and the plan it makes. A task cannot call a task; it lists operations.

pub mod base;
mod batches;
mod building;
pub mod busy;
mod changes;
pub mod check;
pub mod clean_releases;
mod cleaning;
pub mod complete;
pub mod converge;
pub mod deploy;
pub mod diff;
mod done;
mod env_args;
pub mod filled;
mod healing;
pub mod history;
mod holding;
pub mod jobs;
pub mod keep;
pub mod lock;
pub mod maintenance;
pub mod manage;
pub mod own;
mod own_words;
pub mod parts;
pub mod pools;
pub mod promote;
mod publishing;
mod readiness;
pub mod redo;
mod refusal;
pub mod releases;
pub mod requirements;
pub mod resume;
pub mod rollback;
mod rolling;
pub mod run;
pub mod same;
mod schema;
pub mod services;
mod serving;
pub mod setup_release;
pub mod singletons;
mod sourcing;
pub mod standing;
pub mod status;
mod templates;
pub mod timings;
mod transfers;
mod typed;
mod unfinished;
pub mod verify;
mod wellness;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::config::Environment;
use crate::operations::{Actor, Parcels};
use crate::survey::Survey;

pub use done::Touched;
pub use env_args::EnvArgs;
pub use refusal::Refusal;
pub use typed::{command, name_file, relm};

/// What a task plans from: the file, and what was seen on the hosts.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The environment as `Releases.toml` describes it.
    pub env: &'a Environment,
    /// What stands on its hosts.
    pub survey: &'a Survey,
    /// Who acts, from where and why.
    pub actor: &'a Actor,
    /// The controller's clock when the run began.
    pub now: DateTime<Utc>,
}

/// Code that is ready to be sent.
#[derive(Debug, Clone, Default)]
pub struct Payload {
    /// What is sent to each host.
    pub parcels: Parcels,
    /// Bytes of disk it takes on a host.
    pub unpacked: u64,
    /// The hash of the tree's manifest.
    pub tree: String,
    /// Texts of templates that stand in it, by path.
    pub texts: BTreeMap<String, String>,
}

impl Payload {
    /// Code that stands on every host already, known by its tree: there is nothing to send.
    fn known(tree: &str) -> Self {
        Self { tree: tree.to_owned(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests;
