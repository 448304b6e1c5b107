//! Takes a path of the release from one host to others: what one has made for all of them.

use super::release;
use crate::engine::{Gives, Makes, On, Operation, Work};
use crate::fleet::{HostName, Targets};
use crate::script::Script;

/// Gives every host of `targets` what `from` has at `path` in its release. What stands there goes.
///
/// Both hosts tell of every file by its content: what is the same is not sent, and what was sent takes its place only when
/// it is what the other host has.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Its name in the file.
    pub name: String,
    /// The host that has it.
    pub from: HostName,
    /// The hosts that get it.
    pub targets: Targets,
    /// In the release.
    pub path: String,
}

const GIVE: &str =
    concat!(include_str!("way.sh"), include_str!("transfer_contents.sh"), include_str!("transfer_give.sh"));
const TAKE: &str =
    concat!(include_str!("way.sh"), include_str!("transfer_contents.sh"), include_str!("transfer_take.sh"));

impl Transfer {
    fn script(&self, text: &'static str, on: &On<'_>) -> Script {
        Script::new(text).set("relm_release", on.layout.release(release(on))).set("relm_path", &self.path)
    }
}

impl Gives for Transfer {
    fn host(&self) -> &HostName {
        &self.from
    }

    fn tell(&self, on: &On<'_>) -> Script {
        self.script(GIVE, on).set("relm_gives", "")
    }

    fn give(&self, on: &On<'_>) -> Script {
        self.script(GIVE, on).set("relm_gives", "yes")
    }
}

impl Operation for Transfer {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn targets(&self) -> Targets {
        self.targets.clone()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let script = self.script(TAKE, on).set("relm_record", on.layout.record(release(on)));
        Work::ours(script.set("relm_from", self.from.as_str()))
    }

    fn definition(&self, _on: &On<'_>) -> String {
        format!("{} of {}", self.path, self.from)
    }

    fn gives(&self) -> Option<&dyn Gives> {
        Some(self)
    }

    fn makes(&self) -> Makes {
        Makes::Files
    }

    /// The other host must have come to it.
    fn awaits_all(&self) -> bool {
        true
    }
}
