//! Where code comes from, and one frozen tree of it.
//!
//! A source is read once. Every file is hashed as it is copied into a temporary file, so the manifest and the
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
mod hands;
mod lfs;
mod location;
mod log;
mod manifests;
mod mirror;
mod names;
mod pack;
mod patches;
mod patience;
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

use crate::release::Added;

pub use error::{Refusal, SourceError};
pub use freeze::{Frozen, Origin, Places};
pub use manifests::Manifests;
pub use pack::Packing;
pub use patches::Patch;
pub use patience::fetch;
pub use tag::Tag;

/// What `Releases.toml` or the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is.
    pub source: Source,
    /// Paths left out, in the language of `.gitignore`.
    pub exclude: Vec<String>,
    /// Patches on top of a git source's commit, in their order.
    pub patches: Vec<Patch>,
    /// Other repositories, each in a directory of its own.
    pub extra: Vec<Extra>,
}

impl Wanted {
    /// A source with nothing left out and nothing added.
    pub fn of(source: Source) -> Self {
        Self { source, exclude: Vec::new(), patches: Vec::new(), extra: Vec::new() }
    }

    /// Names the commits of other repositories as they were when a release was begun.
    pub fn pin(&mut self, added: &[Added]) {
        for extra in &mut self.extra {
            let commit = added.iter().find_map(|added| match added {
                Added::Repository { path, commit, .. } if *path == extra.path => Some(commit),
                _ => None,
            });
            extra.reference = commit.cloned().or(extra.reference.take());
        }
    }
}

/// Another repository, in a directory of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// An absolute path or a URL.
    pub location: String,
    /// A branch, tag or commit; the repository's `HEAD` if none is named.
    pub reference: Option<String>,
    /// The directory, which the source itself must not have.
    pub path: String,
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
