//! How many logins are under way at once, and when to come again after being sent away.
//!
//! An sshd that has too many strangers before its door closes new connections without a word (`MaxStartups`, by
//! default from the tenth on), and firewalls take a storm for an attack. So there is a limit for the process and a
//! smaller one for each address, which shrinks whenever that address sends one of ours away.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Logins under way in this process.
static LOGINS: Semaphore = Semaphore::const_new(64);

/// Logins under way at one address: below the ten from which on sshd begins to refuse, with room for others.
const AT_ONE_ADDRESS: usize = 8;
const FEWEST_AT_ONE_ADDRESS: usize = 2;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

static DOORS: LazyLock<Mutex<HashMap<String, Arc<Door>>>> = LazyLock::new(Mutex::default);

/// The limit of one address.
#[derive(Debug)]
struct Door {
    places: Arc<Semaphore>,
    open: AtomicUsize,
}

/// The right to a login, from the first packet until the host has let us in.
#[derive(Debug)]
pub(super) struct Place {
    door: Arc<Door>,
    at_the_door: OwnedSemaphorePermit,
    _in_the_process: SemaphorePermit<'static>,
}

impl Place {
    /// Waits until a login at `address` may begin.
    pub(super) async fn at(address: String) -> Self {
        let door = {
            let mut doors = DOORS.lock().unwrap_or_else(PoisonError::into_inner);
            doors.entry(address).or_insert_with(|| Arc::new(Door::new())).clone()
        };
        // The address first: those who wait for a busy one must not keep the rest of the process waiting.
        let at_the_door = door.places.clone().acquire_owned().await.expect("places are never closed");
        let in_the_process = LOGINS.acquire().await.expect("logins are never closed");
        Self { door, at_the_door, _in_the_process: in_the_process }
    }

    /// Gives the place back after the host has closed the door, and comes with one fewer from now on.
    pub(super) fn sent_away(self) {
        let fewer = |open: usize| (open > FEWEST_AT_ONE_ADDRESS).then(|| open - 1);
        if self.door.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok() {
            self.at_the_door.forget();
        }
    }
}

impl Door {
    fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONE_ADDRESS)), open: AtomicUsize::new(AT_ONE_ADDRESS) }
    }
}

/// Pauses that grow, until patience ends.
#[derive(Debug)]
pub(super) struct Pauses {
    patience: Duration,
    first: Option<Instant>,
    next: Duration,
    /// How often there was reason for one.
    pub(super) taken: u32,
}

impl Pauses {
    /// Patience begins with the first pause, not with the wait for a place.
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, first: None, next: FIRST_PAUSE, taken: 0 }
    }

    /// Returns how long to wait now; nothing when it is enough. No two callers come again at the same time.
    pub(super) fn next(&mut self, now: Instant) -> Option<Duration> {
        self.taken += 1;
        let first = *self.first.get_or_insert(now);
        if now.duration_since(first) >= self.patience {
            return None;
        }
        let pause = self.next / 2 + self.next.mul_f64(chance());
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

/// A number from 0 to 1. The standard library seeds its maps from the system's randomness; dice need no more.
fn chance() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or(0);
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn an_address_that_sends_away_is_crowded_less_and_the_others_as_before() {
        let address = || "203.0.113.1:22".to_owned();
        for left in (FEWEST_AT_ONE_ADDRESS..=AT_ONE_ADDRESS).rev().chain([FEWEST_AT_ONE_ADDRESS]) {
            let mut places: Vec<Place> = std::iter::from_fn(|| Place::at(address()).now_or_never()).take(20).collect();
            assert_eq!(places.len(), left);
            places.pop().unwrap().sent_away();
        }
        let other = || "203.0.113.2:22".to_owned();
        let places: Vec<Place> = std::iter::from_fn(|| Place::at(other()).now_or_never()).take(20).collect();
        assert_eq!(places.len(), AT_ONE_ADDRESS);
    }

    #[test]
    fn pauses_grow_differ_and_end() {
        let mut pauses = Pauses::new(Duration::from_secs(10));
        let mut waited = Vec::new();
        let mut now = Instant::now();
        while let Some(pause) = pauses.next(now) {
            waited.push(pause);
            now += pause;
        }
        let all: Duration = waited.iter().sum();
        assert!(all >= Duration::from_secs(10) && all <= Duration::from_secs(13), "{waited:?}");
        assert!(waited[0] <= FIRST_PAUSE * 3 / 2 && waited.iter().all(|pause| *pause <= LONGEST_PAUSE * 3 / 2));
        assert!((6..30).contains(&waited.len()), "{waited:?}");
        assert_ne!(Pauses::new(LONGEST_PAUSE).next(now), Pauses::new(LONGEST_PAUSE).next(now));
    }
}
