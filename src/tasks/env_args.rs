//! Which environment a task is about, and which component of it.

use clap::Args;

/// What nearly every task takes first.
#[derive(Debug, Clone, Default, Args)]
pub struct EnvArgs {
    /// Environment of Releases.toml; the default one if left out
    pub env: Option<String>,
    /// Component of it, instead of its main application; `ENV/COMPONENT` says the same
    pub component: Option<String>,
}

impl EnvArgs {
    /// Both as one word.
    pub fn named(&self) -> Option<String> {
        let env = self.env.as_ref()?;
        Some(self.component.as_ref().map_or_else(|| env.clone(), |component| format!("{env}/{component}")))
    }
}
