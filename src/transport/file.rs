//! A file that is sent to hosts: made when the first of them wants it, and shared by all.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

/// Bytes read at a time. A few of these wait for each host, and there may be hundreds of hosts.
const CHUNK: usize = 64 << 10;

type Make = dyn Fn() -> Result<File, String> + Send + Sync;

/// A file of this machine that is made when it is first needed; never where nobody needs it.
pub struct LazyFile {
    make: Arc<Make>,
    made: OnceCell<(Arc<File>, u64)>,
}

impl fmt::Debug for LazyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyFile").field("size", &self.size()).finish_non_exhaustive()
    }
}

impl LazyFile {
    /// A file that `make` makes, on a thread where it may block; an error is a sentence.
    pub fn new(make: impl Fn() -> Result<File, String> + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(make), made: OnceCell::new() }
    }

    /// Its bytes, once it has been made.
    pub fn size(&self) -> Option<u64> {
        self.made.get().map(|(_, size)| *size)
    }

    /// Makes it, unless it has been made.
    pub async fn make(&self) -> Result<u64, String> {
        Ok(self.open().await?.1)
    }

    /// The file itself and its bytes; made if it has not been.
    pub async fn open(&self) -> Result<(Arc<File>, u64), String> {
        let make = || async {
            let make = Arc::clone(&self.make);
            let file = spawn_blocking(move || make()).await.map_err(|error| error.to_string())??;
            let size = file.metadata().map_err(|error| error.to_string())?.len();
            Ok((Arc::new(file), size))
        };
        self.made.get_or_try_init(make).await.cloned()
    }
}

/// Reads the next piece of a file that others read too; nothing at its end.
pub(super) async fn read_at(file: &Arc<File>, at: u64) -> io::Result<Bytes> {
    let file = Arc::clone(file);
    let read = move || {
        let mut chunk = vec![0; CHUNK];
        let count = file.read_at(&mut chunk, at)?;
        chunk.truncate(count);
        Ok(chunk.into())
    };
    spawn_blocking(read).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn it_is_made_once_and_read_by_many() {
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let content: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let bytes = content.clone();
        let lazy = LazyFile::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            let mut file = tempfile::tempfile().map_err(|error| error.to_string())?;
            file.write_all(&bytes).map_err(|error| error.to_string())?;
            Ok(file)
        });
        assert_eq!((lazy.size(), made.load(Ordering::Relaxed)), (None, 0));
        let readers = (0..3).map(|_| async {
            let (file, size) = lazy.open().await.expect("a file");
            let mut read = Vec::new();
            while (read.len() as u64) < size {
                read.extend_from_slice(&read_at(&file, read.len() as u64).await.expect("a piece"));
            }
            read
        });
        for read in futures_util::future::join_all(readers).await {
            assert!(read == content);
        }
        assert_eq!((lazy.size(), made.load(Ordering::Relaxed)), (Some(200_000), 1));
    }

    #[tokio::test]
    async fn what_cannot_be_made_is_told() {
        let lazy = LazyFile::new(|| Err("no room".to_owned()));
        assert_eq!(lazy.make().await, Err("no room".to_owned()));
    }
}
