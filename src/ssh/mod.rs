//! Everything that names russh: the way to a host, who it is, who we are, and channels to it.
//!
//! The order of a connection is the order of the files: `config` says where, `dial` gets there over a `road` (or through
//! a `jump` host) at the `pace` hosts bear, `host_key` checks who answers (with `known_hosts` and `revoked`), `sign_in`
//! says who we are (with `agent`, `candidates`, `key_file`, `questions` and `signing`), `link` keeps the connection and `exec` starts
//! commands on it. `trust` writes down a key a person has compared. No russh type leaves this module.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may"))]

mod agent;
mod candidates;
mod config;
mod dial;
mod exec;
mod handshake;
mod host_key;
mod jump;
mod key_file;
mod known_hosts;
mod link;
mod pace;
mod pattern;
mod questions;
mod revoked;
mod road;
mod settings;
mod short_key;
mod sign_in;
mod signing;
mod trust;
mod wire;

use std::sync::Arc;

use crate::fleet::Host;
use crate::transport::{ConnectError, ConnectErrorKind, Link};

pub use jump::Jumps;
pub use key_file::KeyFiles;
pub use settings::{Ask, Knock, Settings, Warn};
pub use trust::{Machine, ServerKey, machines};

/// Connects to `host`, checks its key and signs in.
///
/// The link connects again by itself when a command is started on a connection that has died.
pub async fn connect(host: &Host, settings: &Settings) -> Result<Arc<dyn Link>, ConnectError> {
    let destination = destination(host, settings).await?;
    Ok(Arc::new(link::SshLink::connect(destination, settings.clone()).await?))
}

/// Reads the configuration where nobody else waits: it may have files on a slow disk, and commands to run.
async fn destination(host: &Host, settings: &Settings) -> Result<config::Destination, ConnectError> {
    let (host, settings) = (host.clone(), settings.clone());
    let reading = tokio::task::spawn_blocking(move || config::destination(&host, &settings));
    reading.await.unwrap_or_else(|e| Err(error(ConnectErrorKind::Configuration, e.to_string())))
}

/// What a host says, fit for a terminal: without anything that would act on it.
fn harmless(text: &str) -> String {
    let obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if obeyed(c) { ' ' } else { c }).take(500).collect()
}

fn error(kind: ConnectErrorKind, message: impl Into<String>) -> ConnectError {
    ConnectError { kind, message: message.into(), details: Vec::new() }
}
