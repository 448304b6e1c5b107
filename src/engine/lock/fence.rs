//! One run's hold on one host, which every script that changes something there must have: see `fence.sh`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::script::Script;

/// One run's hold on one host.
#[derive(Debug, Clone)]
pub struct Fence {
    /// The holder's directory there, absolute.
    pub(super) directory: String,
    /// What its token must be.
    pub(super) token: String,
    /// How long the host is tried again when it is lost.
    pub(in crate::engine) patience: Duration,
    free: Arc<AtomicBool>,
    stays: Arc<AtomicBool>,
}

/// The exit code of a script that found its lock gone and did nothing.
pub(in crate::engine) const LOST: u32 = 93;

/// Says whether the lock is gone; an app's own exit code may be the same as ours.
pub(in crate::engine) const IS_LOST: &str =
    r#"! { { read -r now <"$relm_lock/token"; } 2>/dev/null && [ "$now" = "$relm_token" ]; }"#;

impl Fence {
    pub(super) fn new(directory: &str, token: &str, patience: Duration) -> Self {
        Self {
            directory: directory.to_owned(),
            token: token.to_owned(),
            patience,
            free: Arc::default(),
            stays: Arc::default(),
        }
    }

    /// Notes that the host has said that it is free.
    pub(in crate::engine) fn note_free(&self) {
        self.free.store(true, Ordering::Relaxed);
    }

    /// Says whether no script of the run's is to give it back.
    pub(in crate::engine) fn stays(&self) -> bool {
        self.stays.load(Ordering::Relaxed)
    }

    pub(super) fn stay(&self) {
        self.stays.store(true, Ordering::Relaxed);
    }

    /// Says whether it was given back in a script of the run's.
    pub(super) fn is_free(&self) -> bool {
        self.free.load(Ordering::Relaxed)
    }

    /// Where output is kept of scripts that outlive their connection.
    pub(in crate::engine) fn output(&self) -> String {
        format!("{}/out", self.directory)
    }

    /// Gives a script the lock's directory and token.
    pub(in crate::engine) fn set(&self, script: Script) -> Script {
        script.set("relm_lock", &self.directory).set("relm_token", &self.token)
    }
}
