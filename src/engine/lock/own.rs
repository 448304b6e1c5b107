//! The lock a person takes across runs: the deploy token. It stands in a file beside the lock, and changes only under it.

use futures_util::future::join_all;

use super::{Lock, Place};
use crate::engine::parts::fenced;
use crate::fleet::HostName;
use crate::release::{Holder, LockSeen};
use crate::script::Script;
use crate::transport::Exit;

const TELL: &str = concat!(
    include_str!("../base.sh"),
    include_str!("state.sh"),
    "\n[ ! -d \"$base/.relm/lock\" ] || lock_tell \"$base/.relm/lock\"\n"
);

/// Moved in whole: half a name must not pass for nobody.
pub(super) const HAND_OVER: &str = concat!(
    include_str!("../whole.sh"),
    include_str!("../note_down.sh"),
    r#"cd -- "$relm_lock/.." && printf '%s\n' "$owner" >taken.new && mv -f -- taken.new taken || exit
[ -z "$note" ] || { cd -- ../.. && relm_note_down "$note"; }"#
);

const GIVE_BACK: &str = r#"rm -f -- "$relm_lock/../taken""#;

/// Of the marks of places who has taken it across runs, in their order, the one that counts.
pub(super) fn taken<'m>(places: &[Place], marks: &'m [Option<Holder>]) -> Option<&'m Holder> {
    (0..marks.len()).find_map(|at| marks[at].as_ref().filter(|_| counts(places, marks, at)))
}

/// Beside a shared lock's mark each host has a copy. Whoever gives that lock back, or steals it, by way of another environment does
/// not come to these hosts, so a copy counts as long as what it is of stands.
fn counts(places: &[Place], marks: &[Option<Holder>], at: usize) -> bool {
    match (places.first(), &marks[at]) {
        (Some(first), Some(mark)) if at > 0 && first.is_shared && mark.shared.as_ref() == Some(&first.name) => {
            marks[0].as_ref() == Some(mark)
        }
        _ => true,
    }
}

/// Asks every place who holds it. Changes nothing.
pub async fn tell(places: &[Place]) -> Vec<(HostName, Result<LockSeen, String>)> {
    let asked = places.iter().map(|place| async move {
        let script = Script::new(TELL).set("root", &place.root).set("env", &place.name);
        let answer = place.transport.capture(&script, Some(std::time::Duration::from_secs(30))).await;
        let seen = answer.map_err(|error| error.to_string()).and_then(|exit| {
            if !exit.status.success() {
                return Err(exit.stderr.trim().to_owned());
            }
            let mut seen = LockSeen::default();
            exit.stdout.lines().for_each(|line| _ = seen.take(line));
            Ok(seen)
        });
        (place.host.clone(), seen)
    });
    let mut told = join_all(asked).await;
    if told.first().is_some_and(|(_, seen)| seen.is_ok()) {
        let mark = |(_, seen): &(HostName, Result<LockSeen, String>)| seen.as_ref().ok()?.taken.clone();
        let marks: Vec<Option<Holder>> = told.iter().map(mark).collect();
        for (at, (_, seen)) in told.iter_mut().enumerate() {
            if let Ok(seen) = seen
                && !counts(places, &marks, at)
            {
                seen.taken = None;
            }
        }
    }
    told
}

/// Writes down on every place that `holder` has taken it across runs. An error names the first host that failed.
pub async fn hand_over(lock: &Lock, holder: &Holder) -> Result<(), String> {
    let owner = serde_json::to_string(holder).expect("a holder is plain data");
    everywhere(lock, "lock take", |_| Script::new(HAND_OVER).set("owner", &owner).set("note", "")).await
}

/// Takes that away again.
pub async fn give_back(lock: &Lock) -> Result<(), String> {
    everywhere(lock, "lock release", |_| Script::new(GIVE_BACK)).await
}

pub(super) async fn everywhere(lock: &Lock, step: &str, script: impl Fn(&Place) -> Script) -> Result<(), String> {
    let script = &script;
    let done = lock.held.iter().map(|(place, fence)| async move {
        let exit = place.transport.capture(&fenced(step, &script(place), fence), None).await;
        trouble(exit).map_or(Ok(()), |reason| Err(format!("{}: {reason}", place.host)))
    });
    join_all(done).await.into_iter().collect()
}

fn trouble(exit: Result<Exit, crate::transport::ExecError>) -> Option<String> {
    match exit {
        Ok(exit) if exit.status.success() => None,
        Ok(exit) => Some(format!("{}: {}", exit.status, exit.stderr.trim())),
        Err(error) => Some(error.to_string()),
    }
}
