//! What a host hands over, kept in a file of this machine: all of it, or nothing.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::{Exec, ExecError, Exit, LazyFile, Status, Transport};

/// Pieces that wait to be written; each is as large as what the connection brings at a time.
const QUEUE: usize = 16;

/// Runs a script whose standard output is data, and returns that with how it ended; nothing unless it ended well. The file
/// has no name, so it is gone with this process however that ends.
pub async fn handed_over(
    transport: &dyn Transport,
    exec: Exec<'_>,
) -> Result<(Exit, Option<Arc<LazyFile>>), ExecError> {
    let (sink, pieces) = mpsc::channel(QUEUE);
    let writing = spawn_blocking(move || write(pieces));
    let ended = transport.hand_over(exec, sink).await;
    // Why nobody took it is the cause, and not how the script took that.
    let file = writing.await.map_err(io::Error::other).flatten();
    let file = file.map_err(|error| ExecError::NotKept(error.to_string()))?;
    let exit = ended?;
    if exit.status != Status::Code(0) {
        return Ok((exit, None));
    }
    let open = move || file.try_clone().map_err(|error| error.to_string());
    Ok((exit, Some(Arc::new(LazyFile::new(open)))))
}

fn write(mut pieces: mpsc::Receiver<Bytes>) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    while let Some(piece) = pieces.blocking_recv() {
        file.write_all(&piece)?;
    }
    Ok(file)
}
