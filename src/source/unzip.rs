//! A zip archive read into a tree.

use std::io::{self, Read, Seek, SeekFrom};

use chrono::NaiveDate;
use zip::result::ZipError;
use zip::{DateTime, ZipArchive};

use super::error::{Refusal, SourceError};
use super::gather::{Found, Gathering, last_component};
use super::names::normalised;
use super::untar::{Rules, stripped};

/// The kind of file in a Unix mode, and its values.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

/// Reads the archive; returns the time of its newest file or link.
pub(super) fn read(file: impl Read + Seek, rules: &Rules<'_>, gathering: &mut Gathering) -> Result<u64, SourceError> {
    let damaged = |error: ZipError| damaged(rules, &error.to_string());
    let mut file = file;
    if claimed(&mut file).map_err(SourceError::read(rules.origin))? > rules.most as u64 {
        return Err(SourceError::refused(last_component(rules.origin).as_bytes(), Refusal::TooMany));
    }
    let mut archive = ZipArchive::new(file).map_err(damaged)?;
    // Two readers of such an archive see two trees.
    if archive.has_duplicate_names() {
        return Err(SourceError::Refused {
            path: format!("one path of {}", last_component(rules.origin)),
            why: Refusal::Twice,
        });
    }
    if archive.has_overlapping_entries().map_err(damaged)? {
        return Err(self::damaged(rules, "its entries overlap"));
    }
    let mut newest = 0;
    for index in 0..archive.len() {
        newest = newest.max(take(&mut archive, index, rules, gathering)?);
    }
    Ok(newest)
}

/// How many entries the end of the archive tells of. All of them are read into memory before the first can be looked at.
fn claimed(file: &mut (impl Read + Seek)) -> io::Result<u64> {
    let size = file.seek(SeekFrom::End(0))?;
    // The last record has 22 bytes and a comment of 64 KiB at most; the locator of the large one stands before it.
    let from = size.saturating_sub(22 + 65_535 + 20);
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.take(22 + 65_535 + 20).read_to_end(&mut end)?;
    let number = |at: usize, length: usize| {
        let bytes = end.get(at..at + length).unwrap_or_default();
        bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    let Some(last) = end.windows(4).rposition(|word| word == b"PK\x05\x06") else { return Ok(0) };
    let few = number(last + 10, 2);
    let locator = last.checked_sub(20).filter(|at| end[*at..].starts_with(b"PK\x06\x07"));
    let Some(locator) = locator.filter(|_| few == 0xffff) else { return Ok(few) };
    file.seek(SeekFrom::Start(number(locator + 8, 8)))?;
    let mut large = Vec::new();
    file.take(40).read_to_end(&mut large)?;
    Ok(large.get(32..40).map_or(0, |bytes| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))))
}

/// What the directory of the archive says about one entry.
struct Facts {
    name: Vec<u8>,
    kind: u32,
    is_executable: bool,
    is_encrypted: bool,
    time: u64,
}

fn facts<R: Read + Seek>(archive: &ZipArchive<R>, index: usize) -> Result<Facts, ZipError> {
    let entry = archive.by_index_data(index)?;
    let (name, mode) = (entry.name_raw().to_owned(), entry.unix_mode().unwrap_or(0));
    let kind = match mode & KIND {
        0 | REGULAR if name.ends_with(b"/") => DIRECTORY,
        0 => REGULAR,
        kind => kind,
    };
    Ok(Facts {
        name,
        kind,
        is_executable: mode & 0o100 != 0,
        is_encrypted: entry.encrypted(),
        time: entry.last_modified().map_or(0, seconds),
    })
}

fn take<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    rules: &Rules<'_>,
    gathering: &mut Gathering,
) -> Result<u64, SourceError> {
    let damaged = |error: ZipError| damaged(rules, &error.to_string());
    let facts = facts(archive, index).map_err(damaged)?;
    let refuse = |why| Err(SourceError::refused(&facts.name, why));
    if facts.name.contains(&b'\\') {
        return refuse(Refusal::Backslash);
    }
    if index >= rules.most {
        return refuse(Refusal::TooMany);
    }
    let full = normalised(&facts.name)?;
    let path = stripped(&full, rules.strip);
    let Some(path) = path.filter(|path| !gathering.excludes(path, facts.kind == DIRECTORY)) else {
        return Ok(0);
    };
    match facts.kind {
        _ if facts.is_encrypted => return refuse(Refusal::UnreadableKind),
        DIRECTORY => return gathering.directory(path).map(|()| 0),
        REGULAR | LINK => {}
        _ => return refuse(Refusal::Special),
    }
    let mut content = archive.by_index(index).map_err(damaged)?;
    if facts.kind == LINK {
        gathering.link(path, &target(&mut content, rules)?)?;
    } else {
        let found = Found { executable: facts.is_executable, content: &mut content, origin: rules.origin };
        gathering.file(path, found)?;
    }
    Ok(facts.time)
}

/// The content of a link is its target; one that is too long is refused where links are.
fn target(content: &mut impl Read, rules: &Rules<'_>) -> Result<Vec<u8>, SourceError> {
    let mut target = Vec::new();
    let read = content.take(8192).read_to_end(&mut target);
    read.map_err(SourceError::read(rules.origin))?;
    Ok(target)
}

/// A zip knows no zone; any one, always the same, keeps equal archives equal.
fn seconds(time: DateTime) -> u64 {
    let date = NaiveDate::from_ymd_opt(time.year().into(), time.month().into(), time.day().into());
    let time = date.and_then(|date| date.and_hms_opt(time.hour().into(), time.minute().into(), time.second().into()));
    time.map_or(0, |time| u64::try_from(time.and_utc().timestamp()).unwrap_or(0))
}

fn damaged(rules: &Rules<'_>, words: &str) -> SourceError {
    SourceError::Damaged { path: rules.origin.to_owned(), words: words.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::source::fixture::{Desk, paths, text};
    use crate::source::{Frozen, Source};

    type Zip = ZipWriter<Cursor<Vec<u8>>>;

    fn options(mode: u32) -> SimpleFileOptions {
        let time = DateTime::from_date_and_time(2026, 1, 2, 3, 4, 6).unwrap();
        SimpleFileOptions::default().unix_permissions(mode).last_modified_time(time)
    }

    fn file(zip: &mut Zip, name: &str) {
        zip.start_file(name, options(0o644)).unwrap();
        zip.write_all(b"content").unwrap();
    }

    fn bytes(build: impl FnOnce(&mut Zip)) -> Vec<u8> {
        let mut zip = Zip::new(Cursor::new(Vec::new()));
        build(&mut zip);
        zip.finish().unwrap().into_inner()
    }

    fn freeze(bytes: &[u8], strip: u32) -> Result<Frozen, SourceError> {
        let desk = Desk::new();
        let path = desk.path("app.zip");
        fs::write(&path, bytes).unwrap();
        desk.freeze(Source::Archive { path, strip })
    }

    /// Puts another name of the same length in every header.
    fn renamed(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
        assert_eq!(from.len(), to.len());
        for at in 0..bytes.len() - from.len() {
            if bytes[at..].starts_with(from) {
                bytes[at..at + to.len()].copy_from_slice(to);
            }
        }
        bytes
    }

    fn refusal(bytes: &[u8]) -> Refusal {
        match freeze(bytes, 0) {
            Err(SourceError::Refused { why, .. }) => why,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn modes_links_and_strip_are_honoured() {
        let made = bytes(|zip| {
            zip.add_directory("app-1/", options(0o700)).unwrap();
            zip.start_file("app-1/run", options(0o777)).unwrap();
            zip.write_all(b"#!/bin/sh").unwrap();
            file(zip, "app-1/sub/größe");
            zip.add_symlink("app-1/link", "../../elsewhere", options(0o777)).unwrap();
        });
        let frozen = freeze(&made, 1).unwrap();
        assert_eq!(paths(&frozen), ["link", "run", "sub", "sub/größe"]);
        assert_eq!(frozen.manifest.entries["run"].mode, 0o755);
        assert_eq!(text(&frozen, "sub/größe"), "content");
        let target = crate::release::Kind::Link { target: "../../elsewhere".to_owned() };
        assert_eq!(frozen.manifest.entries["link"].kind, target);
        assert_eq!(frozen.time, 1_767_323_046);
    }

    #[test]
    fn hostile_names_are_refused() {
        let made = bytes(|zip| {
            file(zip, "aaaaaaaaaa");
            file(zip, "bbbbbbbbbb");
        });
        for (name, why) in [
            (&b"../../xxxx"[..], Refusal::Climbs),
            (b"/etc/hosts", Refusal::Absolute),
            (b"aaaaaaaaaa", Refusal::Twice),
            (b"./aaaaaaaa", Refusal::Twice),
            (b"..\\..\\xxxx", Refusal::Backslash),
            (b"caf\xe9xxxxxx", Refusal::NotUtf8),
            (b"zero\0xxxxx", Refusal::ZeroByte),
            (b"python_env", Refusal::Reserved),
        ] {
            let first = if name.starts_with(b"./") { b"aaaaaaaa".to_vec() } else { b"aaaaaaaaaa".to_vec() };
            let made = if first.len() == 8 {
                bytes(|zip| {
                    file(zip, "aaaaaaaa");
                    file(zip, "bbbbbbbbbb");
                })
            } else {
                made.clone()
            };
            assert_eq!(refusal(&renamed(made, b"bbbbbbbbbb", name)), why, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn nothing_comes_below_a_link_of_the_archive() {
        let made = bytes(|zip| {
            zip.add_symlink("out", "/etc", options(0o777)).unwrap();
            file(zip, "out/passwd");
        });
        assert_eq!(refusal(&made), Refusal::BelowNoDirectory);
    }

    #[test]
    fn what_is_encrypted_is_refused() {
        let desk = Desk::new();
        fs::write(desk.path("a"), "content").unwrap();
        let mut command = std::process::Command::new("zip");
        let made = command.args(["-q", "-P", "word", "a.zip", "a"]).current_dir(&desk.dir).status();
        assert!(made.unwrap().success());
        assert_eq!(refusal(&fs::read(desk.path("a.zip")).unwrap()), Refusal::UnreadableKind);
    }

    #[test]
    fn how_many_entries_an_archive_tells_of() {
        let few = bytes(|zip| (0..3).for_each(|n| file(zip, &n.to_string())));
        let many = bytes(|zip| (0..70_000).for_each(|n| zip.start_file(n.to_string(), options(0o644)).unwrap()));
        for (made, count) in [(&few, 3), (&many, 70_000), (&b"no archive".to_vec(), 0), (&Vec::new(), 0)] {
            assert_eq!(claimed(&mut Cursor::new(made)).unwrap(), count);
        }
        let exclude = crate::source::exclude::Exclude::new(&[]).unwrap();
        let mut gathering = Gathering::new(exclude, None).unwrap();
        let rules = Rules { origin: std::path::Path::new("a.zip"), strip: 0, below: b"", most: 69_999 };
        let error = super::read(Cursor::new(many), &rules, &mut gathering).unwrap_err().to_string();
        assert!(error.starts_with("a.zip "), "{error}");
    }

    #[test]
    fn a_bomb_is_refused() {
        let made = bytes(|zip| file(zip, "a"));
        let exclude = crate::source::exclude::Exclude::new(&[]).unwrap();
        let mut gathering = Gathering::new(exclude, None).unwrap();
        gathering.room = 6;
        let rules = Rules { origin: std::path::Path::new("a.zip"), strip: 0, below: b"", most: 1 };
        let error = read(Cursor::new(made), &rules, &mut gathering).unwrap_err();
        assert!(matches!(error, SourceError::Refused { why: Refusal::TooMuch, .. }), "{error}");
    }
}
