//! Taking a lock on all its places, or on none.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::beat::{Beats, beat};
use super::same::as_one_of;
use super::{Fence, Lock, LockError, Patience, Place, let_go, own};
use crate::engine::manifest::unpacked;
use crate::release::{Holder, LockSeen};
use crate::script::Script;
use crate::transport::Status;

const TAKE: &str = concat!(include_str!("../base.sh"), include_str!("state.sh"), include_str!("take.sh"));

/// The exit code of a lock that another holds.
const HELD: Status = Status::Code(95);

/// A host that does not answer within this is not locked.
const ANSWER: Duration = Duration::from_secs(60);

/// Who has the first place goes on asking for the others so often: whoever has one of those lets go of it.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Takes the lock on every place for `holder`, unless another person has taken it across runs.
pub async fn take(places: &[Place], holder: &Holder, patience: Patience) -> Result<Lock, LockError> {
    match claim(places, holder, patience).await? {
        (lock, Some(taken)) if taken.by != holder.by => {
            lock.release().await;
            Err(LockError::TakenBy { holder: Box::new(taken) })
        }
        (lock, taken) => Ok(Lock { taken, ..lock }),
    }
}

/// Takes the lock, whoever has taken it across runs; returns that person too.
///
/// All places are asked at once. Of several who ask at the same time, the one who gets the first place wins: the others
/// let go of what they have, so that never two wait for each other.
pub(super) async fn claim(
    places: &[Place],
    holder: &Holder,
    patience: Patience,
) -> Result<(Lock, Option<Holder>), LockError> {
    let token = token();
    let mut held: Vec<Option<Fence>> = vec![None; places.len()];
    let mut answers = BTreeMap::new();
    let mut marks: Vec<Option<Holder>> = vec![None; places.len()];
    let mut trouble = None;
    for _ in 0..TRIES {
        let asked = places.iter().enumerate().filter(|(at, _)| held[*at].is_none());
        let asked = join_all(asked.map(async |(at, place)| (at, ask(place, holder, &token, patience).await)));
        trouble = None;
        for (at, answer) in asked.await {
            match answer {
                Ok(Asked { fence, seen, answer }) => {
                    held[at] = Some(fence);
                    marks[at] = seen.taken;
                    answers.extend(answer.map(|answer| (places[at].host.clone(), answer)));
                }
                // Of several troubles the first place's is told.
                Err(error) => trouble = trouble.or(Some((at, error))),
            }
        }
        if let Some((at, LockError::Held { seen, .. })) = &trouble {
            let places_held = places.iter().zip(&held).filter_map(|(place, fence)| fence.as_ref().map(|_| place));
            if let Some(same) = as_one_of(&places[*at], places_held, holder, seen, &token).await {
                trouble = Some((*at, same));
            }
        }
        match &trouble {
            Some((at, LockError::Held { .. })) if *at > 0 => tokio::time::sleep(PAUSE).await,
            _ => break,
        }
    }
    let held: Vec<(Place, Fence)> =
        places.iter().cloned().zip(held).filter_map(|(place, fence)| Some((place, fence?))).collect();
    if let Some((_, error)) = trouble {
        join_all(held.iter().map(|(place, fence)| let_go(place, fence))).await;
        return Err(error);
    }
    let beats = Beats::start(&held, patience);
    Ok((Lock { held, answers, taken: None, _beats: beats }, own::taken(places, &marks).cloned()))
}

/// What a place that was locked has said.
struct Asked {
    fence: Fence,
    seen: LockSeen,
    answer: Option<String>,
}

async fn ask(place: &Place, holder: &Holder, token: &str, patience: Patience) -> Result<Asked, LockError> {
    let unable = |reason: String| LockError::Unable { host: place.host.clone(), reason };
    let script = Script::new(TAKE)
        .set("root", &place.root)
        .set("env", &place.name)
        .set("owner", serde_json::to_string(holder).expect("a holder is plain data"))
        .set("token", token)
        .set("grace", patience.closed.as_secs().to_string())
        .set("silence", patience.silent.as_secs().to_string());
    // The lock's script goes in a shell of its own, so that the question's finds it as a host's shell is.
    let script = match &place.question {
        None => script,
        Some(question) => {
            let script = script.apart().then(&Script::new(BETWEEN)).then(question).then(&Script::new(BEHIND));
            script.set("relm_token", token)
        }
    };
    let exit =
        place.transport.capture_openly(&script, Some(ANSWER)).await.map_err(|error| unable(error.to_string()))?;
    let (said, answer) = match (exit.stdout.split_once(ANSWERS), exit.stdout.split_once(PACKED)) {
        (Some((said, answer)), _) => (said, answer.strip_suffix(WHOLE).map(str::to_owned)),
        (None, Some((said, answer))) => (said, answer.strip_suffix(WHOLE).and_then(unpacked)),
        (None, None) => (exit.stdout.as_str(), None),
    };
    let mut seen = LockSeen::default();
    let mut directory = None;
    for line in said.lines() {
        if !seen.take(line) {
            directory = line.strip_prefix("held ");
        }
    }
    match directory {
        _ if exit.status == HELD => Err(LockError::Held { host: place.host.clone(), seen: Box::new(seen) }),
        Some(directory) if exit.status.success() => {
            let fence = Fence::new(directory, token, patience.lost);
            // At once: if relm ends now, the keeper is to know.
            place.transport.order(Some(beat(&fence))).await;
            Ok(Asked { fence, seen, answer })
        }
        _ if exit.stderr.trim().is_empty() => Err(unable(exit.status.to_string())),
        _ => Err(unable(exit.stderr.trim().to_owned())),
    }
}

/// What stands before a question's answer.
const ANSWERS: &str = "answers\n";
/// What stands before one that is packed; where that cannot be read, the host is asked once more. Of a young connection the first packets hold 14 KB, and more takes a round trip
/// more, and another.
const PACKED: &str = "packed\n";
/// What stands behind it when it has come to its end.
const WHOLE: &str = "whole\n";
/// The answer is said at once: line by line it would be a packet a line.
const BETWEEN: &str =
    "relm_status=$?\n[ \"$relm_status\" -eq 0 ] || exit \"$relm_status\"\nrelm_held=yes\nrelm_ask() (";
/// A question that fails does not take back the lock.
const BEHIND: &str = r#") </dev/null
relm_answer=$(relm_ask) || exit 0
relm_packed=
if [ "${#relm_answer}" -gt 10000 ]; then relm_packed=$(printf '%s\n' "$relm_answer" | gzip -c | base64) 2>/dev/null; fi
if [ -n "$relm_packed" ]; then printf 'packed\n%s\nwhole\n' "$relm_packed"; else printf 'answers\n%s\nwhole\n' "$relm_answer"; fi
exit 0"#;

/// A word of this run's own.
fn token() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    format!("{:016x}{:016x}", RandomState::new().hash_one(0_u8), RandomState::new().hash_one(1_u8))
}
