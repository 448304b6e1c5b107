//! relm's sign of life, to each host that is locked.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::{Fence, Patience, Place};
use crate::script::Script;

/// Signs of life, until this is dropped.
#[derive(Debug)]
pub(super) struct Beats {
    tasks: Vec<JoinHandle<()>>,
}

/// When the shell that hears this goes, the keeper is told, and waits less long.
const BEAT: &str = r#"relm_lock=$lock
relm_hook='{ true >"$relm_lock/gone"; } 2>/dev/null'
[ ! -e "$relm_lock/gone" ] || rm -f -- "$relm_lock/gone"
touch -c -- "$relm_lock/beat""#;

impl Beats {
    /// Begins to say to each host that relm is there.
    pub(super) fn start(held: &[(Place, Fence)], patience: Patience) -> Self {
        let pause = (patience.closed / 2).min(Duration::from_secs(5));
        let tasks = held.iter().map(|(place, fence)| {
            let order = Script::new(BEAT).set("lock", &fence.directory);
            let transport = place.transport.clone();
            tokio::spawn(async move {
                loop {
                    transport.order(Some(order.clone())).await;
                    tokio::time::sleep(pause).await;
                }
            })
        });
        Self { tasks: tasks.collect() }
    }
}

impl Drop for Beats {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
