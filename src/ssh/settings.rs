//! What a connection needs to know about this machine and this run.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::KeyFiles;

/// Asks a person for a passphrase.
pub type Ask = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What is the same for all hosts of a run. Clones share the passphrases that were asked for.
#[derive(Clone)]
pub struct Settings {
    /// The environment, for hints such as `relm trust ENV HOST`.
    pub environment: String,
    /// The only configuration to read; without it `~/.ssh/config` and `/etc/ssh/ssh_config` are.
    pub config_file: Option<PathBuf>,
    /// The home directory of whoever runs relm.
    pub home: PathBuf,
    /// The name of whoever runs relm; the login where nothing else names one.
    pub local_user: String,
    /// The socket of the ssh agent.
    pub agent: Option<PathBuf>,
    /// Asks a person, without echo. `None` is the answer where nobody can be asked.
    pub ask: Ask,
    /// Keys opened so far, so that a passphrase is asked for once per run.
    pub keys: KeyFiles,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("environment", &self.environment)
            .field("config_file", &self.config_file)
            .field("home", &self.home)
            .field("local_user", &self.local_user)
            .field("agent", &self.agent)
            .finish_non_exhaustive()
    }
}
