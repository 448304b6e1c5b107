//! Which file, and which of its environments, a command line means.

use std::path::{Path, PathBuf};

use super::suggest::did_you_mean;
use super::{Config, Environment};
use crate::fleet::EnvName;

/// Returns the nearest `Releases.toml` in `start` or the directories above it.
pub fn find(start: &Path) -> Option<PathBuf> {
    start.ancestors().map(|directory| directory.join("Releases.toml")).find(|file| file.is_file())
}

/// Says why no environment, or no component of one, could be chosen.
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
    /// It is the name of a component.
    #[error("{name:?} is a component, and its environment is not named: {}", known.join(" or "))]
    EnvMissing {
        /// What was asked for.
        name: String,
        /// What may be meant, in words as they are typed.
        known: Vec<String>,
    },
    /// The environment has no such component.
    #[error("{env} has no component {name:?}; {}", if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) })]
    UnknownComponent {
        /// The environment.
        env: String,
        /// What was asked for.
        name: String,
        /// All it has.
        known: Vec<String>,
        /// `did you mean …?`, if one is near.
        hint: Option<String>,
    },
    /// The environment has components and no application beside them.
    #[error("{env} has components only: name {}", known.join(" or "))]
    ComponentMissing {
        /// The environment.
        env: String,
        /// What may be meant.
        known: Vec<String>,
    },
}

/// `did you mean …?`, if a known word is near.
fn nearly(name: &str, known: &[String]) -> Option<String> {
    let words: Vec<_> = known.iter().map(String::as_str).collect();
    did_you_mean(name, &words).filter(|hint| hint.starts_with("did"))
}

impl Config {
    /// Names of all environments, in the order of the file.
    pub fn env_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.envs.iter().map(|env| env.name.env.to_string()).collect();
        names.dedup();
        names
    }

    /// Every component of every environment, as it is typed.
    pub fn component_names(&self) -> Vec<String> {
        let components = self.envs.iter().filter(|env| env.name.component.is_some());
        components.map(|env| env.name.to_string()).collect()
    }

    /// Everything that can stand for an environment: its name, and that of each component behind it.
    pub fn scope_names(&self) -> Vec<String> {
        self.env_names().into_iter().chain(self.component_names()).collect()
    }

    /// Words that begin with an environment and a component of it, with both as one word.
    pub fn joined(&self, words: &[String]) -> Vec<String> {
        let [env, component, rest @ ..] = words else { return words.to_vec() };
        let name = format!("{env}/{component}");
        if !self.scope_names().contains(&name) {
            return words.to_vec();
        }
        std::iter::once(name).chain(rest.iter().cloned()).collect()
    }

    /// All that an environment deploys, or the one component that is named.
    pub fn applications(&self, name: Option<&str>) -> Result<Vec<&Environment>, EnvError> {
        match self.environment(name) {
            Ok(one) if name.is_some_and(|name| name.contains('/')) => Ok(vec![one]),
            Ok(Environment { name, .. }) => Ok(self.of(name.env.as_str())),
            Err(EnvError::ComponentMissing { env, .. }) => Ok(self.of(&env)),
            Err(error) => Err(error),
        }
    }

    fn of(&self, env: &str) -> Vec<&Environment> {
        self.envs.iter().filter(|known| known.name.env.as_str() == env).collect()
    }

    /// Returns what `name` says: `ENV`, its application, or `ENV/COMPONENT`. Without a name the default environment is meant,
    /// else the only one.
    pub fn environment(&self, name: Option<&str>) -> Result<&Environment, EnvError> {
        let names = self.env_names();
        let default = self.default_env.as_ref().map(EnvName::as_str);
        let only = if let [only] = names.as_slice() { Some(only.as_str()) } else { None };
        let Some(name) = name.or(default).or(only) else { return Err(EnvError::NotNamed { known: names }) };
        let (env, component) = name.split_once('/').map_or((name, None), |(env, component)| (env, Some(component)));
        let all = self.of(env);
        let called = |known: &Environment| known.name.component.as_ref().map(ToString::to_string);
        let found = all.iter().find(|known| called(known).as_deref() == component);
        match (found, component, all.as_slice()) {
            (_, _, []) => Err(self.unknown(env, component)),
            (Some(found), ..) => Ok(found),
            (None, None, [only]) => Ok(only),
            (None, None, all) => Err(EnvError::ComponentMissing {
                env: env.to_owned(),
                known: all.iter().map(|known| known.name.to_string()).collect(),
            }),
            (None, Some(name), all) => {
                let known: Vec<String> = all.iter().filter_map(|known| called(known)).collect();
                let hint = nearly(name, &known);
                Err(EnvError::UnknownComponent { env: env.to_owned(), name: name.to_owned(), known, hint })
            }
        }
    }

    fn unknown(&self, name: &str, component: Option<&str>) -> EnvError {
        let known = self.env_names();
        let is_meant = |env: &&Environment| env.name.component.as_ref().is_some_and(|known| known.as_str() == name);
        let meant: Vec<String> = self.envs.iter().filter(is_meant).map(|env| env.name.words()).collect();
        if component.is_none() && !meant.is_empty() {
            return EnvError::EnvMissing { name: name.to_owned(), known: meant };
        }
        EnvError::Unknown { name: name.to_owned(), hint: nearly(name, &known), known }
    }
}
