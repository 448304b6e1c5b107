//! Files whose content stands elsewhere.

use std::io::Read;

use crate::release::{Entry, Kind};

use super::error::SourceError;
use super::gather::Gathering;

/// How every pointer of Git LFS begins, by its specification; none is longer than 1024 bytes.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
const LONGEST_POINTER: u64 = 1024;

/// Files named in the message.
const MOST_NAMES: usize = 5;

/// Refuses a tree in which a pointer stands for its content: where git-lfs is missing, git exports pointers in silence.
pub(super) fn refuse_pointers(gathering: &mut Gathering) -> Result<(), SourceError> {
    gathering.spool.settle().map_err(SourceError::Scratch)?;
    let gathering = &*gathering;
    let mut pointers = Vec::new();
    for (path, entry) in &gathering.entries {
        if is_pointer(gathering, path, entry).map_err(SourceError::Scratch)? {
            pointers.push(path.clone());
        }
    }
    let more = pointers.len().saturating_sub(MOST_NAMES);
    pointers.truncate(MOST_NAMES);
    if more > 0 {
        pointers.push(format!("and {more} more"));
    }
    if pointers.is_empty() {
        return Ok(());
    }
    Err(SourceError::LfsPointers(pointers))
}

fn is_pointer(gathering: &Gathering, path: &str, entry: &Entry) -> std::io::Result<bool> {
    let length = POINTER.len() as u64;
    match entry.kind {
        Kind::File { size, .. } if (length..=LONGEST_POINTER).contains(&size) => {
            let mut start = Vec::with_capacity(POINTER.len());
            let mut content = gathering.spool.content(gathering.offsets[path], length);
            content.read_to_end(&mut start)?;
            Ok(start == POINTER)
        }
        _ => Ok(false),
    }
}
