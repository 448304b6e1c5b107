//! `ssh_config`, as far as it says where a host is, who it must be and who we are there.
//!
//! relm reads the file as `ssh` does, because a deployment that reaches another machine than `ssh NAME` is the worst
//! thing it could do. What would change the machine or the keys and is not supported is therefore an error with its
//! place, never ignored; what changes neither (`LocalForward`, `ControlPath` …) is passed over.

mod algorithms;
mod conditions;
mod file;
mod jumps;
mod keywords;
mod line;
mod names;
mod read;
mod resolve;
mod scalars;
mod tokens;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use super::{Settings, error};
use crate::fleet::{Address, Host};
use crate::transport::{ConnectError, ConnectErrorKind};

pub(super) use algorithms::Algorithms;
pub(super) use jumps::Way;

/// Where a host is and what is agreed about it: `ssh_config` and `Releases.toml` together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    /// The name in `Releases.toml`, or that of a jump host.
    pub(super) name: String,
    /// The host of `Releases.toml` that is to be reached: `relm trust` takes its name.
    pub(super) trusted_as: String,
    /// The name ssh would be given.
    pub(super) given: String,
    /// `HostName`, or the address itself.
    pub(super) address: String,
    /// `Port`.
    pub(super) port: u16,
    /// `User`.
    pub(super) user: String,
    /// How to get there: `ProxyJump`, `ProxyCommand` or neither.
    pub(super) way: Way,
    /// `AddressFamily`.
    pub(super) family: Family,
    /// `BindAddress`.
    pub(super) bind_address: Option<String>,
    /// The names its key may be known under; the first is the one to write.
    pub(super) known_as: Vec<String>,
    /// The name a certificate must be made out to.
    pub(super) principal: String,
    /// `UserKnownHostsFile`.
    pub(super) user_known_hosts: Vec<PathBuf>,
    /// `GlobalKnownHostsFile`.
    pub(super) global_known_hosts: Vec<PathBuf>,
    /// `RevokedHostKeys`.
    pub(super) revoked_host_keys: Vec<PathBuf>,
    /// `StrictHostKeyChecking` would let a new key pass: `accept-new`, `no`.
    pub(super) lets_new_keys_pass: bool,
    /// `HashKnownHosts`.
    pub(super) hash_known_hosts: bool,
    /// `IdentityFile`s, or the usual ones.
    pub(super) identity_files: Vec<PathBuf>,
    /// `CertificateFile`s.
    pub(super) certificate_files: Vec<PathBuf>,
    /// `IdentitiesOnly`: keys of the agent count only if a file names them.
    pub(super) identities_only: bool,
    /// `IdentityAgent`, or the agent of this run.
    pub(super) agent: Option<PathBuf>,
    /// `ForwardAgent`: the agent that the host is lent, if Releases.toml asks for it too.
    pub(super) lent_agent: Option<PathBuf>,
    /// `PreferredAuthentications`, without what is switched off.
    pub(super) methods: Vec<Method>,
    /// `NumberOfPasswordPrompts`.
    pub(super) password_prompts: usize,
    /// `RequiredRSASize`.
    pub(super) smallest_rsa: usize,
    /// What to agree on.
    pub(super) algorithms: Algorithms,
    /// What `SetEnv` and `SendEnv` hand over; the host decides what it takes.
    pub(super) environment: Vec<(String, String)>,
    /// `ConnectTimeout`.
    pub(super) connect_timeout: Duration,
    /// `ConnectionAttempts`.
    pub(super) connection_attempts: u32,
    /// `ServerAliveInterval`.
    pub(super) alive_interval: Duration,
    /// `ServerAliveCountMax`.
    pub(super) alive_count: usize,
}

/// Which addresses to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Both.
    Any,
    /// IPv4.
    Four,
    /// IPv6.
    Six,
}

/// A way to say who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// `publickey`.
    PublicKey,
    /// `keyboard-interactive`: the host asks what it likes.
    Questions,
    /// `password`.
    Password,
}

impl Method {
    /// Its name in ssh's configuration.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PublicKey => "publickey",
            Self::Questions => "keyboard-interactive",
            Self::Password => "password",
        }
    }
}

/// Reads ssh's configuration for `host`. It may run commands (`Match exec`), so it must not be called where others wait.
pub(super) fn destination(host: &Host, settings: &Settings) -> Result<Destination, ConnectError> {
    let Address::Ssh { host: given, user, port } = &host.address else {
        let message = format!("{} is a directory of this machine and not reached through ssh", host.name);
        return Err(error(ConnectErrorKind::Configuration, message));
    };
    let asked = read::Asked { host: given, user: user.as_deref(), port: *port, jump: None, settings };
    let name = host.name.to_string();
    resolved(&name, &name, &asked, 0).map_err(|message| error(ConnectErrorKind::Configuration, message))
}

/// `depth` is how many hosts lie behind this one.
fn resolved(name: &str, trusted_as: &str, asked: &read::Asked<'_>, depth: usize) -> Result<Destination, String> {
    let values = read::values(asked)?;
    let way = jumps::way(trusted_as, asked, &values, depth)?;
    resolve::destination([name, trusted_as], way, asked, &values)
}

#[cfg(test)]
mod tests;
