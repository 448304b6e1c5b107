//! The contents of a tree, one after the other in one temporary file.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::release::hex;

/// Contents on disk; the file has no name, so it is gone with the process however that ends.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    end: u64,
    /// For copying; most files are smaller than the work of making it anew.
    buffer: Box<[u8]>,
}

/// One content in the spool.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) sha256: String,
}

/// Which side of a copy failed.
#[derive(Debug)]
pub(super) enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

impl Spool {
    pub(super) fn new(scratch: Option<&Path>) -> io::Result<Self> {
        let file = match scratch {
            Some(dir) => tempfile::tempfile_in(dir),
            None => tempfile::tempfile(),
        };
        Ok(Self { file: file?, end: 0, buffer: vec![0; 64 * 1024].into() })
    }

    /// Copies a content to the end and hashes what it copies: the two can never differ.
    pub(super) fn store(&mut self, content: &mut dyn Read) -> Result<Stored, CopyError> {
        let (mut hash, mut size) = (Sha256::new(), 0);
        loop {
            let count = match content.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(CopyError::Read(error)),
            };
            let piece = &self.buffer[..count];
            hash.update(piece);
            self.file.write_all_at(piece, self.end + size).map_err(CopyError::Write)?;
            size += count as u64;
        }
        let offset = self.end;
        self.end += size;
        Ok(Stored { offset, size, sha256: hex(&hash.finalize()) })
    }

    /// Reads a stored content; many readers can do so at once.
    pub(super) fn content(&self, offset: u64, size: u64) -> Content<'_> {
        Content { file: &self.file, at: offset, left: size }
    }
}

/// A reader of one stored content.
#[derive(Debug)]
pub(super) struct Content<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Breaks(usize);

    impl Read for Breaks {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(left) = self.0.checked_sub(1) else {
                return Err(io::Error::other("broken"));
            };
            self.0 = left;
            buffer[..3].copy_from_slice(b"bad");
            Ok(3)
        }
    }

    #[test]
    fn contents_come_back_even_after_a_broken_one() {
        let mut spool = Spool::new(None).unwrap();
        let one = spool.store(&mut b"one".as_slice()).unwrap();
        assert!(matches!(spool.store(&mut Breaks(2)), Err(CopyError::Read(_))));
        let big = vec![7; 200_000];
        let two = spool.store(&mut big.as_slice()).unwrap();
        let empty = spool.store(&mut b"".as_slice()).unwrap();
        assert_eq!(one.sha256, "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
        for (stored, content) in [(one, b"one".as_slice()), (two, &big), (empty, b"")] {
            let mut read = Vec::new();
            spool.content(stored.offset, stored.size).read_to_end(&mut read).unwrap();
            assert_eq!(read, content);
        }
    }
}
