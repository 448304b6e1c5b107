//! What has releases of its own: an environment, or one component of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ComponentName, EnvName};

/// What a task is about, and a lock is held for. Its text is one word: `production`, `production/formplayer`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The environment.
    pub env: EnvName,
    /// The component; the main application if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentName>,
}

impl Scope {
    /// Its directory, below the root of releases.
    pub fn directory(&self) -> String {
        match &self.component {
            None => self.env.to_string(),
            Some(component) => format!("{}/components/{component}", self.env),
        }
    }

    /// What stands behind a task on a command line.
    pub fn words(&self) -> String {
        match &self.component {
            None => self.env.to_string(),
            Some(component) => format!("{} {component}", self.env),
        }
    }

    /// Variables that tell commands of it.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let component = self.component.as_ref().map(|component| ("RELM_COMPONENT", component.as_str()));
        std::iter::once(("RELM_ENV", self.env.as_str())).chain(component)
    }
}

impl From<EnvName> for Scope {
    fn from(env: EnvName) -> Self {
        Self { env, component: None }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.component {
            None => f.pad(self.env.as_str()),
            Some(component) => f.pad(&format!("{}/{component}", self.env)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_told_in_text_in_json_and_by_its_directory() {
        let env = EnvName::new("production").expect("a name");
        let whole = Scope::from(env.clone());
        assert_eq!((whole.to_string(), whole.directory()), ("production".to_owned(), "production".to_owned()));
        assert_eq!(serde_json::to_string(&whole).expect("JSON"), r#"{"env":"production"}"#);
        let scope = Scope { env, component: Some(ComponentName::new("formplayer").expect("a name")) };
        assert_eq!(scope.to_string(), "production/formplayer");
        assert_eq!(scope.directory(), "production/components/formplayer");
        let json = r#"{"env":"production","component":"formplayer"}"#;
        assert_eq!(serde_json::to_string(&scope).expect("JSON"), json);
        assert_eq!(serde_json::from_str::<Scope>(json).expect("a scope"), scope);
    }
}
