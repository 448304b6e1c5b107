//! Byte channels: what a link must offer so that scripts can be run over it.

use std::fmt::Debug;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::{ExecError, Status};

/// How many pieces of output wait to be heard. A command that never stops talking must not fill this machine's memory.
pub const OUTPUT_QUEUE: usize = 128;

/// A connection to a machine on which commands can be started.
pub trait Link: Debug + Send + Sync {
    /// Starts `command` and hands over its streams.
    ///
    /// The command is text of ours that every login shell reads the same way, csh and fish included. An error means
    /// that it was not started.
    fn open<'a>(&'a self, command: &'a str) -> BoxFuture<'a, Result<Channel, ExecError>>;

    /// As whom it is signed in; nothing where nobody has to.
    fn login(&self) -> Option<&str> {
        None
    }

    /// Says whether a script that stands in the command is there a round trip sooner than one that is written to it.
    fn is_quicker_with_command(&self) -> bool {
        false
    }
}

/// The streams of one started command.
///
/// Dropping `input` closes the command's standard input. Dropping the whole channel closes it on the far side too;
/// neither kills the command.
#[derive(Debug)]
pub struct Channel {
    /// What the command reads. Bounded: a full queue means the far side is slower than we are. A send fails as soon
    /// as the connection or the command is gone, so that a writer never hangs.
    pub input: mpsc::Sender<Bytes>,
    /// What it says, until [`Heard::Closed`], [`Heard::Refused`] or the end of the queue. Bounded by [`OUTPUT_QUEUE`]: whoever holds a
    /// channel listens to it all the time, and a command that says more than can be heard has to wait.
    pub output: mpsc::Receiver<Heard>,
}

/// Something heard on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Bytes of standard output.
    Stdout(Bytes),
    /// Bytes of standard error.
    Stderr(Bytes),
    /// The command has ended and all it said has been heard. Without a status the connection was lost, and the text
    /// says how.
    Closed(Result<Status, String>),
    /// The command was not started, for this reason.
    Refused(String),
}
