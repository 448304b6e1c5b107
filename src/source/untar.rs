//! A tar stream, from `git archive` or from strangers, read into a tree.
//!
//! Long names are read here and not by the crate: it splits extended headers at newlines, which are legal in names, and
//! keeps a hostile header of any size in memory.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;

use tar::{Archive, EntryType, Header};

use super::error::{Refusal, SourceError};
use super::gather::{Found, Gathering, below};
use super::names::normalised;
use super::pax;

/// Extended headers hold names and attributes; a megabyte is a thousand times what they need.
const LONGEST_EXTENSION: u64 = 1 << 20;

/// How entries of this stream become paths.
pub(super) struct Rules<'a> {
    /// What to name when the stream breaks.
    pub(super) origin: &'a Path,
    /// Leading components taken off.
    pub(super) strip: u32,
    /// The directory the tree goes under.
    pub(super) below: &'a [u8],
    /// Entries allowed.
    pub(super) most: usize,
}

/// What the stream held.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Directories it named, as it named them.
    pub(super) directories: BTreeSet<Vec<u8>>,
    /// The time of the newest file or link.
    pub(super) newest: u64,
}

/// What extended headers say about the entry that follows them.
#[derive(Debug, Default)]
struct Ahead {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
    is_sparse: bool,
}

/// Reads the stream to its end: only there a compressed one shows that it is whole.
pub(super) fn read(stream: impl Read, rules: &Rules<'_>, gathering: &mut Gathering) -> Result<Seen, SourceError> {
    let damaged = |error: io::Error| rules.damaged(&error.to_string());
    let mut archive = Archive::new(stream);
    let (mut seen, mut ahead) = (Seen::default(), Ahead::default());
    for (count, entry) in archive.entries().map_err(damaged)?.raw(true).enumerate() {
        let mut entry = entry.map_err(damaged)?;
        match entry.header().entry_type() {
            EntryType::GNULongName => ahead.name = Some(until_zero(rules.extension(&mut entry)?)),
            EntryType::GNULongLink => ahead.target = Some(until_zero(rules.extension(&mut entry)?)),
            EntryType::XHeader => ahead.learn(&rules.extension(&mut entry)?, rules)?,
            // Comments, such as the commit id that git puts there.
            EntryType::XGlobalHeader => {}
            _ if count >= rules.most => return Err(SourceError::refused(&entry.path_bytes(), Refusal::TooMany)),
            _ => rules.take(&mut entry, std::mem::take(&mut ahead), gathering, &mut seen)?,
        }
    }
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    Ok(seen)
}

impl Rules<'_> {
    fn damaged(&self, words: &str) -> SourceError {
        SourceError::Damaged {
            path: self.origin.to_owned(),
            words: words.to_owned(),
        }
    }

    fn extension(&self, entry: &mut impl Read) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::new();
        let mut bounded = entry.take(LONGEST_EXTENSION + 1);
        let read = bounded.read_to_end(&mut bytes);
        read.map_err(|error| self.damaged(&error.to_string()))?;
        if bytes.len() as u64 > LONGEST_EXTENSION {
            return Err(self.damaged("an extended header is longer than 1 MiB"));
        }
        Ok(bytes)
    }

    /// Takes the entry that a header, and what came ahead of it, describe.
    fn take<R: Read>(
        &self,
        entry: &mut tar::Entry<'_, R>,
        ahead: Ahead,
        gathering: &mut Gathering,
        seen: &mut Seen,
    ) -> Result<(), SourceError> {
        let header = entry.header().clone();
        let is_readable = !ahead.is_sparse && ahead.size.is_none_or(|said| said == entry.size());
        let name = ahead.name.unwrap_or_else(|| header.path_bytes().into_owned());
        let full = normalised(&name)?;
        let Some(path) = stripped(&full, self.strip).map(|path| below(self.below, path)) else {
            return Ok(());
        };
        let kind = kind(&header, &name);
        if gathering.excludes(&path, kind == EntryType::Directory) {
            return Ok(());
        }
        let target = ahead.target.or_else(|| header.link_name_bytes().map(Cow::into_owned));
        let target = target.unwrap_or_default();
        match kind {
            _ if !is_readable => return Err(SourceError::refused(&name, Refusal::UnreadableKind)),
            EntryType::Directory => gathering.directory(&path)?,
            EntryType::Regular => self.file(&path, &header, entry, gathering)?,
            EntryType::Symlink => gathering.link(&path, &target)?,
            EntryType::Link => self.hard_link(&path, &target, gathering)?,
            EntryType::Char | EntryType::Block | EntryType::Fifo => {
                return Err(SourceError::refused(&name, Refusal::Special));
            }
            _ => return Err(SourceError::refused(&name, Refusal::UnreadableKind)),
        }
        match kind {
            EntryType::Directory => drop(seen.directories.insert(full)),
            // A time that is damaged is no reason to refuse a file.
            _ => seen.newest = seen.newest.max(header.mtime().unwrap_or(0)),
        }
        Ok(())
    }

    fn file<R: Read>(
        &self,
        path: &[u8],
        header: &Header,
        entry: &mut tar::Entry<'_, R>,
        gathering: &mut Gathering,
    ) -> Result<(), SourceError> {
        let left = entry.size();
        let found = Found {
            executable: header.mode().is_ok_and(|mode| mode & 0o100 != 0),
            content: &mut Whole { reader: entry, left },
            origin: self.origin,
        };
        gathering.file(path, found)
    }

    fn hard_link(&self, path: &[u8], target: &[u8], gathering: &mut Gathering) -> Result<(), SourceError> {
        let target = normalised(target)?;
        let other = stripped(&target, self.strip).unwrap_or_default();
        gathering.same_file(path, &below(self.below, other))
    }
}

/// What an entry is, old spellings translated: before directories had a type, a slash at the end marked them.
fn kind(header: &Header, name: &[u8]) -> EntryType {
    match header.entry_type() {
        EntryType::Regular | EntryType::Continuous if name.ends_with(b"/") => EntryType::Directory,
        EntryType::Continuous => EntryType::Regular,
        other => other,
    }
}

impl Ahead {
    fn learn(&mut self, data: &[u8], rules: &Rules<'_>) -> Result<(), SourceError> {
        let records = pax::records(data).ok_or_else(|| rules.damaged("an extended header is malformed"))?;
        for (key, value) in records {
            match key {
                b"path" => self.name = Some(value.to_owned()),
                b"linkpath" => self.target = Some(value.to_owned()),
                b"size" => self.size = str::from_utf8(value).ok().and_then(|text| text.parse().ok()),
                _ => self.is_sparse |= key.starts_with(b"GNU.sparse."),
            }
        }
        Ok(())
    }
}

/// Takes leading components off; nothing is left of a path that has no more than them.
pub(super) fn stripped(path: &[u8], strip: u32) -> Option<&[u8]> {
    let mut rest = path;
    for _ in 0..strip {
        let slash = rest.iter().position(|&byte| byte == b'/')?;
        rest = &rest[slash + 1..];
    }
    (!rest.is_empty()).then_some(rest)
}

fn until_zero(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

/// A reader for which an early end is an error; the crate takes it for the end of the file.
struct Whole<'a, R> {
    reader: &'a mut R,
    left: u64,
}

impl<R: Read> Read for Whole<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}
