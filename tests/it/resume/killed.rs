//! Deploys that were killed half way, and what goes on with them.

use std::fs;

use serde_json::json;

use super::{did, from_elsewhere, mend, newest};
use crate::site::{LOG, Site, kill, logged, operation, within};

/// Waits where the test asks for it, and says its process.
pub(crate) const WAITS: &str = r#"[ -e "$SITE/slow-$RELM_HOST" ] || exit 0
sleep 60 & echo $! > "$SITE/pid.new"; mv "$SITE/pid.new" "$SITE/pid"; wait"#;

/// Starts a deploy, waits for the slow operation on a host, and kills relm as nothing else would.
pub(crate) fn killed(site: &Site, host: &str) {
    killed_in(site, "deploy", host);
}

/// The same of any task.
pub(crate) fn killed_in(site: &Site, task: &str, host: &str) {
    site.write(&format!("slow-{host}"), "");
    let mut child = site.start(task);
    site.await_file("pid");
    kill(&child.id().to_string(), "KILL");
    child.wait().expect("an end");
    // The host goes down too: what relm had begun would go on to its end otherwise.
    let pid = site.read("pid");
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).expect("a process");
    let group = stat.rsplit(") ").next().expect("numbers").split(' ').nth(2).expect("a group");
    kill(&format!("-{group}"), "KILL");
    assert!(within(20, || !crate::site::lives(pid.trim())), "what ran on the host lives on");
    fs::remove_file(site.path(format!("slow-{host}"))).expect("a file");
}

pub(crate) fn batched(more: &str) -> String {
    "[lock]\ngrace = \"1s\"\n[release]\nbatches = [1]\n".to_owned()
        + &logged("drain", "before_flip", &format!("undo = '''{}'''", LOG.replace("OP", "undrain")))
        + &operation("slow", "after_flip", "", WAITS)
        + &logged("health", "after_flip", "")
        + more
}

#[test]
fn killed_in_the_middle_of_the_switch_it_goes_on_with_the_rest() {
    let site = Site::new("web1 web2 web3", &batched(""));
    let first = site.deploy();
    did(&site);
    killed(&site, "web2");
    let name = newest(&site);
    let live = |host: &str| site.host(host).current();
    assert_eq!([live("web1"), live("web2"), live("web3")], [Some(name.clone()), Some(name.clone()), Some(first)]);
    assert_eq!(site.relm("status --json").ends(0).report()["unfinished"], json!([name]));
    did(&site);
    let done = from_elsewhere(&site, "deploy --resume --json").ends(0);
    assert_eq!(done.ending()["ending"], "succeeded");
    assert_eq!(did(&site), ["web2 health", "web3 drain", "web3 health"]);
    assert_eq!(site.live(), name);
    for host in site.hosts() {
        let history = fs::read_to_string(host.path(".relm/history.jsonl")).expect("a history");
        let flips = history.lines().filter(|line| line.contains("\"done\"") && line.contains(&name));
        assert_eq!(flips.count(), 1, "{history}");
    }
}

#[test]
fn a_resumed_switch_that_fails_puts_all_hosts_back_to_what_they_ran() {
    let site = Site::new("web1 web2 web3", &batched(""));
    let a = site.deploy();
    let b = site.deploy();
    site.host("web1").repoint(&format!("releases/{a}"));
    killed(&site, "web2");
    site.write("broken-health-web3", "");
    did(&site);
    let ending = site.relm("deploy --resume --json").ends(1).ending();
    assert_eq!(ending["ending"], "put_back");
    assert_eq!(ending["hosts"], json!({ "web1": a, "web2": b, "web3": b }));
    let log = did(&site);
    for host in ["web1", "web2", "web3"] {
        assert!(log.contains(&format!("{host} undrain")), "{log:?}");
    }
    mend(&site, "health", "web3");
    site.relm("deploy --resume").ends(0);
    assert_eq!(did(&site).len(), 6, "drain and health, everywhere");
    site.live();
}

#[test]
fn a_resume_that_fails_before_it_comes_to_the_switch_puts_back_what_was_flipped() {
    let site = Site::new("web1 web2", &(batched("") + &logged("ready", "check", "")));
    let first = site.deploy();
    killed(&site, "web1");
    site.write("broken-ready-web2", "");
    let ending = site.relm("deploy --resume --json").ends(1).ending();
    assert_eq!(ending["ending"], "put_back");
    assert_eq!(ending["next"], json!(["relm deploy test --resume"]));
    assert_eq!(site.live(), first);
    mend(&site, "ready", "web2");
    site.relm("deploy --resume").ends(0);
}

#[test]
fn an_upload_that_was_cut_off_is_begun_anew() {
    let site = Site::new("web1 web2", "");
    let wait = "sleep 3 & echo $! > \"$SITE/pid.new\"; mv \"$SITE/pid.new\" \"$SITE/pid\"; wait";
    let script = format!("if [ -e \"$SITE/slow-web1\" ]; then touch half; {wait}; exit 1; fi\nexec \"$REAL\" \"$@\"");
    site.shadow("tar", &script);
    killed(&site, "web1");
    let name = newest(&site);
    assert_eq!(site.host("web1").state(&name), "building");
    site.relm("deploy --resume").ends(0);
    assert_eq!(site.live(), name);
    assert!(!site.host("web1").path("current/half").exists(), "what the broken upload left is in the release");
}

#[test]
fn a_claim_that_was_cut_short_is_made_whole() {
    let site = Site::new("web1 web2", &logged("build", "prepare", ""));
    site.write("broken-build-web1", "");
    site.relm("deploy").ends(1);
    mend(&site, "build", "web1");
    let name = newest(&site);
    for host in site.hosts() {
        let _ = fs::remove_file(host.record_file(&name, "steps"));
    }
    let host = site.host("web2");
    fs::remove_dir_all(host.path(".relm/releases").join(&name)).expect("a directory");
    fs::remove_file(host.release(&name).join("app.txt")).expect("a file");
    site.relm("deploy --resume").ends(0);
    assert_eq!(site.live(), name);
}
