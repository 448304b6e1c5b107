//! A zip archive read into a tree.

use std::io::{Read, Seek};

use chrono::NaiveDate;
use zip::result::ZipError;
use zip::{DateTime, ZipArchive};

use super::error::{Refusal, SourceError};
use super::gather::{Found, Gathering};
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
    let mut archive = ZipArchive::new(file).map_err(damaged)?;
    // Two readers of such an archive see two trees.
    if archive.has_duplicate_names() {
        return Err(SourceError::refused(b"a path", Refusal::Twice));
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

fn take<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    rules: &Rules<'_>,
    gathering: &mut Gathering,
) -> Result<u64, SourceError> {
    let facts = archive
        .by_index_data(index)
        .map_err(|error| damaged(rules, &error.to_string()))?;
    let (name, mode) = (facts.name_raw().to_owned(), facts.unix_mode().unwrap_or(0));
    let (is_encrypted, time) = (facts.encrypted(), facts.last_modified().map_or(0, seconds));
    let refuse = |why| Err(SourceError::refused(&name, why));
    if name.contains(&b'\\') {
        return refuse(Refusal::Backslash);
    }
    let full = normalised(&name)?;
    let Some(path) = stripped(&full, rules.strip) else {
        return Ok(0);
    };
    if index >= rules.most {
        return refuse(Refusal::TooMany);
    }
    let kind = match mode & KIND {
        0 | REGULAR if name.ends_with(b"/") => DIRECTORY,
        0 => REGULAR,
        kind => kind,
    };
    if gathering.excludes(path, kind == DIRECTORY) {
        return Ok(0);
    }
    match kind {
        _ if is_encrypted => return refuse(Refusal::UnreadableKind),
        DIRECTORY => return gathering.directory(path).map(|()| 0),
        REGULAR | LINK => {}
        _ => return refuse(Refusal::Special),
    }
    let mut content = archive
        .by_index(index)
        .map_err(|error| damaged(rules, &error.to_string()))?;
    if kind == LINK {
        gathering.link(path, &target(&mut content, rules)?)?;
    } else {
        let found = Found {
            executable: mode & 0o100 != 0,
            content: &mut content,
            origin: rules.origin,
        };
        gathering.file(path, found)?;
    }
    Ok(time)
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
    SourceError::Damaged {
        path: rules.origin.to_owned(),
        words: words.to_owned(),
    }
}
