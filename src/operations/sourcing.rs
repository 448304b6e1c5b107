//! Files of a host that are sourced before commands of the app's.

use crate::engine::{On, Operation, Work};
use crate::fleet::Host;
use crate::script::Script;

/// `script` behind the host's files: it sees what they set.
pub(super) fn sourced(script: &Script, on: &On<'_>) -> Script {
    if on.host.source_files.is_empty() {
        return script.clone();
    }
    script_of(on.host).then(&Script::new("relm_source")).then(script)
}

/// A script that fails where a host's files cannot be sourced; nothing if there are none.
pub fn sources(host: &Host) -> Option<Script> {
    (!host.source_files.is_empty()).then(|| script_of(host).then(&Script::new("relm_source")))
}

fn script_of(host: &Host) -> Script {
    Script::new(include_str!("sourcing.sh")).set("relm_sources", host.source_files.join("\n"))
}

/// Says before anything is changed that a host's files cannot be sourced.
#[derive(Debug)]
pub struct CheckSources;

impl Operation for CheckSources {
    fn name(&self) -> String {
        "check_source_files".to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        sources(on.host).map_or_else(|| Work::ours(Script::new("exit 90")), Work::ours)
    }

    fn is_journaled(&self) -> bool {
        false
    }
}
