//! Two hosts of the file that are one directory: a run would be held there by itself.

use std::time::Duration;

use super::{LockError, Place};
use crate::release::{Holder, LockSeen};
use crate::script::Script;
use crate::transport::Status;

/// Who does not answer within this is not told apart.
const ANSWER: Duration = Duration::from_secs(20);

/// Leaves a sign, and says where.
const SIGN: &str =
    concat!(include_str!("../base.sh"), r#": >"$base/.relm/lock/.sign-$relm_sign" && printf '%s\n' "$base""#);
const SEES: &str = concat!(include_str!("../base.sh"), r#"[ -e "$base/.relm/lock/.sign-$relm_sign" ] || exit 91"#);
const TAKE_AWAY: &str = concat!(include_str!("../base.sh"), r#"rm -f -- "$base/.relm/lock/.sign-$relm_sign""#);

/// What is wrong where `place` is held by whoever asks: a sign that is left there is seen at one of the places that are held. Nothing if
/// it is not, and a lock of the same run is only about to be given back.
pub(super) async fn as_one_of(
    place: &Place,
    held: impl Iterator<Item = &Place>,
    holder: &Holder,
    seen: &LockSeen,
    sign: &str,
) -> Option<LockError> {
    if place.is_shared || seen.holder.as_ref() != Some(holder) {
        return None;
    }
    let directory = said(place, SIGN, sign).await?;
    let mut found = None;
    for other in held.filter(|other| !other.is_shared) {
        if said(other, SEES, sign).await.is_some() {
            let (host, other) = (place.host.clone(), other.host.clone());
            found = Some(LockError::Same { host, other, directory: directory.trim().to_owned() });
            break;
        }
    }
    let _ = said(place, TAKE_AWAY, sign).await;
    found
}

/// What a place says where all goes well.
async fn said(place: &Place, text: &'static str, sign: &str) -> Option<String> {
    let script = Script::new(text).set("root", &place.root).set("env", &place.name).set("relm_sign", sign);
    let exit = place.transport.capture(&script, Some(ANSWER)).await.ok()?;
    (exit.status == Status::Code(0)).then_some(exit.stdout)
}
