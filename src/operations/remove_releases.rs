//! Removes releases that retention has given up, unless a process still runs in one, or something published leads there.

use std::collections::BTreeMap;

use crate::engine::{On, Operation, Work};
use crate::fleet::HostName;
use crate::release::ReleaseName;
use crate::script::Script;

/// Removes releases by name, host by host.
#[derive(Debug)]
pub struct RemoveReleases {
    /// What goes, on each host that has something to remove.
    pub releases: BTreeMap<HostName, Vec<ReleaseName>>,
    /// At the end of a deploy a failing clean is only a warning.
    pub may_fail: bool,
}

const REMOVE: &str = concat!(
    include_str!("../engine/hides.sh"),
    include_str!("../engine/in_use.sh"),
    include_str!("remove_releases.sh")
);

impl Operation for RemoveReleases {
    fn name(&self) -> String {
        "clean_releases".to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let names = self.removes(&on.host.name);
        let script = Script::new(REMOVE).args(names.iter().map(ReleaseName::as_str)).set("base", on.layout.base());
        Work::ours(script)
    }

    /// Which releases go is another thing in every run.
    fn definition(&self, _on: &On<'_>) -> String {
        self.name()
    }

    fn removes(&self, host: &HostName) -> &[ReleaseName] {
        self.releases.get(host).map(Vec::as_slice).unwrap_or_default()
    }

    fn may_fail(&self) -> bool {
        self.may_fail
    }

    fn joins(&self) -> bool {
        true
    }
}
