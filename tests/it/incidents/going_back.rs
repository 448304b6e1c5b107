//! Rollbacks that went to the wrong place, or nowhere.

use std::fs;

use crate::site::{Site, logged, operation};

fn history(site: &Site, host: &str) -> String {
    fs::read_to_string(site.host(host).path(".relm/history.jsonl")).expect("a history")
}

/// *A rollback to itself.* The check for a release before was always true, so with one release in the file it went back to
/// that one and emptied the file (commcare-hq-deploy `fab/fabfile.py`; commcare-cloud PR #5852).
#[test]
fn with_one_release_in_the_history_there_is_no_rollback_and_the_history_stays() {
    let site = Site::new("web1 web2", "");
    let only = site.deploy();
    let before = ["web1", "web2"].map(|host| history(&site, host));
    site.relm("rollback").ends(3).says(&["nothing was live before it"]);
    assert_eq!((site.live(), ["web1", "web2"].map(|host| history(&site, host))), (only, before));
}

/// *Hosts that would not all go to the same release* (commcare-hq-deploy: "not all hosts would rollback to same release").
#[test]
fn hosts_that_disagree_are_shown_and_none_goes_back() {
    let site = Site::new("web1 web2", "[release]\nkeep = 9\n");
    let [first, second, third] = [site.deploy(), site.deploy(), site.deploy()];
    site.host("web2").repoint(&format!("releases/{second}"));
    let refused = site.relm("rollback").ends(3).stderr;
    for row in [["web1", &third, &second], ["web2", &second, &first]] {
        assert!(refused.lines().any(|line| row.iter().all(|word| line.contains(*word))), "{row:?}:\n{refused}");
    }
    assert_eq!(["web1", "web2"].map(|host| site.host(host).current()), [Some(third), Some(second)]);
}

/// *The record is written after the restart.* When the restart failed the release was live and not in the file, and the
/// next rollback went one too far, or to where it was (commcare-hq-deploy `record_successful_release`).
#[test]
fn after_a_restart_that_failed_the_next_rollback_goes_to_the_right_release() {
    let site = Site::new("web1 web2", &logged("restart", "after_flip", "undo = true"));
    let [first, second, third] = [site.deploy(), site.deploy(), site.deploy()];
    site.write("broken-restart-web2", "");
    site.relm("deploy").ends(1);
    site.relm("rollback").ends(1);
    assert_eq!(site.live(), third);
    fs::remove_file(site.path("broken-restart-web2")).expect("a file");
    // Killed when all have switched, it is not over: the next one still aims at the same.
    site.write("kill-restart", "");
    site.configure(&operation(
        "restart",
        "after_flip",
        "",
        "[ ! -e $SITE/kill-restart ] || { touch $SITE/restarting; sleep 3; }",
    ));
    let mut child = site.start("rollback");
    site.await_file("restarting");
    child.kill().expect("a process");
    let _ = child.wait();
    fs::remove_file(site.path("kill-restart")).expect("a file");
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), second);
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), first);
}
