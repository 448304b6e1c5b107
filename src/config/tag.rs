//! The tag of a deploy.

use super::Environment;

/// `tag` and `push_tag` of `[source]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRules {
    /// With `{app}`, `{env}` (of a component: `ENV/COMPONENT`) and `{release}` in it.
    pub pattern: String,
    /// Whether it is pushed.
    pub push: bool,
}

impl TagRules {
    /// The tag of a release.
    pub fn name(&self, env: &Environment, release: &str) -> String {
        // Two components may have releases of the same second.
        let scope = env.name.to_string();
        self.pattern.replace("{app}", &env.app).replace("{env}", &scope).replace("{release}", release)
    }
}
