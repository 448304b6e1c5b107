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
#[derive(Debug, Default, PartialEq, Eq)]
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
    let (mut seen, mut ahead, mut count) = (Seen::default(), Ahead::default(), 0);
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        match entry.header().entry_type() {
            EntryType::GNULongName => ahead.name = Some(until_zero(rules.extension(&mut entry)?)),
            EntryType::GNULongLink => ahead.target = Some(until_zero(rules.extension(&mut entry)?)),
            EntryType::XHeader => ahead.learn(&rules.extension(&mut entry)?, rules)?,
            // Comments, such as the commit id that git puts there.
            EntryType::XGlobalHeader => {}
            _ => {
                count += 1;
                if count > rules.most {
                    return Err(SourceError::refused(&entry.path_bytes(), Refusal::TooMany));
                }
                rules.take(&mut entry, std::mem::take(&mut ahead), gathering, &mut seen)?;
            }
        }
    }
    if ahead != Ahead::default() {
        return Err(rules.damaged("it ends where a long name should be followed by its entry"));
    }
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    Ok(seen)
}

impl Rules<'_> {
    fn damaged(&self, words: &str) -> SourceError {
        SourceError::Damaged { path: self.origin.to_owned(), words: words.to_owned() }
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
        if !is_readable {
            // Also if it were left out: where it ends, and the next one begins, is not known.
            return Err(SourceError::refused(&name, Refusal::UnreadableKind));
        }
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;
    use crate::source::fixture::{Desk, awkward, paths, standing, text};
    use crate::source::{Frozen, Source};

    type Tar = tar::Builder<Vec<u8>>;

    /// Appends an entry with exactly this name: the crate's own ways refuse to make hostile ones.
    fn entry(tar: &mut Tar, kind: EntryType, name: &[u8], target: &[u8], content: &[u8]) {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target);
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_mtime(1000);
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.append(&header, content).unwrap();
    }

    fn file(tar: &mut Tar, name: &str, content: &str) {
        entry(tar, EntryType::Regular, name.as_bytes(), b"", content.as_bytes());
    }

    fn pax(tar: &mut Tar, records: &str) {
        entry(tar, EntryType::XHeader, b"pax", b"", records.as_bytes());
    }

    fn freeze(desk: &Desk, bytes: &[u8], strip: u32) -> Result<Frozen, SourceError> {
        let path = desk.path("app.tar");
        fs::write(&path, bytes).unwrap();
        desk.freeze(Source::Archive { path, strip })
    }

    fn made(build: impl FnOnce(&mut Tar)) -> Result<Frozen, SourceError> {
        let mut tar = Tar::new(Vec::new());
        build(&mut tar);
        freeze(&Desk::new(), &tar.into_inner().unwrap(), 0)
    }

    fn refusal(build: impl FnOnce(&mut Tar)) -> (String, Refusal) {
        match made(build) {
            Err(SourceError::Refused { path, why }) => (path, why),
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn hostile_entries_are_refused_by_name() {
        for (kind, name, target, why) in [
            (EntryType::Regular, &b"/etc/passwd"[..], &b""[..], Refusal::Absolute),
            (EntryType::Regular, b"../up", b"", Refusal::Climbs),
            (EntryType::Regular, b"a/../../up", b"", Refusal::Climbs),
            (EntryType::Regular, b"first", b"", Refusal::Twice),
            (EntryType::Regular, b"./first", b"", Refusal::Twice),
            (EntryType::Directory, b"first/", b"", Refusal::Twice),
            (EntryType::Regular, b"dir", b"", Refusal::Twice),
            (EntryType::Symlink, b"dir", b"/etc", Refusal::Twice),
            (EntryType::Regular, b"link/passwd", b"", Refusal::BelowNoDirectory),
            (EntryType::Directory, b"link/x", b"", Refusal::BelowNoDirectory),
            (EntryType::Regular, b"first/x", b"", Refusal::BelowNoDirectory),
            (EntryType::Regular, b"caf\xe9", b"", Refusal::NotUtf8),
            (EntryType::Symlink, b"l", b"\xe9", Refusal::NotUtf8),
            (EntryType::Symlink, b"l", b"", Refusal::NoTarget),
            (EntryType::Char, b"null", b"", Refusal::Special),
            (EntryType::Block, b"disk", b"", Refusal::Special),
            (EntryType::Fifo, b"pipe", b"", Refusal::Special),
            (EntryType::GNUSparse, b"holes", b"", Refusal::UnreadableKind),
            (EntryType::new(b'M'), b"volume", b"", Refusal::UnreadableKind),
            (EntryType::Link, b"hard", b"missing", Refusal::DanglingHardLink),
            (EntryType::Link, b"hard", b"link", Refusal::DanglingHardLink),
            (EntryType::Link, b"hard", b"dir", Refusal::DanglingHardLink),
            (EntryType::Link, b"hard", b"/etc/passwd", Refusal::Absolute),
            (EntryType::Link, b"hard", b"../first", Refusal::Climbs),
            (EntryType::Regular, b".relm/lock", b"", Refusal::Reserved),
            (EntryType::Regular, b"python_env", b"", Refusal::Reserved),
            (EntryType::Regular, b".relm-manifest", b"", Refusal::Reserved),
        ] {
            let (path, refused) = refusal(|tar| {
                file(tar, "first", "1");
                entry(tar, EntryType::Directory, b"dir", b"", b"");
                file(tar, "dir/x", "");
                entry(tar, EntryType::Symlink, b"link", b"/etc", b"");
                entry(tar, kind, name, target, b"");
            });
            assert_eq!(refused, why, "{path} {kind:?}");
        }
    }

    #[test]
    fn long_names_may_lead_nowhere_else_either() {
        let climbs = |tar: &mut Tar| {
            pax(tar, "18 path=../../etc\n");
            file(tar, "harmless", "");
        };
        assert_eq!(refusal(climbs), ("../../etc".to_owned(), Refusal::Climbs));
        let sized = |tar: &mut Tar| {
            pax(tar, "11 size=12\n");
            file(tar, "a", "1");
        };
        assert_eq!(refusal(sized).1, Refusal::UnreadableKind);
        let sparse = |tar: &mut Tar| {
            pax(tar, "22 GNU.sparse.major=1\n");
            file(tar, "a", "1");
        };
        assert_eq!(refusal(sparse).1, Refusal::UnreadableKind);
        let zero = |tar: &mut Tar| {
            pax(tar, "12 path=a\0b\n");
            file(tar, "a", "1");
        };
        assert_eq!(refusal(zero).1, Refusal::ZeroByte);
        let long = |tar: &mut Tar| {
            let name = "x".repeat(300);
            pax(tar, &format!("310 path={name}\n"));
            file(tar, "a", "1");
        };
        assert_eq!(refusal(long).1, Refusal::LongComponent);
    }

    #[test]
    fn hard_links_and_old_spellings_are_understood() {
        let frozen = made(|tar| {
            entry(tar, EntryType::Directory, b"./", b"", b"");
            entry(tar, EntryType::Regular, b"old/", b"", b"");
            file(tar, "./old//a", "content");
            entry(tar, EntryType::Link, b"b", b"./old/a", b"");
            entry(tar, EntryType::Continuous, b"c", b"", b"more");
            entry(tar, EntryType::Directory, b"old", b"", b"");
            entry(tar, EntryType::XGlobalHeader, b"pax_global_header", b"", b"16 comment=abcd\n");
            pax(tar, "17 path=new\nline\n16 linkpath=a\nb\n");
            entry(tar, EntryType::Symlink, b"short", b"short", b"");
        });
        let frozen = frozen.unwrap();
        assert_eq!(paths(&frozen), ["b", "c", "new\nline", "old", "old/a"]);
        assert_eq!((text(&frozen, "b"), text(&frozen, "c")), ("content".into(), "more".into()));
        assert_eq!(frozen.manifest.entries["b"], frozen.manifest.entries["old/a"]);
        assert_eq!(frozen.time, 1000);
    }

    #[test]
    fn a_damaged_stream_is_an_error() {
        let mut tar = Tar::new(Vec::new());
        file(&mut tar, "a", &"x".repeat(5000));
        let whole = tar.into_inner().unwrap();
        let desk = Desk::new();
        freeze(&desk, &whole, 0).unwrap();
        for end in [100, 600, 3000, 5000] {
            let error = freeze(&desk, &whole[..end], 0).unwrap_err().to_string();
            assert!(error.contains("app.tar"), "{end}: {error}");
        }
        let mut broken = whole.clone();
        broken[0] = b'b';
        let error = freeze(&desk, &broken, 0).unwrap_err().to_string();
        assert!(error.contains("app.tar is damaged: archive header checksum"), "{error}");
        let error = made(|tar| pax(tar, "10 path=x\n")).unwrap_err().to_string();
        assert!(error.contains("it ends where a long name"), "{error}");
        let error = made(|tar| pax(tar, "99 path=x\n")).unwrap_err().to_string();
        assert!(error.contains("an extended header is malformed"), "{error}");
        let endless = "x".repeat(2 << 20);
        let error = made(|tar| entry(tar, EntryType::GNULongName, b"n", b"", endless.as_bytes()));
        assert!(error.unwrap_err().to_string().contains("longer than 1 MiB"));
    }

    #[test]
    fn too_many_and_too_much_are_refused() {
        let mut tar = Tar::new(Vec::new());
        for name in ["a", "b", "c"] {
            file(&mut tar, name, "1234567890");
        }
        let bytes = tar.into_inner().unwrap();
        for (most, room, expected) in [(3, 30, None), (2, 30, Some(Refusal::TooMany)), (3, 29, Some(Refusal::TooMuch))]
        {
            let exclude = crate::source::exclude::Exclude::new(&[]).unwrap();
            let mut gathering = Gathering::new(exclude, None).unwrap();
            gathering.room = room;
            let rules = Rules { origin: Path::new("app.tar"), strip: 0, below: b"", most };
            let why = match read(bytes.as_slice(), &rules, &mut gathering) {
                Err(SourceError::Refused { path, why }) => {
                    assert_eq!(path, "c");
                    Some(why)
                }
                other => other.map(|_| None).unwrap(),
            };
            assert_eq!(why, expected);
        }
    }

    #[test]
    fn deep_names_and_hard_links_are_bounded_too() {
        let gathered = |room, room_for_names, build: &dyn Fn(&mut Tar)| {
            let mut tar = Tar::new(Vec::new());
            build(&mut tar);
            let exclude = crate::source::exclude::Exclude::new(&[]).unwrap();
            let mut gathering = Gathering::new(exclude, None).unwrap();
            (gathering.room, gathering.room_for_names) = (room, room_for_names);
            let rules = Rules { origin: Path::new("app.tar"), strip: 0, below: b"", most: 100 };
            match read(tar.into_inner().unwrap().as_slice(), &rules, &mut gathering) {
                Err(SourceError::Refused { why, .. }) => Some(why),
                other => other.map(|_| None).unwrap(),
            }
        };
        // A path of 2 kB makes a thousand directories, whose names are a megabyte together.
        let deep = |tar: &mut Tar| {
            for n in 0..3 {
                let path = format!("{n}/{}x", "a/".repeat(1000));
                let record = |length: usize| format!("{length} path={path}\n");
                pax(tar, &record(record(1000).len()));
                file(tar, "a", "");
            }
        };
        assert_eq!(gathered(100, 20 << 20, &deep), None);
        assert_eq!(gathered(100, 5 << 20, &deep), Some(Refusal::TooMany));
        let linked = |tar: &mut Tar| {
            file(tar, "a", "1234567890");
            for n in 0..5 {
                entry(tar, EntryType::Link, format!("l{n}").as_bytes(), b"a", b"");
            }
        };
        assert_eq!(gathered(60, 1 << 20, &linked), None);
        assert_eq!(gathered(59, 1 << 20, &linked), Some(Refusal::TooMuch));
    }

    #[test]
    fn leading_directories_come_off() {
        for (path, strip, left) in [
            ("a/b/c", 0, Some("a/b/c")),
            ("a/b/c", 1, Some("b/c")),
            ("a/b/c", 2, Some("c")),
            ("a/b/c", 3, None),
            ("", 0, None),
        ] {
            assert_eq!(stripped(path.as_bytes(), strip), left.map(str::as_bytes), "{path} {strip}");
        }
        let mut tar = Tar::new(Vec::new());
        entry(&mut tar, EntryType::Directory, b"app-1/", b"", b"");
        file(&mut tar, "app-1/a", "1");
        entry(&mut tar, EntryType::Link, b"app-1/b/c", b"app-1/a", b"");
        file(&mut tar, "stray", "");
        let (desk, bytes) = (Desk::new(), tar.into_inner().unwrap());
        assert_eq!(paths(&freeze(&desk, &bytes, 1).unwrap()), ["a", "b", "b/c"]);
        let error = freeze(&desk, &bytes, 3).unwrap_err().to_string();
        assert_eq!(error, "app.tar holds no file to release; does `strip` take off too many directories?");
    }

    #[test]
    fn what_other_tars_make_is_read_as_it_was() {
        let desk = Desk::new();
        let root = desk.path("site");
        awkward(&root);
        fs::hard_link(root.join("a"), root.join("again")).unwrap();
        let mut expected = standing(&root);
        expected.entries.get_mut("b/run").unwrap().mode = 0o755;
        for tar in ["tar --format=gnu -c -f", "tar --format=pax -c -f", "tar --format=oldgnu -c -f", "busybox tar cf"] {
            let path = desk.path("made.tar");
            let making = format!("{tar} \"$0\" .");
            let mut command = Command::new("sh");
            let status = command.args(["-c", &making]).arg(&path).current_dir(&root).status().unwrap();
            assert!(status.success(), "{tar}");
            let frozen = desk.freeze(Source::Archive { path, strip: 0 }).unwrap();
            assert_eq!(frozen.manifest, expected, "{tar}");
        }
    }
}
