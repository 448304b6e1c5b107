//! Questions. Without a terminal nothing asks: a needed answer is then an error, at once. A signal ends every question.

use std::io::{BufRead as _, IsTerminal as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::complaint::Complaint;
use super::echo::Hidden;
use super::{out, signals};
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
pub(super) async fn confirm(question: &str, yes: bool) -> Result<Yes, Complaint> {
    if yes {
        out::note(format!("{} {}\n", tame(question), Yes::Option.words()));
        return Ok(Yes::Option);
    }
    if !is_possible() {
        return Err(Complaint::refused(format!("{question} Nobody is there to answer; --yes answers for you")));
    }
    match line(&format!("{} [y/N]", tame(question))).await?.unwrap_or_default().trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(Yes::Typed),
        _ => Err(Complaint::refused("declined; nothing was changed")),
    }
}

/// Asks for a word that a hand does not type by itself. What `--yes` answers is told all the same.
pub(super) async fn typed(what: &str, word: &str, yes: bool) -> Result<Yes, Complaint> {
    let question = format!("{what}: are you sure? Type {word} to go on:");
    if yes {
        out::note(format!("{} {}\n", tame(&question), Yes::Option.words()));
        return Ok(Yes::Option);
    }
    if !is_possible() {
        return Err(Complaint::refused(format!("{question} Nobody is there to type it; --yes answers for you")));
    }
    if words(&tame(&question)).await? == word {
        return Ok(Yes::Word);
    }
    Err(Complaint::refused(format!("that is not {word}; nothing was changed")))
}

/// Says whether anybody is there to answer.
pub(super) fn is_possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for words. Nothing said means no.
pub(super) async fn words(question: &str) -> Result<String, Complaint> {
    match line(question).await?.unwrap_or_default().trim() {
        "" => Err(Complaint::refused("declined; nothing was changed")),
        words => Ok(words.to_owned()),
    }
}

/// What is hidden is asked for once at a time: there is one terminal, and it is to be left as it was before the first question.
static ASKING: Mutex<()> = Mutex::new(());

/// Asks for a passphrase on the terminal; nothing without one, or when a signal comes. For a thread that may block.
pub(super) fn passphrase(prompt: &str) -> Option<String> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    let _one_at_a_time = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
    let stop = signals::heard();
    // Whoever has waited for the question before it may have been interrupted there.
    if stop.is_cancelled() {
        return None;
    }
    let _open = Open::question();
    // Below it may stand what relm is doing, without an end of line.
    let hidden = Hidden::asking(&format!("\r\x1b[K{}", tame(prompt))).ok()?;
    let answer = answer(hidden.reader().ok()?);
    tokio::runtime::Handle::current().block_on(async {
        tokio::select! {
            biased;
            () = stop.cancelled() => None,
            answer = answer => answer,
        }
    })
}

/// Asks, and takes the next line of standard input, which is a terminal; nothing when that is gone.
pub(super) async fn line(question: &str) -> Result<Option<String>, Complaint> {
    let stop = signals::heard();
    let _open = Open::question();
    out::note(format!("{question} "));
    let answer = answer(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).ok().filter(|read| *read > 0).map(|_| line)
    });
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Complaint::interrupted()),
        answer = answer => Ok(answer),
    }
}

/// What is read on a thread of its own: a terminal lets go of nobody who waits for a line, so such a thread ends with relm at
/// the latest.
async fn answer(read: impl FnOnce() -> Option<String> + Send + 'static) -> Option<String> {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || tell.send(read()));
    told.await.ok().flatten()
}

/// How many questions stand on the terminal.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// One of them, until it is dropped.
struct Open;

impl Open {
    fn question() -> Self {
        OPEN.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Says whether a question stands on the terminal.
pub(super) fn is_open() -> bool {
    OPEN.load(Ordering::Relaxed) > 0
}
