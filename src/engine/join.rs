//! Brings a host into a release that was begun without it.

use futures_util::future::join_all;

use super::claim::{ask, trouble};
use super::{ClaimError, Machine};
use crate::release::Record;
use crate::transport::Status;

/// What a claim that was cut short leaves: an empty directory without a record.
const CUT_SHORT: &str = concat!(
    r#"cd -- "$base/.relm/releases" 2>/dev/null && [ ! -e "$name" ] && rmdir -- "../../releases/$name" 2>/dev/null
"#,
    include_str!("claim.sh")
);

/// Claims the record's name on machines that do not have it yet: this name and no other.
pub async fn join(machines: &[Machine], record: &Record) -> Result<(), ClaimError> {
    let answers = join_all(machines.iter().map(|machine| ask(machine, CUT_SHORT, record))).await;
    for (machine, answer) in machines.iter().zip(answers) {
        let host = machine.host.name.clone();
        if matches!(&answer, Ok(exit) if exit.status == Status::Code(92)) {
            return Err(ClaimError::Host { host, reason: format!("something stands at releases/{}", record.name) });
        }
        if let Some(reason) = trouble(answer) {
            return Err(ClaimError::Host { host, reason });
        }
    }
    Ok(())
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
    let answers = join_all(machines.iter().map(|machine| ask(machine, FORGET, record))).await;
    for (machine, answer) in machines.iter().zip(answers) {
        if let Some(reason) = trouble(answer) {
            return Err(ClaimError::Host { host: machine.host.name.clone(), reason });
        }
    }
    Ok(())
}
