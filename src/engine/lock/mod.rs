//! The lock: one run at a time changes an environment. On every host a process keeps it, and frees it by itself when
//! nothing is heard of relm any more.
//!
//! A file that says "locked" outlives whoever wrote it, and then a person must decide whether to believe it. Here the
//! keeper's life is the lock's life. Its time is over when its token is taken away: by the run that ends, by the keeper
//! when relm is gone, or by somebody who steals it. Every script that changes something first registers itself and
//! then looks for the token, so that a run that has lost its lock changes nothing more, and the keeper waits for what
//! was begun before.

mod beat;
mod error;
mod fence;
mod own;
mod same;
mod steal;
mod take;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::fleet::HostName;
use crate::release::Holder;
use crate::script::Script;
use crate::transport::Transport;

pub use error::LockError;
pub use fence::Fence;
pub(super) use fence::{IS_LOST, LOST};
pub use own::{give_back, hand_over, tell};
pub use steal::steal;
pub use take::take;

/// Where a lock is held: a directory on a host.
#[derive(Debug, Clone)]
pub struct Place {
    /// The host, for messages.
    pub host: HostName,
    /// The way to it.
    pub transport: Arc<dyn Transport>,
    /// The directory on the hosts that holds environments.
    pub root: String,
    /// The directory in it: the environment's, or that of a lock several environments share.
    pub name: String,
    /// Whether several environments share it. Nothing is changed there, so no script finds out that it is lost.
    pub is_shared: bool,
    /// What the host is asked as soon as the lock is held there, in the same journey. The answers: [`Lock::take_answers`].
    pub question: Option<Script>,
}

/// How long a host waits for relm, and relm for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Once the connection has closed.
    pub closed: Duration,
    /// While it is open and nothing is heard.
    pub silent: Duration,
    /// How long relm tries to reach a host again that it has lost. By then what ran there has ended.
    pub lost: Duration,
}

/// A lock that is held on all its places. It is free again when [`Lock::release`] has run, or by itself.
#[derive(Debug)]
pub struct Lock {
    held: Vec<(Place, Fence)>,
    answers: BTreeMap<HostName, String>,
    /// What the one who holds it had taken across runs before.
    taken: Option<Holder>,
    _beats: beat::Beats,
}

impl Lock {
    /// What a script on `host` must pass to change something there.
    pub fn fence(&self, host: &HostName) -> Option<Fence> {
        // A shared lock's place stands first, and may be on the same host.
        self.held.iter().rev().find(|(place, _)| place.host == *host).map(|(_, fence)| fence.clone())
    }

    /// What the one who holds it had taken across runs before, and why.
    pub fn taken(&self) -> Option<&Holder> {
        self.taken.as_ref()
    }

    /// Keeps it until [`Lock::release`]: no script of the run's gives it back before.
    pub fn stay(&self) {
        self.held.iter().for_each(|(_, fence)| fence.stay());
    }

    /// What the hosts said to their places' questions, where they came to an end with that.
    pub fn take_answers(&mut self) -> BTreeMap<HostName, String> {
        std::mem::take(&mut self.answers)
    }

    /// Frees it everywhere. A host that cannot be told frees it by itself.
    pub async fn release(self) {
        join_all(self.held.iter().map(|(place, fence)| let_go(place, fence))).await;
    }
}

/// A host that does not answer within this is left to its keeper.
const HURRY: Duration = Duration::from_secs(5);

async fn let_go(place: &Place, fence: &Fence) {
    if fence.is_free() {
        let _ = tokio::time::timeout(HURRY, place.transport.order(Some(beat::clear(fence)))).await;
        // Nobody answers to an order; it is on its way before this machine's side is taken down.
        return tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let script = fence.set(Script::new(RELEASE));
    let done = place.transport.capture(&script, Some(HURRY));
    let _ = tokio::time::timeout(HURRY, done).await;
    place.transport.order(None).await;
}

const RELEASE: &str = concat!(include_str!("state.sh"), include_str!("ahead.sh"), include_str!("release.sh"));

/// Defines `relm_give_back`, which frees the lock at the end of a script that stands behind its fence.
pub(super) fn giving_back() -> Script {
    Script::new(concat!(
        "relm_give_back() (\nrelm_keeps_output=yes\n",
        include_str!("ahead.sh"),
        include_str!("release.sh"),
        ")"
    ))
}
