//! Threads that hash contents and write them down while the next ones are read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use sha2::{Digest, Sha256};

use crate::release::hex;

/// More than these would wait for the disk.
const MOST: usize = 4;
/// Contents, of 64 KiB at most, that wait to be taken.
const WAITING: usize = 32;

/// One content and where in the file it goes.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

/// What one of them has done: where each content begins, with its hash.
type Sums = Vec<(u64, String)>;

/// The threads. They end when nothing is given to them any more.
#[derive(Debug)]
pub(super) struct Hands {
    give: SyncSender<Piece>,
    threads: Vec<JoinHandle<io::Result<Sums>>>,
}

impl Hands {
    pub(super) fn new(file: &Arc<File>) -> Self {
        let count = thread::available_parallelism().map_or(1, usize::from).clamp(1, MOST);
        let (give, take) = sync_channel(WAITING);
        let take = Arc::new(Mutex::new(take));
        let start = |_| {
            let (file, take) = (Arc::clone(file), Arc::clone(&take));
            thread::spawn(move || work(&file, &take))
        };
        Self { give, threads: (0..count).map(start).collect() }
    }

    /// Hands a content over. An error means that none of them works any more.
    pub(super) fn take(&self, piece: Piece) -> io::Result<()> {
        self.give.send(piece).map_err(|_| io::Error::other("what was read cannot be written down"))
    }

    /// Waits until all is done. An error is the first that one of them met.
    pub(super) fn done(self) -> io::Result<Sums> {
        drop(self.give);
        let mut all = Vec::new();
        for thread in self.threads {
            all.extend(thread.join().expect("hashing and writing do not panic")?);
        }
        Ok(all)
    }
}

fn work(file: &File, take: &Mutex<Receiver<Piece>>) -> io::Result<Sums> {
    let mut sums = Vec::new();
    loop {
        let piece = take.lock().expect("nobody panics while holding this").recv();
        let Ok(Piece { offset, bytes }) = piece else { return Ok(sums) };
        file.write_all_at(&bytes, offset)?;
        sums.push((offset, hex(&Sha256::digest(&bytes))));
    }
}
