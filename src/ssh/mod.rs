//! Everything that names russh: the way to a host, who it is, who we are, and channels to it.
//!
//! The order of a connection is the order of the files: `config` says where, `dial` gets there at the `pace` hosts bear, `host_key` checks who
//! answers (with `known_hosts`), `sign_in` says who we are (with `agent`, `key_file` and `signing`), `link` keeps the connection
//! and `exec` starts commands on it. `trust` writes down a key a person has compared. No russh type leaves this module.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may"))]

mod agent;
mod config;
mod dial;
mod exec;
mod handshake;
mod host_key;
mod key_file;
mod known_hosts;
mod link;
mod pace;
mod pattern;
mod settings;
mod sign_in;
mod signing;
mod trust;
mod wire;

use std::sync::Arc;

use crate::fleet::Host;
use crate::transport::{ConnectError, ConnectErrorKind, Link};

pub use key_file::KeyFiles;
pub use settings::{Ask, Settings};
pub use trust::{ServerKey, host_keys, record_key};

/// Connects to `host`, checks its key and signs in.
///
/// The link connects again by itself when a command is started on a connection that has died.
pub async fn connect(host: &Host, settings: &Settings) -> Result<Arc<dyn Link>, ConnectError> {
    let destination = config::destination(host, settings)?;
    Ok(Arc::new(link::SshLink::connect(destination, settings.clone()).await?))
}

fn error(kind: ConnectErrorKind, message: impl Into<String>) -> ConnectError {
    ConnectError { kind, message: message.into(), details: Vec::new() }
}
