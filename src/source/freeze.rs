//! A source resolved once to one tree that no longer changes.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;

use crate::release::{Added, Kind, Manifest};

use super::error::SourceError;
use super::exclude::Exclude;
use super::gather::{Gathering, last_component};
use super::git::Git;
use super::spool::Spool;
use super::{Source, Wanted, archive, checkout, directory};

/// Where relm may write on this machine.
#[derive(Debug, Clone)]
pub struct Places {
    /// relm's cache directory: mirrors of repositories that are URLs.
    pub cache: PathBuf,
    /// For temporary files; the system's directory for them if none is named.
    pub scratch: Option<PathBuf>,
}

/// What a tree was made from, for people and records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What was asked for: `main of shop`, `dir site`, `DDGC-0.940.tar.gz`.
    pub source: String,
    /// The branch, tag or commit that was asked for, if it comes from git.
    pub reference: Option<String>,
    /// The commit, if it comes from git.
    pub commit: Option<String>,
    /// Patches on top of it, and other repositories beside it.
    pub added: Vec<Added>,
    /// The first line of the commit's message.
    pub subject: Option<String>,
    /// What a person should know: `3 uncommitted changes are not part of it`.
    pub note: Option<String>,
}

/// One tree, its contents in a temporary file that vanishes by itself.
#[derive(Debug)]
pub struct Frozen {
    /// What it was made from.
    pub origin: Origin,
    /// Every path.
    pub manifest: Manifest,
    /// Where each file's content begins in the spool.
    pub(super) offsets: BTreeMap<String, u64>,
    pub(super) spool: Spool,
    /// Where archives are made.
    pub(super) scratch: Option<PathBuf>,
    /// Seconds since 1970 for everything in it: the time of the commit; for directories and archives that of the newest
    /// entry. Not zero: web servers make `ETag` from time and size, and some build tools refuse years before 1980.
    pub(super) time: u64,
}

/// The last second that tar's own field can say (the year 2242); a hostile later one makes `tar` fail on the hosts.
const LATEST: u64 = 0o77_777_777_777;

/// What reading a source tells beside the tree.
pub(super) struct Told {
    pub(super) origin: Origin,
    pub(super) time: u64,
}

/// A text that is larger is none that anybody wants to read as a whole.
const LARGEST_TEXT: u64 = 4 << 20;

impl Frozen {
    /// The text of a file; nothing if it is not there, is no text, or is large.
    pub fn text(&self, path: &str) -> Option<String> {
        let Kind::File { size, .. } = &self.manifest.entries.get(path)?.kind else { return None };
        if *size > LARGEST_TEXT {
            return None;
        }
        let mut text = String::new();
        self.spool.content(*self.offsets.get(path)?, *size).read_to_string(&mut text).ok()?;
        Some(text)
    }
}

impl Wanted {
    /// Reads the source, once, into a tree. Blocks.
    pub fn freeze(&self, places: &Places) -> Result<Frozen, SourceError> {
        self.freeze_with(&Git::default(), places)
    }

    pub(super) fn freeze_with(&self, git: &Git, places: &Places) -> Result<Frozen, SourceError> {
        let exclude = Exclude::new(&self.exclude)?;
        let mut gathering = Gathering::new(exclude, places.scratch.as_deref())?;
        let is_git = matches!(self.source, Source::Git { .. });
        if !is_git && !self.patches.is_empty() {
            return Err(SourceError::PatchesWithoutGit);
        }
        let mut told = match &self.source {
            Source::Git { location, reference } => {
                let wish = checkout::Wish { location, reference: reference.as_deref(), patches: &self.patches };
                checkout::freeze(git, places, wish, &mut gathering)
            }
            Source::Directory(path) => directory::freeze(path, &mut gathering),
            Source::Archive { path, strip } => archive::freeze(path, *strip, &mut gathering),
        }?;
        for extra in &self.extra {
            told.origin.added.push(checkout::beside(git, places, extra, &mut gathering)?);
        }
        let (manifest, offsets, spool) = gathering.finish()?.ok_or_else(|| self.empty())?;
        Ok(Frozen {
            origin: told.origin,
            manifest,
            offsets,
            spool,
            scratch: places.scratch.clone(),
            time: told.time.min(LATEST),
        })
    }

    fn empty(&self) -> SourceError {
        let what = match &self.source {
            Source::Git { location, .. } => super::location::shown_location(location),
            Source::Directory(path) | Source::Archive { path, .. } => last_component(path),
        };
        let hint = match &self.source {
            Source::Archive { strip: 1.., .. } => "; does `strip` take off too many directories?",
            _ if !self.exclude.is_empty() => "; does `exclude` leave everything out?",
            Source::Directory(_) => "; does its .gitignore leave everything out?",
            _ => "",
        };
        SourceError::Empty { what, hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_hosts_can_read_one_tree_at_once() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<Frozen>();
        shared::<SourceError>();
    }
}
