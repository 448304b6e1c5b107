//! `relm::ssh` against a real sshd.
//!
//! The tests named `pitfall_NN_…` hold russh to account, one for each trap that was found in it:
//!
//! - 16 (denial of service before 0.60.3) has none: what counts is the version, and Cargo.toml pins it.
//! - 12 has the agent play the token of a FIDO key, which a person would touch.
//! - 7 tests what is left of signals here: nothing dies with its channel. Ending commands is the control shell's work.

mod answers;
mod authorities;
mod decisions;
mod keys;
mod lending;
mod lost;
mod pacing;
mod servers;
pub(crate) mod terminal;
mod trust;
mod way;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use relm::ssh::{Settings, connect};
use relm::transport::{Channel, ConnectError, ConnectErrorKind, Heard, Link, Status};
use tokio::time::timeout;

use crate::sshd::{Sshd, host};

const MEGABYTE: usize = 1 << 20;

/// What a command said, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Said {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    ending: Option<Result<Status, String>>,
}

impl Said {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    fn succeeded(&self) -> bool {
        self.ending == Some(Ok(Status::Code(0)))
    }
}

async fn link(sshd: &Sshd) -> Arc<dyn Link> {
    connect(&host("web1"), &sshd.settings()).await.unwrap()
}

async fn refusal(settings: &Settings) -> ConnectError {
    connect(&host("web1"), settings).await.map(|_| ()).unwrap_err()
}

/// Hears a channel to its end.
async fn hear(mut channel: Channel) -> Said {
    drop(channel.input);
    let mut said = Said::default();
    while let Some(heard) = channel.output.recv().await {
        match heard {
            Heard::Stdout(bytes) => said.stdout.extend_from_slice(&bytes),
            Heard::Stderr(bytes) => said.stderr.extend_from_slice(&bytes),
            Heard::Closed(ending) => said.ending = Some(ending),
            Heard::Refused(reason) => said.ending = Some(Err(reason)),
        }
    }
    said
}

/// Starts a shell that reads `script`.
async fn shell(link: &Arc<dyn Link>, script: &str) -> Channel {
    let channel = link.open("/bin/sh").await.unwrap();
    channel.input.send(Bytes::from(format!("{script}\n"))).await.unwrap();
    channel
}

async fn run(link: &Arc<dyn Link>, script: &str) -> Said {
    hear(shell(link, script).await).await
}

/// Waits for something that must come soon.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), future).await.unwrap_or_else(|_| panic!("{what}: not within a minute"))
}

/// Waits until something holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon(what, waiting).await;
}

fn kind(error: &ConnectError) -> ConnectErrorKind {
    error.kind
}
