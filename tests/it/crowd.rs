//! Twenty deploys at once: whoever comes through, the fleet ends on one whole release.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Child;

use crate::invariants::{Hosts, all_run};
use crate::site::{Done, Site, operation};

const DEPLOYS: usize = 20;

/// Whether one deploy at a time holds the environment: then steps of two never overlap, and who comes second is refused.
const LOCKED: bool = false;

/// Marks the beginning and the end of some work, with the release it is for.
const WORK: &str = r#"echo "begin $RELM_RELEASE" >> "$SITE/log"; sleep 0.05; echo "end $RELM_RELEASE" >> "$SITE/log""#;

fn settings() -> String {
    operation("build", "prepare", "", &format!("{WORK}; echo $RELM_RELEASE > built"))
        + &operation("restart", "after_flip", "undo = true", &format!("{WORK}; echo $RELM_RELEASE > ~/running"))
        + &operation("announce", "finish", "", WORK)
}

#[test]
fn twenty_deploys_at_once_leave_one_release() {
    let site = Site::new("web1 web2", &settings());
    let hosts: Hosts = ["web1", "web2"].map(|name| (name.to_owned(), site.host(name))).into();
    let running: Vec<Child> = (0..DEPLOYS).map(|_| site.start("deploy --json")).collect();
    let mut codes: BTreeMap<i32, usize> = BTreeMap::new();
    for relm in running {
        let done = Done::from(relm.wait_with_output().expect("an end"));
        let code = done.code.expect("no signal ended it");
        assert!([0, 1, 3].contains(&code), "exit code {code}\n{}{}", done.stdout, done.stderr);
        assert_eq!(done.ending()["exit_code"], code);
        *codes.entry(code).or_default() += 1;
    }
    println!("{DEPLOYS} deploys at once ended with (exit code: how many) {codes:?}");
    assert!(codes.contains_key(&0), "nobody came through: {codes:?}");
    let live = site.live();
    all_run(&hosts, &live, "after a crowd");
    for host in hosts.values() {
        assert_eq!(host.read("built").trim_end(), live);
    }
    // Another's put back may have come between a flip and its restart as long as nothing keeps deploys apart.
    if LOCKED {
        one_at_a_time(&site.take_log());
        for name in hosts.keys() {
            assert_eq!(site.read(&format!("hosts/{name}/running")).trim_end(), live);
        }
    }
    let next = site.deploy();
    all_run(&hosts, &next, "the deploy after the crowd");
}

/// No work for one release between the first begin and the last end of another.
fn one_at_a_time(log: &[String]) {
    let mut order: Vec<&str> = log.iter().filter_map(|line| line.split(' ').nth(1)).collect();
    order.dedup();
    let distinct: BTreeSet<&str> = order.iter().copied().collect();
    assert_eq!(order.len(), distinct.len(), "deploys came between each other's steps: {order:?}");
}
