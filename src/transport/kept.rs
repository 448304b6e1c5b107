//! A script that goes on when its connection is lost, heard to its end over the next one.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::frame::Frame;
use super::run::{Run, Signals};
use super::shell::{HostShell, tell};
use super::{Channel, Exec, ExecError, Exit, Kept};

/// Between two attempts to reach a host again.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs a script in `control` or, when that is lost, in the control shells after it. Returns the last one if it can be
/// used again.
pub(super) async fn run(
    host: &HostShell,
    mut control: Channel,
    exec: Exec<'_>,
    kept: Kept<'_>,
) -> (Result<Exit, ExecError>, Option<Channel>) {
    loop {
        let frame = Frame::fresh();
        let signals = Signals::Kept(control.input.clone());
        let mut run = Run::new(&frame, signals, exec.time_limit);
        tell(&control, frame.keep(exec.script, kept.directory, host.packs())).await;
        let mut exit = run.follow(&mut control, exec, None).await;
        let mut stuck: Option<((u64, u64), Instant)> = None;
        while let Err(ExecError::Lost(reason)) = &exit {
            if run.is_missing() {
                break;
            }
            let lost = ExecError::Lost(reason.clone());
            if let error @ ExecError::NotBecome(_) = host.not_become(lost, &mut run) {
                return (Err(error), None);
            }
            // A host that takes connections and never says a word must not be tried without end or pause.
            match stuck {
                Some((heard, until)) if heard == run.heard() => {
                    if Instant::now() >= until {
                        return (exit, None);
                    }
                    sleep(PAUSE).await;
                }
                _ => stuck = Some((run.heard(), Instant::now() + kept.patience)),
            }
            (kept.on_loss)(reason);
            control = match come_back(host, exec, kept, reason).await {
                Ok(control) => control,
                Err(error) => return (Err(error), None),
            };
            run.signal_from(Signals::Kept(control.input.clone()));
            tell(&control, frame.again(kept.directory, run.heard())).await;
            exit = run.follow(&mut control, exec, None).await;
        }
        match exit {
            // It was never begun, and never will be: it is begun now.
            Err(ExecError::Lost(_)) if run.is_missing() && !run.has_begun() => {}
            Err(_) if run.is_unread() && host.packs() => host.pack_no_more(),
            Ok(_) => return (exit, Some(control)),
            Err(_) => return (exit, None),
        }
    }
}

/// Connects again, as often as it takes for as long as is sensible.
pub(super) async fn come_back(
    host: &HostShell,
    exec: Exec<'_>,
    kept: Kept<'_>,
    lost: &str,
) -> Result<Channel, ExecError> {
    let until = Instant::now() + kept.patience;
    loop {
        let error = tokio::select! {
            opened = tokio::time::timeout_at(until, host.open_control()) => match opened {
                Ok(Ok(control)) => return Ok(control),
                Ok(Err(error @ ExecError::NotBecome(_))) => return Err(error),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer".to_owned(),
            },
            // What runs on the host is ended there when nobody comes back.
            () = exec.stop.cancelled() => return Err(ExecError::Interrupted),
        };
        if Instant::now() + PAUSE >= until {
            return Err(ExecError::Lost(format!(
                "{lost}; for {} s it was tried again: {error}",
                kept.patience.as_secs()
            )));
        }
        tokio::select! {
            () = sleep(PAUSE) => {}
            () = exec.stop.cancelled() => return Err(ExecError::Interrupted),
        }
    }
}
