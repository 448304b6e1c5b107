//! Where code comes from, and one frozen tree of it.

use std::path::PathBuf;

/// What `Releases.toml` or the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is.
    pub source: Source,
    /// Paths left out, in the language of `.gitignore`.
    pub exclude: Vec<String>,
}

/// A place code can come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A git repository: a directory of this machine or a URL.
    Git {
        /// An absolute path or a URL.
        location: String,
        /// A branch, tag or commit; the repository's `HEAD` if none is named.
        reference: Option<String>,
    },
    /// A directory of this machine, read as git would: `.gitignore` honoured, `.git` left out.
    Directory(PathBuf),
    /// An archive of this machine: `.tar`, `.tar.gz`, `.tgz`, `.tar.zst`, `.zip`.
    Archive {
        /// The file.
        path: PathBuf,
        /// Leading directories taken off every path.
        strip: u32,
    },
}
