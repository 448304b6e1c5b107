//! Questions. Without a terminal nothing asks: a needed answer is then an error, at once.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::complaint::Complaint;
use super::out;
use crate::ui::tame;

/// Who said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Yes {
    /// Whoever was asked.
    Typed,
    /// Whoever was asked for a word.
    Word,
    /// `--yes` did, before anything was asked.
    Option,
}

impl Yes {
    /// As it stands in the history.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Typed => "answered with yes",
            Self::Word => "typed",
            Self::Option => "answered by --yes",
        }
    }
}

/// Asks a question whose answer is no unless the person says yes. What `--yes` answers is told all the same.
pub(super) fn confirm(question: &str, yes: bool) -> Result<Yes, Complaint> {
    if yes {
        out::note(format!("{} {}\n", tame(question), Yes::Option.words()));
        return Ok(Yes::Option);
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
        (Ok(_), "y" | "yes") => Ok(Yes::Typed),
        _ => Err(Complaint::refused("declined; nothing was changed")),
    }
}

/// Asks for a word that a hand does not type by itself. What `--yes` answers is told all the same.
pub(super) fn typed(what: &str, word: &str, yes: bool) -> Result<Yes, Complaint> {
    let question = format!("{what}: are you sure? Type {word} to go on:");
    if yes {
        out::note(format!("{} {}\n", tame(&question), Yes::Option.words()));
        return Ok(Yes::Option);
    }
    if !is_possible() {
        return Err(Complaint::refused(format!("{question} Nobody is there to type it; --yes answers for you")));
    }
    if words(&tame(&question))? == word {
        return Ok(Yes::Word);
    }
    Err(Complaint::refused(format!("that is not {word}; nothing was changed")))
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
