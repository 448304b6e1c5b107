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

impl Added {
    /// Says whether both come to the same, whatever it was asked for as.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Repository { path, commit, .. }, Self::Repository { path: at, commit: stands, .. }) => {
                (path, commit) == (at, stands)
            }
            _ => self == other,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::Added;

    /// A promoted release has the commit by its number, and not by what it was once asked for.
    #[test]
    fn a_repository_is_the_same_at_the_same_commit() {
        let theme = |source: &str, commit: &str| Added::Repository {
            path: "themes/x".to_owned(),
            source: source.to_owned(),
            commit: commit.to_owned(),
        };
        assert!(theme("main of theme", "19ce95").is_same(&theme("19ce95 of theme", "19ce95")));
        assert!(!theme("main of theme", "19ce95").is_same(&theme("main of theme", "20ad06")));
    }
}
