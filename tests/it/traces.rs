//! Operations that cannot hide that they ran twice: each appends to a file of the release.

use std::collections::BTreeMap;
use std::fs;

use crate::invariants::Hosts;
use crate::site::OnHost;

/// One in each phase that works in the release. What each does is over in an instant: a step that is interrupted after
/// its effect and before its journal has heard of it is run again, and no step can promise more than that.
pub(crate) const OPERATIONS: &str = r#"
[release]
keep = 2
[[operations]]
name = "build"
phase = "prepare"
run = "echo build >> trace"
[[operations]]
name = "drain"
phase = "before_flip"
run = "touch ~/drained; echo drain >> trace"
undo = "rm -f ~/drained"
[[operations]]
name = "restart"
phase = "after_flip"
run = "rm -f ~/drained; echo $RELM_RELEASE > ~/running; echo restart >> trace"
undo = "rm -f ~/drained; echo $RELM_RELEASE > ~/running"
[[operations]]
name = "announce"
phase = "finish"
run = "echo announce >> trace"
"#;

const STEPS: [&str; 4] = ["build", "drain", "restart", "announce"];

fn trace(host: &OnHost, release: &str) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(host.release(release).join("trace")).unwrap_or_default();
    text.lines().fold(BTreeMap::new(), |mut counts, line| {
        *counts.entry(line.to_owned()).or_default() += 1;
        counts
    })
}

/// Every step ran in this release on every host, some of them perhaps more than once.
#[track_caller]
pub(crate) fn all_are_there(hosts: &Hosts, release: &str, context: &str) {
    for (name, host) in hosts {
        let trace = trace(host, release);
        assert!(STEPS.iter().all(|step| trace.contains_key(*step)), "{context}: on {name} in {release}: {trace:?}");
    }
}

/// Every step ran in this release, once on every host.
#[track_caller]
pub(crate) fn all_are_there_once(hosts: &Hosts, release: &str, context: &str) {
    for (name, host) in hosts {
        let all = STEPS.map(|step| (step.to_owned(), 1)).into();
        assert_eq!(trace(host, release), all, "{context}: on {name} in {release}");
    }
}
