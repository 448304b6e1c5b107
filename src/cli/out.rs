//! Writing to the two standard streams. A reader that has gone away is no error and never a panic.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};

use crate::ui::{tame, tame_json};

/// Takes the teeth out of text of several lines.
fn harmless(text: &str) -> String {
    text.split('\n').map(tame).collect::<Vec<_>>().join("\n")
}

/// Writes a line of JSON to standard output.
pub(super) fn json(value: &impl serde::Serialize) {
    let text = serde_json::to_string(value).expect("a report is plain data");
    text_only(tame_json(&text) + "\n");
}

/// Writes a line of data to standard output, tamed: hosts, files and people have a say in it. If that cannot be done for another reason than that nobody reads any
/// more, half an answer is worse than none: relm ends with 1.
pub(super) fn line(text: impl Display) {
    text_only(harmless(&text.to_string()) + "\n");
}

/// Writes data to standard output as it is: what is tamed already.
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

/// Writes to standard error, tamed. Nobody can be told if that fails.
pub(super) fn note(text: impl Display) {
    raw(harmless(&text.to_string()));
}

/// Writes to standard error as it is, for text of our own that moves the cursor or has colours.
pub(super) fn raw(text: impl Display) {
    let mut stderr = anstream::stderr().lock();
    let _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
}
