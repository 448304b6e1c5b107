//! Ctrl-C and its relatives.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{ask, echo, out};
use crate::child;
use crate::tasks::relm;

/// Cancelled at the first signal.
static STOP: OnceLock<CancellationToken> = OnceLock::new();

/// Whether the command ends in good order by itself.
static IS_HEEDED: AtomicBool = AtomicBool::new(false);

/// Cancels the token at the first INT, TERM or HUP, and whoever has it ends in good order. A second one ends relm at once.
/// What runs under the lock goes on until its keeper, who has not heard of relm for the lock's `grace`, ends it; what runs
/// without a lock, or reads from relm, is ended by the host's own shell when the connection goes.
pub(super) fn stop_on_signals() -> CancellationToken {
    IS_HEEDED.store(true, Ordering::Relaxed);
    heard()
}

/// The same for a question, which need not know what it is part of: where nobody ends in good order, relm ends at once.
pub(super) fn heard() -> CancellationToken {
    STOP.get_or_init(|| {
        let stop = CancellationToken::new();
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let signals = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
        tokio::spawn(listen(signals, stop.clone()));
        stop
    })
    .clone()
}

async fn listen(mut signals: Vec<Signal>, stop: CancellationToken) {
    loop {
        let any = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(any).await;
        if stop.is_cancelled() {
            leave(&format!("left at once; `{} status` says what is live\n", relm()));
        }
        // Behind a question the line has not ended yet.
        let question = if ask::is_open() { "\n" } else { "" };
        if !IS_HEEDED.load(Ordering::Relaxed) {
            leave(&format!("{question}interrupted\n"));
        }
        match question {
            "" => out::note("interrupted: ending what runs on the hosts (once more to leave at once)\n"),
            end_of_line => out::raw(end_of_line),
        }
        stop.cancel();
    }
}

fn leave(words: &str) -> ! {
    echo::back();
    out::note(words);
    child::end_all();
    std::process::exit(130)
}
