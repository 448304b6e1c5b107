//! What is asked of a machine and what comes back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::LazyFile;
use crate::script::Script;
use crate::secret::Mask;

/// One script to run, with everything that bounds it.
#[derive(Clone, Copy)]
pub struct Exec<'a> {
    /// The script.
    pub script: &'a Script,
    /// What it reads on its standard input.
    pub input: &'a Input,
    /// Hears each line as it comes, with its end and with the number of the part that said it. What has no end is a piece of a
    /// long line, and more of that follows.
    pub on_line: &'a (dyn Fn(usize, Stream, &str) + Send + Sync),
    /// Hears of each part that has ended, in order. A script ends a part by calling `relm_part STATUS`; one that never
    /// does has a single part, number 0, whose end is the script's.
    pub on_part: &'a (dyn Fn(usize, Exit) + Send + Sync),
    /// Hears how many bytes of the input have been sent.
    pub on_sent: &'a (dyn Fn(u64) + Send + Sync),
    /// The script's process group is ended when it takes longer.
    pub time_limit: Option<Duration>,
    /// The script's process group is ended when this is cancelled.
    pub stop: &'a CancellationToken,
    /// Nothing of the script is anybody's secret: it may stand among the arguments of a command, packed, where other users
    /// of the host can see it for a moment. That saves a new connection a round trip.
    pub is_open_text: bool,
    /// How it outlives its connection; without this it ends with it. Not for scripts with input.
    pub kept: Option<Kept<'a>>,
    /// What is taken out of the lines that are heard. Not out of what is left behind at the end, which only scripts of
    /// relm's own are read by.
    pub mask: &'a Mask,
}

/// A script that goes on when its connection is lost, and whose output is heard to the end over the next one.
///
/// If nobody comes back, ending it is the business of whoever asked for this: on a host that is the lock's keeper.
#[derive(Clone, Copy)]
pub struct Kept<'a> {
    /// A directory on the host for a copy of its output.
    pub directory: &'a str,
    /// How long a host that cannot be reached is tried again.
    pub patience: Duration,
    /// Hears of each loss, and why.
    pub on_loss: &'a (dyn Fn(&str) + Send + Sync),
}

impl fmt::Debug for Kept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("directory", &self.directory)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Exec<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exec")
            .field("script", self.script)
            .field("time_limit", &self.time_limit)
            .finish_non_exhaustive()
    }
}

/// What a script reads. It may be a secret, so it is not shown.
#[derive(Clone, Default)]
pub enum Input {
    /// Nothing: `/dev/null`.
    #[default]
    Nothing,
    /// These bytes.
    Bytes(Bytes),
    /// A file of this machine.
    File(Arc<LazyFile>),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("size", &self.size()).finish_non_exhaustive()
    }
}

impl Input {
    /// How many bytes it has; 0 as long as nobody knows.
    pub fn size(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.size().unwrap_or(0),
        }
    }
}

/// Which of a command's two streams a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It exited with this code.
    Code(u32),
    /// A signal ended it: `KILL`, `TERM`.
    Signal(String),
}

impl Status {
    /// Says whether it exited with 0.
    pub fn success(&self) -> bool {
        *self == Self::Code(0)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exited {code}"),
            Self::Signal(signal) => write!(f, "was killed by signal {signal}"),
        }
    }
}

/// What a script that came to its end left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// How it ended.
    pub status: Status,
    /// All of its standard output, or the last few megabytes of it; of a script with parts, what came after the last.
    pub stdout: String,
    /// The same of its standard error.
    pub stderr: String,
}

/// Says why there is no [`Exit`]. Whether the script did its work is then unknown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecError {
    /// The connection went away, or the command ended without a status.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// The host would not start the command.
    #[error("the host did not start the command: {0}")]
    NotStarted(String),
    /// The time limit was reached and the script's processes were ended.
    #[error("took longer than {} and was stopped", seconds(.0))]
    TimedOut(Duration),
    /// It was not begun, because the shell did not come to run as the user that is wanted: who, what the host said, and what
    /// that takes.
    #[error("could not become {0}")]
    NotBecome(String),
    /// What it was to read cannot be read on this machine.
    #[error("what is to be sent cannot be read: {0}")]
    NoInput(String),
    /// What it hands over cannot be kept on this machine.
    #[error("what it sent cannot be kept on this machine: {0}")]
    NotKept(String),
    /// Nobody takes what it hands over.
    #[error("nobody took what it sent")]
    NotTaken,
    /// The run that asked for it does not hold the host's lock any more, and the script did nothing.
    #[error("this run has lost the lock of the host, and changed nothing more there")]
    LockLost,
    /// Somebody asked to stop and the script's processes were ended.
    #[error("was interrupted")]
    Interrupted,
}

fn seconds(time: &Duration) -> String {
    if time.as_secs() >= 120 && time.as_secs().is_multiple_of(60) {
        return format!("{} min", time.as_secs() / 60);
    }
    format!("{} s", time.as_secs())
}
