//! `ssh_config`, as far as it says where a host is, who it must be and who we are there.
//!
//! relm reads the file as `ssh` does, because a deployment that reaches another machine than `ssh NAME` is the worst
//! thing it could do. What would change the machine or the keys and is not supported is therefore an error with its
//! place, never ignored; what changes neither (`SendEnv`, `ForwardAgent`, `ControlPath` …) is passed over.

mod conditions;
mod file;
mod line;
mod read;
mod resolve;
mod tokens;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use super::{Settings, error};
use crate::fleet::{Address, Host, HostName};
use crate::transport::{ConnectError, ConnectErrorKind};

/// Where a host is and what is agreed about it: `ssh_config` and `Releases.toml` together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    /// The name in `Releases.toml`.
    pub(super) name: HostName,
    /// `HostName`, or the address itself.
    pub(super) address: String,
    /// `Port`.
    pub(super) port: u16,
    /// `User`.
    pub(super) user: String,
    /// The names its key may be known under; the first is the one to write.
    pub(super) known_as: Vec<String>,
    /// `UserKnownHostsFile`.
    pub(super) user_known_hosts: Vec<PathBuf>,
    /// `GlobalKnownHostsFile`.
    pub(super) global_known_hosts: Vec<PathBuf>,
    /// `HashKnownHosts`.
    pub(super) hash_known_hosts: bool,
    /// `IdentityFile`s, or the usual ones.
    pub(super) identity_files: Vec<PathBuf>,
    /// `IdentitiesOnly`: keys of the agent count only if a file names them.
    pub(super) identities_only: bool,
    /// `IdentityAgent`, or the agent of this run.
    pub(super) agent: Option<PathBuf>,
    /// `ConnectTimeout`.
    pub(super) connect_timeout: Duration,
    /// `ServerAliveInterval`.
    pub(super) alive_interval: Duration,
    /// `ServerAliveCountMax`.
    pub(super) alive_count: usize,
}

/// Reads ssh's configuration for `host`.
pub(super) fn destination(host: &Host, settings: &Settings) -> Result<Destination, ConnectError> {
    let Address::Ssh { host: given, user, port } = &host.address else {
        let message = format!("{} is a directory of this machine and not reached through ssh", host.name);
        return Err(error(ConnectErrorKind::Configuration, message));
    };
    let asked = read::Asked { host: given, user: user.as_deref(), port: *port, settings };
    read::values(&asked)
        .and_then(|values| resolve::destination(&host.name, &asked, &values))
        .map_err(|message| error(ConnectErrorKind::Configuration, message))
}

#[cfg(test)]
mod tests;
