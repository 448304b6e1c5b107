//! Questions. Without a terminal nothing asks: a needed answer is then an error, at once.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::complaint::Complaint;
use super::out;
use crate::ui::tame;

/// Asks a question whose answer is no unless the person says yes.
pub(super) fn confirm(question: &str, yes: bool) -> Result<(), Complaint> {
    if yes {
        return Ok(());
    }
    if !is_possible() {
        return Err(Complaint::refused(format!("{question} Nobody is there to answer; --yes answers for you")));
    }
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "{} [y/N] ", tame(question));
    let _ = stderr.flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    match (read, answer.trim().to_lowercase().as_str()) {
        (Ok(_), "y" | "yes") => Ok(()),
        _ => Err(Complaint::refused("declined; nothing was changed")),
    }
}

/// Says whether anybody is there to answer.
pub(super) fn is_possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for words. Nothing said means no.
pub(super) fn words(question: &str) -> Result<String, Complaint> {
    out::note(format!("{question} "));
    let mut answer = String::new();
    match std::io::stdin().lock().read_line(&mut answer) {
        Ok(_) if !answer.trim().is_empty() => Ok(answer.trim().to_owned()),
        _ => Err(Complaint::refused("declined; nothing was changed")),
    }
}

/// Asks for a passphrase on the terminal; nothing without one.
pub(super) fn passphrase(prompt: &str) -> Option<String> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    // Below it may stand what relm is doing, without an end of line.
    out::raw("\r\x1b[K");
    rpassword::prompt_password(tame(prompt)).ok()
}
