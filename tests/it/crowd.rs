//! Twenty deploys at once: one at a time comes through, and the fleet ends on one whole release.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Child;

use crate::invariants::{Hosts, all_run};
use crate::site::{Done, Site, operation};

const DEPLOYS: usize = 20;

/// Marks the beginning and the end of some work, with the release it is for.
const WORK: &str = r#"echo "begin $RELM_RELEASE" >> "$SITE/log"; sleep 0.05; echo "end $RELM_RELEASE" >> "$SITE/log""#;

fn settings() -> String {
    operation("build", "prepare", "", &format!("{WORK}; echo $RELM_RELEASE > built"))
        + &operation("restart", "after_flip", "undo = true", &format!("{WORK}; echo $RELM_RELEASE > ~/running"))
        + &operation("announce", "finish", "", WORK)
}

/// Lets a crowd deploy at once. Returns how many ended with each exit code.
fn crowd(site: &Site, words: &str) -> BTreeMap<i32, usize> {
    let hosts: Hosts = ["web1", "web2"].map(|name| (name.to_owned(), site.host(name))).into();
    let running: Vec<Child> = (0..DEPLOYS).map(|_| site.start(words)).collect();
    let mut codes: BTreeMap<i32, usize> = BTreeMap::new();
    for relm in running {
        let done = Done::from(relm.wait_with_output().expect("an end"));
        let code = done.code.expect("no signal ended it");
        assert!([0, 3].contains(&code), "exit code {code}\n{}{}", done.stdout, done.stderr);
        assert_eq!(done.ending()["exit_code"], code);
        *codes.entry(code).or_default() += 1;
        if words.contains("--wait") {
            assert_eq!(code, 0, "it had to wait\n{}{}", done.stdout, done.stderr);
        }
    }
    println!("{DEPLOYS} times at once `relm {words}` ended with (exit code: how many) {codes:?}");
    let live = site.live();
    all_run(&hosts, &live, "after a crowd");
    for (name, host) in &hosts {
        assert_eq!(host.read("built").trim_end(), live);
        assert_eq!(site.read(&format!("hosts/{name}/running")).trim_end(), live);
    }
    let came_through = one_at_a_time(&site.take_log());
    assert_eq!(Some(&came_through), codes.get(&0), "as many releases were worked on as deploys succeeded");
    codes
}

#[test]
fn a_crowd_that_waits_deploys_one_after_the_other() {
    let site = Site::new("web1 web2", &settings());
    assert_eq!(crowd(&site, "deploy --json --wait 5m"), [(0, DEPLOYS)].into());
}

#[test]
fn of_a_crowd_that_does_not_wait_the_rest_is_refused() {
    let site = Site::new("web1 web2", &settings());
    assert!(crowd(&site, "deploy --json").contains_key(&0), "nobody came through");
    site.deploy();
}

/// No work for one release between the first begin and the last end of another. Returns how many there were.
fn one_at_a_time(log: &[String]) -> usize {
    let mut order: Vec<&str> = log.iter().filter_map(|line| line.split(' ').nth(1)).collect();
    order.dedup();
    let distinct: BTreeSet<&str> = order.iter().copied().collect();
    assert_eq!(order.len(), distinct.len(), "deploys came between each other's steps: {order:?}");
    distinct.len()
}
