//! Looks whether a release's tree is still what its steps made of it, before a resumed run trusts them.

use futures_util::future::join_all;

use super::Machine;
use crate::fleet::HostName;
use crate::release::Record;
use crate::script::Script;

/// One path of a release that is not what a step made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Relative to the release.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
    /// The step that made it.
    pub step: String,
}

/// Holds the code on each machine against the manifest that was sent there. Reads only.
pub async fn inspect(machines: &[&Machine], record: &Record) -> Vec<(HostName, Result<Vec<Difference>, String>)> {
    let answers = machines.iter().map(|machine| async move { (machine.host.name.clone(), ask(machine, record).await) });
    join_all(answers).await
}

async fn ask(machine: &Machine, record: &Record) -> Result<Vec<Difference>, String> {
    let script = Script::new(include_str!("inspect.sh"))
        .set("release", machine.layout.release(&record.name))
        .set("record", machine.layout.record(&record.name))
        .set("tree", &record.tree);
    let exit = machine.transport.capture(&script, None).await.map_err(|error| error.to_string())?;
    if !exit.status.success() {
        return Err(format!("the inspection {}: {}", exit.status, exit.stderr.trim()));
    }
    let lines = exit.stdout.lines().filter_map(|line| line.split_once('\t'));
    let difference = |(what, path): (&str, &str)| Difference {
        path: path.to_owned(),
        what: what.to_owned(),
        step: "upload_code".to_owned(),
    };
    Ok(lines.map(difference).collect())
}
