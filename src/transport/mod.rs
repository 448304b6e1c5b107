//! One seam to a machine: scripts go in, output and an exit status come out.
//!
//! [`Link`] is what `ssh` and `local` offer: byte channels to a machine. [`Transport`] is what `engine` uses; it is
//! built once, in [`HostShell`], over any link.

mod becoming;
mod bulk;
mod channel;
mod decode;
mod exec;
mod feed;
mod file;
mod frame;
mod handed;
mod kept;
mod run;
mod shell;

use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::script::Script;
use crate::secret::Mask;

pub use channel::{Channel, Heard, Link, OUTPUT_QUEUE};
pub use exec::{Exec, ExecError, Exit, Input, Kept, Status, Stream};
pub use file::LazyFile;
pub use handed::handed_over;
pub use shell::HostShell;

/// A machine that runs scripts under its POSIX `sh`.
pub trait Transport: Debug + Send + Sync {
    /// Runs a script to its end.
    ///
    /// An ending without an exit status is [`ExecError::Lost`], never success.
    fn exec<'a>(&'a self, exec: Exec<'a>) -> BoxFuture<'a, Result<Exit, ExecError>>;

    /// Runs a script whose standard output is data: `sink` gets it as it comes, in pieces, and the host waits while there is
    /// no room in it. Only its standard error is heard in lines.
    fn hand_over<'a>(&'a self, exec: Exec<'a>, sink: mpsc::Sender<Bytes>) -> BoxFuture<'a, Result<Exit, ExecError>>;

    /// As whom relm is signed in there, whomever it becomes then; nothing where nobody has to.
    fn login(&self) -> Option<&str>;

    /// Makes ready for a script that reads a stream, so that it need not wait for its channel; nor for its own text to
    /// travel, as far as that is in `likely`.
    fn open_ahead<'a>(&'a self, likely: Option<&'a Script>) -> BoxFuture<'a, ()>;

    /// Gives the control shell an order to carry out by itself, at once, and every control shell after it first of all.
    /// It must be quick and say nothing.
    fn order(&self, order: Option<Script>) -> BoxFuture<'_, ()>;

    /// Runs a script that reads nothing, whose output is only wanted whole, and which nobody interrupts.
    fn capture<'a>(
        &'a self,
        script: &'a Script,
        time_limit: Option<Duration>,
    ) -> BoxFuture<'a, Result<Exit, ExecError>> {
        self.capture_as(script, time_limit, false)
    }

    /// The same of a script in which nothing is secret: see [`Exec::is_open_text`].
    fn capture_openly<'a>(
        &'a self,
        script: &'a Script,
        time_limit: Option<Duration>,
    ) -> BoxFuture<'a, Result<Exit, ExecError>> {
        self.capture_as(script, time_limit, true)
    }

    /// Either of them.
    #[doc(hidden)]
    fn capture_as<'a>(
        &'a self,
        script: &'a Script,
        time_limit: Option<Duration>,
        is_open_text: bool,
    ) -> BoxFuture<'a, Result<Exit, ExecError>> {
        async move {
            let stop = CancellationToken::new();
            let input = &Input::Nothing;
            let (on_line, on_part, on_sent) = (&|_, _, _: &str| {}, &|_, _| {}, &|_| {});
            let (kept, mask) = (None, Mask::nothing());
            self.exec(Exec {
                script,
                input,
                on_line,
                on_part,
                on_sent,
                time_limit,
                stop: &stop,
                is_open_text,
                kept,
                mask,
            })
            .await
        }
        .boxed()
    }
}

/// Says why a machine cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConnectError {
    /// What went wrong, for exit codes and hints.
    pub kind: ConnectErrorKind,
    /// One sentence without a full stop.
    pub message: String,
    /// More lines: fingerprints, what was tried.
    pub details: Vec<String>,
}

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectErrorKind {
    /// No answer, a refused connection, an unknown address, a time-out.
    Unreachable,
    /// A host key that is not known yet.
    UnknownHostKey,
    /// A host key other than the known one, or a revoked one.
    WrongHostKey,
    /// The host let nobody in.
    SignIn,
    /// Something in ssh's configuration that relm cannot honour.
    Configuration,
}
