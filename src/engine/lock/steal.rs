//! Taking the lock from whoever has it.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::own::{HAND_OVER, everywhere};
use super::take::claim;
use super::{LockError, Patience, Place};
use crate::release::{Flip, FlipStage, Holder};
use crate::script::Script;

/// Its run sees that the token is gone and changes nothing more; its keeper ends what still runs.
const BREAK: &str = concat!(
    include_str!("../base.sh"),
    include_str!("state.sh"),
    r#"
[ -d "$base/.relm/lock" ] || exit 0
lock_newest "$base/.relm/lock"
[ "$newest" -gt 0 ] || exit 0
true >"$base/.relm/lock/$newest/stolen"
rm -f -- "$base/.relm/lock/$newest/token""#
);

/// What still runs has some seconds for its end.
const LIMIT: Duration = Duration::from_secs(30);

/// Takes the lock across runs for `holder`, from a run and from a person alike, and writes that down in the history of
/// every host. Commands of the other run that still run are ended first. An error says where it failed and why.
pub async fn steal(places: &[Place], holder: &Holder) -> Result<(), String> {
    let broken = places.iter().map(|place| async move {
        let script = Script::new(BREAK).set("root", &place.root).set("env", &place.name);
        match place.transport.capture(&script, Some(LIMIT)).await {
            Ok(exit) if exit.status.success() => Ok(()),
            Ok(exit) => Err(format!("{}: {}", place.host, exit.stderr.trim())),
            Err(error) => Err(format!("{}: {error}", place.host)),
        }
    });
    join_all(broken).await.into_iter().collect::<Result<(), _>>()?;
    let patience = Patience { closed: Duration::from_secs(10), silent: LIMIT, lost: LIMIT };
    let begun = Instant::now();
    let (lock, from) = loop {
        match claim(places, holder, patience).await {
            Ok(claimed) => break claimed,
            Err(LockError::Held { .. }) if begun.elapsed() < LIMIT => {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Err(error) => return Err(error.to_string()),
        }
    };
    let owner = serde_json::to_string(holder).expect("a holder is plain data");
    let script = |place: &Place| {
        let note = note(holder, from.as_ref(), place.transport.login());
        Script::new(HAND_OVER).set("owner", &owner).set("note", note)
    };
    let done = everywhere(&lock, "lock steal", script).await;
    lock.release().await;
    done
}

fn note(holder: &Holder, from: Option<&Holder>, ssh_user: Option<&str>) -> String {
    let reason = holder.reason.clone().unwrap_or_default();
    let message = match from {
        Some(from) => {
            format!("{reason} (from {}, who had it since {})", from.by, from.since.format("%Y-%m-%d %H:%M UTC"))
        }
        None => reason,
    };
    let flip = Flip {
        at: holder.since,
        run: holder.since,
        stage: FlipStage::Note,
        task: holder.task.clone(),
        from: None,
        to: None,
        by: holder.by.clone(),
        login: holder.login.clone(),
        ssh_user: ssh_user.map(str::to_owned),
        seconds: None,
        machine: holder.machine.clone(),
        source: String::new(),
        commit: None,
        message: Some(message),
        consents: Vec::new(),
    };
    serde_json::to_string(&flip).expect("a flip is plain data")
}
