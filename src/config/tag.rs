//! The tag of a deploy.

use super::Environment;

/// `tag` and `push_tag` of `[source]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRules {
    /// With `{app}`, `{env}` and `{release}` in it.
    pub pattern: String,
    /// Whether it is pushed.
    pub push: bool,
}

impl TagRules {
    /// The tag of a release.
    pub fn name(&self, env: &Environment, release: &str) -> String {
        self.pattern.replace("{app}", &env.app).replace("{env}", env.name.as_str()).replace("{release}", release)
    }
}
