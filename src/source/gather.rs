//! A tree while it is gathered: the rules every source's paths must keep.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::release::{Entry, Kind, Manifest};

use super::error::{Refusal, SourceError};
use super::exclude::Exclude;
use super::names::{legal, legal_target};
use super::spool::{CopyError, Spool};

/// A file as a source hands it over.
pub(super) struct Found<'a> {
    pub(super) executable: bool,
    pub(super) content: &'a mut dyn Read,
    /// What to name when reading fails.
    pub(super) origin: &'a Path,
}

/// A tree, where each file's content begins, and the contents.
pub(super) type Gathered = (Manifest, BTreeMap<String, u64>, Spool);

/// Paths and contents so far.
#[derive(Debug)]
pub(super) struct Gathering {
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) offsets: BTreeMap<String, u64>,
    pub(super) spool: Spool,
    pub(super) exclude: Exclude,
    /// Bytes that may still come.
    pub(super) room: u64,
    /// Bytes of memory that names may still take: a short archive can name many deep directories.
    pub(super) room_for_names: usize,
}

impl Gathering {
    pub(super) fn new(exclude: Exclude, scratch: Option<&Path>) -> Result<Self, SourceError> {
        Ok(Self {
            entries: BTreeMap::new(),
            offsets: BTreeMap::new(),
            spool: Spool::new(scratch).map_err(SourceError::Scratch)?,
            exclude,
            room: u64::MAX,
            room_for_names: usize::MAX,
        })
    }

    /// Adds a directory; one that is there already is no mistake.
    pub(super) fn directory(&mut self, path: &[u8]) -> Result<(), SourceError> {
        let Some(path) = self.admit(path, true)? else {
            return Ok(());
        };
        match self.entries.get(&path).map(|entry| &entry.kind) {
            None => self.insert(path, 0o755, Kind::Directory)?,
            Some(Kind::Directory) => {}
            Some(_) => return Err(SourceError::refused(path.as_bytes(), Refusal::Twice)),
        }
        Ok(())
    }

    /// Adds a file, reading its content to the end.
    pub(super) fn file(
        &mut self,
        path: &[u8],
        Found { executable, content, origin }: Found<'_>,
    ) -> Result<(), SourceError> {
        let Some(path) = self.admit_new(path)? else {
            return Ok(());
        };
        let mut bounded = content.take(self.room.saturating_add(1));
        let stored = self.spool.store(&mut bounded).map_err(|error| match error {
            CopyError::Read(error) => SourceError::read(origin)(error),
            CopyError::Write(error) => SourceError::Scratch(error),
        })?;
        self.take_room(&path, stored.size)?;
        self.offsets.insert(path.clone(), stored.offset);
        // The hash is filled in at the end.
        let (size, sha256) = (stored.size, String::new());
        self.insert(path, file_mode(executable), Kind::File { size, sha256 })
    }

    /// Adds a symbolic link.
    pub(super) fn link(&mut self, path: &[u8], target: &[u8]) -> Result<(), SourceError> {
        let Some(path) = self.admit_new(path)? else {
            return Ok(());
        };
        let target = legal_target(&path, target)?.to_owned();
        self.insert(path, 0o777, Kind::Link { target })
    }

    /// Adds a file with the content of one that is there: what a hard link in an archive means.
    pub(super) fn same_file(&mut self, path: &[u8], other: &[u8]) -> Result<(), SourceError> {
        let Some(path) = self.admit_new(path)? else {
            return Ok(());
        };
        let other = str::from_utf8(other).unwrap_or_default();
        let (Some(entry), Some(&offset)) = (self.entries.get(other).cloned(), self.offsets.get(other)) else {
            return Err(SourceError::refused(path.as_bytes(), Refusal::DanglingHardLink));
        };
        if let Kind::File { size, .. } = entry.kind {
            // Here it takes no room again, but in what is sent and on the hosts it does.
            self.take_room(&path, size)?;
        }
        self.offsets.insert(path.clone(), offset);
        self.insert(path, entry.mode, entry.kind)
    }

    fn take_room(&mut self, path: &str, size: u64) -> Result<(), SourceError> {
        let room = self.room.checked_sub(size);
        self.room = room.ok_or_else(|| SourceError::refused(path.as_bytes(), Refusal::TooMuch))?;
        Ok(())
    }

    /// Tells whether `exclude` leaves the path out.
    pub(super) fn excludes(&self, path: &[u8], is_dir: bool) -> bool {
        self.exclude.covers(Path::new(OsStr::from_bytes(path)), is_dir)
    }

    /// Ends the gathering; a tree without a file or link is a mistake, never a release.
    pub(super) fn finish(mut self) -> Result<Option<Gathered>, SourceError> {
        self.spool.settle().map_err(SourceError::Scratch)?;
        for (path, entry) in &mut self.entries {
            if let Kind::File { size, sha256 } = &mut entry.kind {
                *sha256 = self.spool.sum(self.offsets[path], *size);
            }
        }
        let only_directories = self.entries.values().all(|entry| entry.kind == Kind::Directory);
        let manifest = Manifest { entries: self.entries };
        Ok((!only_directories).then_some((manifest, self.offsets, self.spool)))
    }

    fn admit_new(&mut self, path: &[u8]) -> Result<Option<String>, SourceError> {
        let admitted = self.admit(path, false)?;
        match admitted {
            Some(path) if self.entries.contains_key(&path) => {
                Err(SourceError::refused(path.as_bytes(), Refusal::Twice))
            }
            other => Ok(other),
        }
    }

    /// Returns the path if it is wanted, its parents in place; excluded names need not be legal.
    fn admit(&mut self, path: &[u8], is_dir: bool) -> Result<Option<String>, SourceError> {
        if self.excludes(path, is_dir) {
            return Ok(None);
        }
        let path = legal(path)?;
        for (at, _) in path.match_indices('/') {
            let parent = &path[..at];
            match self.entries.get(parent).map(|entry| &entry.kind) {
                Some(Kind::Directory) => {}
                Some(_) => return Err(SourceError::refused(path.as_bytes(), Refusal::BelowNoDirectory)),
                None => self.insert(parent.to_owned(), 0o755, Kind::Directory)?,
            }
        }
        Ok(Some(path.to_owned()))
    }

    fn insert(&mut self, path: String, mode: u32, kind: Kind) -> Result<(), SourceError> {
        let target = if let Kind::Link { target } = &kind { target.len() } else { 0 };
        // A file's name stands in two maps; the rest is what an entry of them takes.
        let room = self.room_for_names.checked_sub(2 * path.len() + target + 200);
        self.room_for_names = room.ok_or_else(|| SourceError::refused(path.as_bytes(), Refusal::TooMany))?;
        self.entries.insert(path, Entry { mode, kind });
        Ok(())
    }
}

/// Only the executable bit survives, as in git.
fn file_mode(executable: bool) -> u32 {
    if executable { 0o755 } else { 0o644 }
}

/// Joins a path of a tree to the directory it is put under; an empty directory is the tree's root.
pub(super) fn below(directory: &[u8], path: &[u8]) -> Vec<u8> {
    match (directory, path) {
        (b"", _) => path.to_owned(),
        (_, b"") => directory.to_owned(),
        _ => [directory, b"/", path].concat(),
    }
}

/// Names a file or directory of this machine by its last component: the same on two machines, and no home's path
/// stands in the records of a host.
pub(super) fn last_component(path: &Path) -> String {
    let name = path.file_name().map_or_else(|| path.to_owned(), PathBuf::from);
    super::names::shown(name.as_os_str().as_bytes())
}
