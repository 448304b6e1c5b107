//! The contents of a tree, one after the other in one temporary file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::hands::{Hands, Piece};
use crate::release::hex;

/// Contents on disk; the file has no name, so it is gone with the process however that ends.
#[derive(Debug)]
pub(super) struct Spool {
    file: Arc<File>,
    end: u64,
    /// For reading; most files are smaller than the work of making it anew.
    buffer: Box<[u8]>,
    /// Who hashes and writes while the next content is read.
    hands: Option<Hands>,
    /// Hashes by where the contents begin.
    sums: BTreeMap<u64, String>,
}

/// One content in the spool. Its hash is known when the spool has settled.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) offset: u64,
    pub(super) size: u64,
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
        let buffer = vec![0; 64 * 1024].into();
        Ok(Self { file: Arc::new(file?), end: 0, buffer, hands: None, sums: BTreeMap::new() })
    }

    /// Copies a content to the end and hashes what it copies: the two can never differ.
    pub(super) fn store(&mut self, content: &mut dyn Read) -> Result<Stored, CopyError> {
        let offset = self.end;
        let count = fill(&mut self.buffer, content).map_err(CopyError::Read)?;
        if count == 0 {
            return Ok(Stored { offset, size: 0 });
        }
        if count < self.buffer.len() {
            let piece = Piece { offset, bytes: self.buffer[..count].to_vec() };
            let hands = self.hands.get_or_insert_with(|| Hands::new(&self.file));
            if let Err(error) = hands.take(piece) {
                // They know better.
                return Err(CopyError::Write(self.settle().err().unwrap_or(error)));
            }
            self.end += count as u64;
            return Ok(Stored { offset, size: count as u64 });
        }
        self.store_long(count, content)
    }

    /// Stores one that fills the buffer, piece by piece.
    fn store_long(&mut self, mut count: usize, content: &mut dyn Read) -> Result<Stored, CopyError> {
        let (offset, mut hash, mut size) = (self.end, Sha256::new(), 0);
        while count > 0 {
            let piece = &self.buffer[..count];
            hash.update(piece);
            self.file.write_all_at(piece, offset + size).map_err(CopyError::Write)?;
            size += count as u64;
            count = fill(&mut self.buffer, content).map_err(CopyError::Read)?;
        }
        self.end += size;
        self.sums.insert(offset, hex(&hash.finalize()));
        Ok(Stored { offset, size })
    }

    /// Waits until everything is hashed and written. Blocks.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        let Some(hands) = self.hands.take() else { return Ok(()) };
        self.sums.extend(hands.done()?);
        Ok(())
    }

    /// The SHA-256 of a stored content, in hexadecimal, once the spool has settled.
    pub(super) fn sum(&self, offset: u64, size: u64) -> String {
        // An empty one has no place of its own.
        let stored = self.sums.get(&offset).filter(|_| size > 0);
        stored.cloned().unwrap_or_else(|| hex(&Sha256::digest(b"")))
    }

    /// Reads a stored content; many readers can do so at once.
    pub(super) fn content(&self, offset: u64, size: u64) -> Content<'_> {
        Content { file: &self.file, at: offset, left: size }
    }
}

/// Reads until the buffer is full or the content has ended, and says how much that is.
fn fill(buffer: &mut [u8], content: &mut dyn Read) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match content.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
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
    fn an_empty_content_takes_no_hash_from_its_neighbour() {
        for _ in 0..50 {
            let mut spool = Spool::new(None).unwrap();
            let contents: Vec<String> =
                (0..100).map(|n| if n % 3 == 0 { n.to_string() } else { String::new() }).collect();
            let stored: Vec<Stored> = contents.iter().map(|c| spool.store(&mut c.as_bytes()).unwrap()).collect();
            spool.settle().unwrap();
            for (stored, content) in stored.iter().zip(&contents) {
                assert_eq!(spool.sum(stored.offset, stored.size), hex(&Sha256::digest(content)));
            }
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
        let same = spool.store(&mut b"one".as_slice()).unwrap();
        spool.settle().unwrap();
        let sum = |stored: &Stored| spool.sum(stored.offset, stored.size);
        let [of_one, of_empty] = [b"one".as_slice(), b""].map(|content| hex(&Sha256::digest(content)));
        assert_eq!(of_one, "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
        assert_eq!([&one, &same, &empty].map(sum), [&of_one, &of_one, &of_empty].map(Clone::clone));
        assert_eq!(sum(&two), hex(&Sha256::digest(&big)));
        for (stored, content) in [(one, b"one".as_slice()), (two, &big), (empty, b"")] {
            let mut read = Vec::new();
            spool.content(stored.offset, stored.size).read_to_end(&mut read).unwrap();
            assert_eq!(read, content);
        }
    }
}
