//! Which file, and which of its environments, a command line means.

use std::path::{Path, PathBuf};

use super::suggest::did_you_mean;
use super::{Config, Environment};

/// Returns the nearest `Releases.toml` in `start` or the directories above it.
pub fn find(start: &Path) -> Option<PathBuf> {
    start.ancestors().map(|directory| directory.join("Releases.toml")).find(|file| file.is_file())
}

/// Says why no environment could be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// The file has several, and neither it nor the command line says which.
    #[error("name an environment: {}", known.join(", "))]
    NotNamed {
        /// All there are.
        known: Vec<String>,
    },
    /// There is none of that name.
    #[error("there is no environment {name:?}; there is {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// All there are.
        known: Vec<String>,
        /// `did you mean …?`, if one is near.
        hint: Option<String>,
    },
}

impl Config {
    /// Returns the environment called `name`; without one the default, else the only one.
    pub fn environment(&self, name: Option<&str>) -> Result<&Environment, EnvError> {
        let known = || self.envs.iter().map(|env| env.name.to_string()).collect::<Vec<_>>();
        let default = self.default_env.as_ref().map(crate::fleet::EnvName::as_str);
        match (name.or(default), self.envs.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(EnvError::NotNamed { known: known() }),
            (Some(name), envs) => envs.iter().find(|env| env.name.as_str() == name).ok_or_else(|| {
                let known = known();
                let words: Vec<_> = known.iter().map(String::as_str).collect();
                let hint = did_you_mean(name, &words).filter(|hint| hint.starts_with("did"));
                EnvError::Unknown { name: name.to_owned(), hint, known }
            }),
        }
    }
}
