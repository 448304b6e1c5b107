//! Brings a host into a release that was begun without it.

use futures_util::future::join_all;

use super::claim::{CLAIM, ask, trouble};
use super::{ClaimError, Machine};
use crate::release::Record;

/// Claims the record's name on machines that do not have it yet: this name and no other.
pub async fn join(machines: &[Machine], record: &Record) -> Result<(), ClaimError> {
    ask_all(machines, CLAIM, record).await
}

/// Takes away the record of a release whose directory is gone, so that it can be built again. Fails closed: with
/// anything in the directory's place nothing is removed.
const FORGET: &str = r#"cd -- "$base/.relm/releases" || exit
if [ -e "../../releases/$name" ] || [ -L "../../releases/$name" ]; then
  printf 'releases/%s is there again\n' "$name" >&2; exit 1
fi
mv -T -- "$name" ".lost-$name-$$" && rm -rf -- ".lost-$name-$$""#;

/// Forgets the release on machines that have lost its directory.
pub async fn forget_lost(machines: &[Machine], record: &Record) -> Result<(), ClaimError> {
    ask_all(machines, FORGET, record).await
}

async fn ask_all(machines: &[Machine], text: &'static str, record: &Record) -> Result<(), ClaimError> {
    let answers = join_all(machines.iter().map(|machine| ask(machine, text, record))).await;
    let mut troubles = machines.iter().zip(answers).filter_map(|(machine, answer)| {
        trouble(answer).map(|reason| ClaimError { host: machine.host.name.clone(), reason })
    });
    troubles.next().map_or(Ok(()), Err)
}
