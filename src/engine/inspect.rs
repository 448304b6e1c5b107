//! Looks whether a release's tree is still what its steps made of it. Reads only.

use futures_util::future::join_all;

use super::Machine;
use super::differences::{Answer, Difference, What, read};
use crate::fleet::HostName;
use crate::release::Record;
use crate::script::Script;

const INSPECT: &str = concat!(include_str!("listing.sh"), include_str!("inspect.sh"));

/// What was found on each host, or why it cannot be told.
type Found = Vec<(HostName, Result<Vec<Difference>, String>)>;

/// What a resumed run asks before it trusts that steps are done: what they made and what is not so any more. Paths that
/// no step made are left out, because a step that was killed leaves such. Only asked where the journal says that the code
/// was checked: without what was written down then there is nothing to trust, and the code is sent again.
pub async fn inspect(machines: &[&Machine], record: &Record) -> Found {
    let looks = machines.iter().map(|machine| async move {
        let found = match look(machine, record).await {
            Ok(Answer::Checked(found)) => Ok(found.into_iter().filter(|one| one.what != What::Extra).collect()),
            Ok(Answer::Unchecked) => Ok(vec![Difference::of_evidence(What::Missing)]),
            Ok(Answer::Damaged) => Ok(vec![Difference::of_evidence(What::Edited)]),
            Err(reason) => Err(reason),
        };
        (machine.host.name.clone(), found)
    });
    join_all(looks).await
}

/// Every difference of one release on one host.
pub async fn verify(machine: &Machine, record: &Record) -> Result<Vec<Difference>, String> {
    match look(machine, record).await? {
        Answer::Checked(found) => Ok(found),
        Answer::Damaged => Err("its manifest is not the one that was sent".to_owned()),
        Answer::Unchecked => Err(format!("release {} has no manifest there, or no seals", record.name)),
    }
}

async fn look(machine: &Machine, record: &Record) -> Result<Answer, String> {
    let script = Script::new(INSPECT)
        .set("relm_tree", machine.layout.release(&record.name))
        .set("relm_sealed", machine.layout.record(&record.name))
        .set("relm_manifest", &record.tree);
    let exit = machine.transport.capture(&script, None).await.map_err(|error| error.to_string())?;
    if !exit.status.success() {
        return Err(format!("the inspection {}: {}", exit.status, exit.stderr.trim()));
    }
    read(&exit.stdout)
}
