//! Who agreed to disturb something, and why.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

/// Somebody's consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// What it is about, by its name in `Releases.toml`.
    pub name: String,
    /// Who agreed, and why.
    pub words: String,
}

/// A consent that is wanted of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it is about, by its name in `Releases.toml`.
    pub name: String,
    /// Who can say.
    pub ask: Option<String>,
}

impl Wanted {
    /// What to do and to type next; `typed` is how the task was asked for.
    pub fn next(all: &[Self], typed: &str) -> Vec<String> {
        let asked = all.iter().filter_map(|wanted| Some(format!("ask {} about {}", wanted.ask.as_ref()?, wanted.name)));
        let consents: String = all.iter().map(|wanted| format!(" --consent {}=\"who: why\"", wanted.name)).collect();
        asked.chain([format!("{typed}{consents}")]).collect()
    }
}

/// The consents a run begins with. They are given when its plan stands already, and every clone knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consents(Arc<OnceLock<Vec<Consent>>>);

impl Consents {
    /// Gives them, once.
    pub fn give(&self, consents: Vec<Consent>) {
        let _ = self.0.set(consents);
    }

    /// Those that were given.
    pub fn given(&self) -> &[Consent] {
        self.0.get().map(Vec::as_slice).unwrap_or_default()
    }
}
