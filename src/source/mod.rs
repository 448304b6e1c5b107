//! Where code comes from, and one frozen tree of it.
//!
//! A source is read once. Every file is hashed in the pass that copies it into a temporary file, so the manifest and the
//! contents agree even if the source changes meanwhile. What all sources share (legal names, `exclude`, one entry a path)
//! stands in `gather`; `git`, `directory` and `archive` only bring paths and contents to it.

mod archive;
mod checkout;
mod directory;
mod error;
mod exclude;
mod export;
mod freeze;
mod gather;
mod git;
mod lfs;
mod location;
mod log;
mod manifests;
mod mirror;
mod names;
mod pack;
mod pax;
mod reference;
mod spool;
mod submodules;
mod tag;
mod untar;
mod unzip;

#[cfg(test)]
mod fixture;

use std::path::PathBuf;

pub use error::{Refusal, SourceError};
pub use freeze::{Frozen, Origin, Places};
pub use manifests::Manifests;
pub use pack::Packing;
pub use tag::Tag;

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
    /// A git repository, as it stands at one commit: a directory of this machine or a URL. Submodules are part of it;
    /// what `export-ignore` names and what is not committed are not. A directory inside a repository means all of it.
    Git {
        /// An absolute path or a URL.
        location: String,
        /// A branch, tag or commit; the repository's `HEAD` if none is named.
        reference: Option<String>,
    },
    /// A directory of this machine, read as git would: `.gitignore` files in it honoured, `.git` left out.
    Directory(PathBuf),
    /// An archive of this machine: `.tar`, `.tar.gz`, `.tgz`, `.tar.zst`, `.zip`.
    Archive {
        /// The file.
        path: PathBuf,
        /// Leading directories taken off every path.
        strip: u32,
    },
}
