//! Writing to the two standard streams. A reader that has gone away is no error and never a panic.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};

/// Writes a line of data to standard output. If that cannot be done for another reason than that nobody reads any
/// more, half an answer is worse than none: relm ends with 1.
pub(super) fn line(text: impl Display) {
    text_only(format!("{text}\n"));
}

/// Writes data to standard output as it is.
pub(super) fn text_only(text: impl Display) {
    let mut stdout = anstream::stdout().lock();
    let written = write!(stdout, "{text}").and_then(|()| stdout.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        note(format!("error: cannot write to standard output: {error}\n"));
        std::process::exit(1);
    }
}

/// Writes to standard error as it is. Nobody can be told if that fails.
pub(super) fn note(text: impl Display) {
    let mut stderr = anstream::stderr().lock();
    let _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
}
