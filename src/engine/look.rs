//! The last look: what is live on every host when a run ends, in the hosts' own words.
//!
//! A run that goes well asks each host behind its last step, when all have switched, in the same journey, and gives the
//! lock back there. Whoever was not asked so is asked apart.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::Machine;
use super::lock::{self, Fence};
use crate::fleet::HostName;
use crate::release::ReleaseName;
use crate::script::Script;

/// A host that does not answer the last look within this is called unread.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// What is live now.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    pub(super) hosts: BTreeMap<HostName, Option<ReleaseName>>,
    pub(super) unread: Vec<HostName>,
}

/// What hosts have said behind their last step.
#[derive(Debug, Default)]
pub(super) struct LastWords(Mutex<BTreeMap<HostName, Option<ReleaseName>>>);

const LAST_WORD: &str = concat!("relm_current() (\n", include_str!("current.sh"), ")\n", include_str!("last_word.sh"));

impl LastWords {
    /// What a machine is asked behind its last step.
    pub(super) fn script(machine: &Machine) -> Script {
        let script = Script::new(LAST_WORD).set("base", machine.layout.base());
        let stays = machine.fence.as_ref().is_some_and(Fence::stays);
        lock::giving_back().then(&script.set("relm_stays", if stays { "yes" } else { "" }))
    }

    /// Hears the answer.
    pub(super) fn hear(&self, machine: &Machine, said: &str) {
        for line in said.lines() {
            if let Some(target) = line.strip_prefix("live ")
                && let Ok(live) = release_of(target)
            {
                self.0.lock().expect("nobody panics while holding this").insert(machine.host.name.clone(), live);
            } else if line == "free" {
                machine.fence.iter().for_each(Fence::note_free);
            }
        }
    }
}

/// Reads what is live on every machine that has not told it in its last words.
pub(super) async fn look(machines: &[Machine], said: LastWords) -> Look {
    let said = said.0.into_inner().unwrap_or_default();
    let silent = machines.iter().filter(|machine| !said.contains_key(&machine.host.name));
    let answers = join_all(silent.map(|machine| async move { (machine, read_current(machine).await) })).await;
    let mut look = Look { hosts: said, unread: Vec::new() };
    for (machine, answer) in answers {
        let name = machine.host.name.clone();
        if answer.is_err() {
            look.unread.push(name.clone());
        }
        look.hosts.insert(name, answer.unwrap_or_default());
    }
    look
}

/// What is live; nothing if nothing is. A `current` that is no link to a release counts as unread, like a host that
/// does not answer.
async fn read_current(machine: &Machine) -> Result<Option<ReleaseName>, Unread> {
    let script = Script::new(include_str!("current.sh")).set("base", machine.layout.base());
    let patience = machine.fence.as_ref().map_or(PATIENCE, |fence| PATIENCE.min(fence.patience));
    let answer = async {
        loop {
            match machine.transport.capture(&script, Some(PATIENCE)).await {
                Ok(exit) => return exit,
                // A connection that breaks now is made again: what is live should be known.
                Err(_) => sleep(PAUSE).await,
            }
        }
    };
    let exit = timeout(patience, answer).await.map_err(|_| Unread)?;
    if exit.status.success() { release_of(&exit.stdout) } else { Err(Unread) }
}

/// What is live cannot be told.
struct Unread;

/// The release a link's text names; nothing if there is no link.
fn release_of(target: &str) -> Result<Option<ReleaseName>, Unread> {
    let target = target.trim_end();
    if target.is_empty() {
        return Ok(None);
    }
    let name = target.rsplit('/').next().ok_or(Unread)?;
    ReleaseName::parse(name).map(Some).map_err(|_| Unread)
}
