//! What a release holds beside the source that was asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One addition, as it stands in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Added {
    /// A patch on top of the commit.
    Patch {
        /// As `Releases.toml` names it.
        path: String,
        /// The hash of its text.
        sha256: String,
    },
    /// Another repository.
    Repository {
        /// The directory of the release it is in.
        path: String,
        /// What was asked for, as a person says it.
        source: String,
        /// The commit it stands at.
        commit: String,
    },
}

/// In the width of a table's cell.
impl fmt::Display for Added {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, id) = match self {
            Self::Patch { path, sha256 } => (path, sha256),
            Self::Repository { path, commit, .. } => (path, commit),
        };
        write!(f, "+ {path} {}", id.get(..10).unwrap_or(id))
    }
}
