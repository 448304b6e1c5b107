//! relm's sign of life, to each host that is locked; and its eye on a lock that environments share.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{Fence, IS_LOST, Patience, Place};
use crate::script::Script;

/// Signs of life, until this is dropped.
#[derive(Debug)]
pub(super) struct Beats {
    tasks: Vec<JoinHandle<()>>,
}

/// When the shell that hears this goes, the keeper is told, and waits less long.
const BEAT: &str = r#"relm_lock=$lock
relm_hook='[ ! -e "$relm_lock/token" ] || true >"$relm_lock/gone"'
[ ! -e "$relm_lock/gone" ] || rm -f -- "$relm_lock/gone"
[ ! -e "$relm_lock/beat" ] || echo >"$relm_lock/beat""#;

/// The last script has given the lock back: when the shell goes, what was kept of that script's output goes too. Not
/// before, because it may have to be heard over another connection.
const CLEAR: &str = r#"relm_lock=$lock
relm_hook='rm -rf -- "$relm_lock/out"'"#;

/// From here on every script of this run finds its lock gone.
const DROP: &str = r#"rm -f -- "$lock/token""#;

/// The order to tell the keeper that relm is there.
pub(super) fn beat(fence: &Fence) -> Script {
    Script::new(BEAT).set("lock", &fence.directory)
}

/// The order to clear away what was kept of the run's output.
pub(super) fn clear(fence: &Fence) -> Script {
    Script::new(CLEAR).set("lock", &fence.directory)
}

impl Beats {
    /// Begins to say to each host that relm is there.
    pub(super) fn start(held: &[(Place, Fence)], patience: Patience) -> Self {
        let pause = (patience.closed / 2).min(Duration::from_secs(5));
        let own: Vec<(Place, Fence)> = held.iter().filter(|(place, _)| !place.is_shared).cloned().collect();
        let tasks = held.iter().cloned().map(|(place, fence)| {
            let own = own.clone();
            tokio::spawn(async move {
                let mut seen = Instant::now();
                loop {
                    place.transport.order(Some(beat(&fence))).await;
                    if place.is_shared && is_lost(&place, &fence, &mut seen, patience).await {
                        return drop_all(&own).await;
                    }
                    tokio::time::sleep(pause).await;
                }
            })
        });
        Self { tasks: tasks.collect() }
    }
}

/// Says whether a shared lock is gone: its host says so, or has said nothing for as long as its keeper waits for us.
async fn is_lost(place: &Place, fence: &Fence, seen: &mut Instant, patience: Patience) -> bool {
    match place.transport.capture(&fence.set(Script::new(IS_LOST)), Some(patience.silent)).await {
        Ok(exit) => {
            *seen = Instant::now();
            exit.status.success()
        }
        Err(_) => seen.elapsed() >= patience.silent,
    }
}

/// What holds the run back on its own hosts is their own token.
async fn drop_all(own: &[(Place, Fence)]) {
    for (place, fence) in own {
        place.transport.order(Some(Script::new(DROP).set("lock", &fence.directory))).await;
    }
}

impl Drop for Beats {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
