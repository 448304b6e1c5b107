//! What a connection needs to know about this machine and this run.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::KeyFiles;
use super::jump::Jumps;
use crate::secret::Secret;

/// Asks a person for a passphrase.
pub type Ask = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Tells a person.
pub type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// What is the same for all hosts of a run. Clones share the passphrases that were asked for and the connections to
/// jump hosts.
#[derive(Clone)]
pub struct Settings {
    /// The environment, for hints such as `relm trust ENV HOST`.
    pub environment: String,
    /// What stands before `trust` in such a hint.
    pub relm: String,
    /// The only configuration to read; without it `~/.ssh/config` and `/etc/ssh/ssh_config` are.
    pub config_file: Option<PathBuf>,
    /// The home directory of whoever runs relm.
    pub home: PathBuf,
    /// The name of whoever runs relm; the login where nothing else names one.
    pub local_user: String,
    /// The name of this machine.
    pub local_host: String,
    /// The environment variables of this run.
    pub variables: BTreeMap<String, String>,
    /// The socket of the ssh agent.
    pub agent: Option<PathBuf>,
    /// Hosts are lent an agent where `ForwardAgent` says so; jump hosts never.
    pub lends_agent: bool,
    /// Ports to knock at before each connection.
    pub knock: Option<Knock>,
    /// Hears of each key that is accepted though nobody has compared it, as `StrictHostKeyChecking accept-new` wants it.
    /// Without this none is.
    pub accept_new: Option<Warn>,
    /// What a host is told that asks the login for a password, in a person's place.
    pub password: Option<Secret>,
    /// Asks a person, without echo. `None` is the answer where nobody can be asked.
    pub ask: Ask,
    /// Keys opened so far, so that a passphrase is asked for once per run.
    pub keys: KeyFiles,
    /// Connections to jump hosts, one for all hosts behind each.
    pub jumps: Jumps,
}

/// What a firewall wants to hear before it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knock {
    /// Ports, in their order.
    pub ports: Vec<u16>,
    /// How long to wait at each for an answer that need not come.
    pub timeout: Duration,
}

impl Settings {
    /// Settings of somebody without an agent, whom nobody can ask.
    pub fn new(environment: impl Into<String>, home: impl Into<PathBuf>, local_user: impl Into<String>) -> Self {
        Self {
            environment: environment.into(),
            relm: "relm".to_owned(),
            config_file: None,
            home: home.into(),
            local_user: local_user.into(),
            local_host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            variables: BTreeMap::new(),
            agent: None,
            lends_agent: false,
            knock: None,
            accept_new: None,
            password: None,
            ask: Arc::new(|_| None),
            keys: KeyFiles::default(),
            jumps: Jumps::default(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("environment", &self.environment)
            .field("config_file", &self.config_file)
            .field("home", &self.home)
            .field("local_user", &self.local_user)
            .field("agent", &self.agent)
            .field("knock", &self.knock)
            .finish_non_exhaustive()
    }
}
