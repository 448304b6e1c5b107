//! Ctrl-C and its relatives.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::out;

/// Cancels the token at the first INT, TERM or HUP. A second one ends relm at once. What runs under the lock goes on
/// until its keeper, who has not heard of relm for the lock's `grace`, ends it; what runs without a lock, or reads from
/// relm, is ended by the host's own shell when the connection goes.
pub(super) fn stop_on_signals() -> CancellationToken {
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
        loop {
            let any = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
            futures_util::future::select_all(any).await;
            if cancelled.is_cancelled() {
                out::note("left at once; `relm status` says what is live\n");
                std::process::exit(130);
            }
            out::note("interrupted: ending what runs on the hosts (once more to leave at once)\n");
            cancelled.cancel();
        }
    });
    stop
}
