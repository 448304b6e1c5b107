//! What a script reads, on its way to it.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::file::read_at;
use super::{Exec, ExecError, Input};

/// Sends the input and closes it. A host that stops reading ends this quietly: its exit status tells why.
pub(super) async fn feed_input(feed: Option<mpsc::Sender<Bytes>>, exec: Exec<'_>) -> Result<(), ExecError> {
    let Some(feed) = feed else { return Ok(()) };
    match exec.input {
        Input::Nothing => {}
        Input::Bytes(bytes) => {
            let _ = feed.send(bytes.clone()).await;
            (exec.on_sent)(bytes.len() as u64);
        }
        Input::File(file) => {
            let (file, size) = file.open().await.map_err(ExecError::NoInput)?;
            let mut sent = 0;
            while sent < size {
                let chunk = read_at(&file, sent).await.map_err(|error| ExecError::NoInput(error.to_string()))?;
                if chunk.is_empty() {
                    return Err(ExecError::NoInput("it is shorter than it was".to_owned()));
                }
                sent += chunk.len() as u64;
                if feed.send(chunk).await.is_err() {
                    return Ok(());
                }
                (exec.on_sent)(sent);
            }
        }
    }
    Ok(())
}
