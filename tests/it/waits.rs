//! Waits: a check repeated until it succeeds, and what becomes of a run whose wait was in vain.

use std::fs;
use std::time::{Duration, Instant};

use crate::site::{LOG, Site, logged, operation};

fn wait(phase: &str, check: &str, more: &str) -> String {
    format!("[[operations]]\nname = \"preindex\"\nphase = \"{phase}\"\nwait = {{ check = '''{check}''', {more} }}\n")
}

/// Succeeds the nth time it is tried on a host, and logs each try.
fn nth(n: usize) -> String {
    format!("echo try >> \"$SITE/tries-$RELM_HOST\"; [ \"$(wc -l < \"$SITE/tries-$RELM_HOST\")\" -ge {n} ]")
}

#[test]
fn a_wait_ends_when_its_check_succeeds() {
    let site = Site::new(
        "web1 web2",
        &(wait("prepare", &nth(3), "every = \"1s\", max = \"1m\"") + &logged("next", "prepare", "")),
    );
    let done = site.relm("deploy --json").ends(0);
    assert_eq!(done.ending()["ending"], "succeeded");
    for host in ["web1", "web2"] {
        assert_eq!(site.read(&format!("tries-{host}")).lines().count(), 3, "{host}");
    }
    assert_eq!(site.take_log().len(), 2, "the step after the wait");
}

#[test]
fn a_wait_in_vain_pauses_the_run_and_nothing_live_changes() {
    let settings = wait("prepare", "echo still indexing; [ $RELM_HOST != web2 ]", "every = \"1s\", max = \"1s\"")
        + &logged("later", "prepare", "once = true");
    let site = Site::new("web1 web2", "");
    let first = site.deploy();
    site.configure(&settings);
    let done = site.relm("deploy --json").ends(75);
    let ending = done.ending();
    assert_eq!(
        (&ending["ending"], &ending["reason"]),
        (&"paused".into(), &"preindex on web2 was not ready within 1s".into())
    );
    assert_eq!(ending["next"], serde_json::json!(["relm deploy test --resume"]));
    assert_eq!(ending["hosts"], serde_json::json!({ "web1": first, "web2": first }));
    assert!(done.stdout.contains("still indexing"), "the check is heard");
    assert!(site.take_log().is_empty(), "something ran after the pause");
    for host in site.hosts() {
        let paused = host.releases().pop().expect("a release");
        assert_eq!(host.state(&paused), "building", "it can be resumed");
    }
    site.relm("deploy")
        .ends(75)
        .says(&["is paused: preindex on web2 was not ready within 1s", "relm deploy test --resume"]);
}

/// Exit codes have a meaning in relm's own scripts, and none in a check.
#[test]
fn codes_of_a_check_are_never_mistaken_for_relms() {
    for code in [90, 91, 92, 93, 94] {
        let check = format!("echo try >> \"$SITE/tries-$RELM_HOST\"; exit {code}");
        let site = Site::new("web1", &wait("prepare", &check, "every = \"1s\", max = \"2s\""));
        site.relm("deploy").ends(75);
        assert!(site.read("tries-web1").lines().count() >= 2, "{code}: it gave up at once");
    }
}

#[test]
fn a_check_may_stop_at_its_first_failing_command() {
    let site = Site::new("web1", &wait("prepare", "set -e; false; true", "every = \"1s\", max = \"1s\""));
    site.relm("deploy").ends(75);
}

#[test]
fn a_wait_may_fail_the_run_instead() {
    let more = "every = \"1s\", max = \"1s\", on_timeout = \"fail\"";
    let site = Site::new("web1", &wait("prepare", "echo no index >&2; false", more));
    let done = site.relm("deploy").ends(1).says(&["was not ready within 1s", "no index"]);
    assert!(!done.stderr.contains("exited 94"), "{}", done.stderr);
    let failed = site.host("web1").releases().pop().expect("a release");
    assert_eq!(site.host("web1").state(&failed), "failed");
}

#[test]
fn a_check_that_hangs_is_a_wait_in_vain() {
    let site = Site::new("web1", &wait("prepare", "sleep 100", "every = \"1s\", max = \"1s\""));
    let began = Instant::now();
    site.relm("deploy").ends(75).says(&["was not ready within 1s"]);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn pauses_grow_and_do_not_grow_for_ever() {
    let cases = [("every = \"2s\", factor = 3", "2 6 18 54"), ("every = \"200s\", factor = 2", "200 300 300 300")];
    for (more, pauses) in cases {
        let site = Site::new("web1", &wait("prepare", &nth(5), &format!("{more}, max = \"2h\"")));
        // The lock's keeper sleeps too, a second at a time, and needs to.
        site.shadow("sleep", "case $1 in 0.*|1) exec \"$REAL\" \"$@\" ;; esac\necho \"$1\" >> \"$SITE/pauses\"");
        site.relm("deploy").ends(0);
        assert_eq!(site.read("pauses").lines().collect::<Vec<_>>().join(" "), pauses);
    }
}

#[test]
fn a_failing_host_is_a_failure_even_while_another_waits() {
    let settings = wait("prepare", "[ $RELM_HOST = web1 ]", "every = \"1s\", max = \"1s\"")
        + &operation("build", "prepare", "", "exit 3");
    let site = Site::new("web1 web2", &settings);
    let ending = site.relm("deploy --json").ends(1).ending();
    assert_eq!(ending["ending"], "nothing_changed");
}

#[test]
fn a_paused_run_keeps_nothing_down() {
    let undo = format!("undo = '''{}'''", LOG.replace("OP", "undo-maintenance"));
    let settings = logged("maintenance", "prepare", &undo) + &wait("prepare", "false", "every = \"1s\", max = \"1s\"");
    let site = Site::new("web1", &settings);
    site.relm("deploy").ends(75).says(&["maintenance was taken back"]);
    let log = site.take_log();
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(log[1].starts_with("web1 undo-maintenance"), "{log:?}");
}

#[test]
fn a_wait_in_vain_after_the_flip_puts_back() {
    let more = "every = \"1s\", max = \"1s\", on_timeout = \"fail\"";
    let site = Site::new("web1 web2", &wait("after_flip", "[ ! -e \"$SITE/sick-$RELM_HOST\" ]", more));
    let first = site.deploy();
    fs::write(site.path("sick-web2"), "").expect("a file");
    let ending = site.relm("deploy --json").ends(1).ending();
    assert_eq!(ending["ending"], "put_back");
    assert_eq!(site.live(), first);
}

/// What was taken back is done again; what was done and stands is not.
#[test]
fn a_paused_run_is_resumed_where_it_stopped() {
    let undo = format!("undo = '''{}'''", LOG.replace("OP", "undo-maintenance"));
    let settings = logged("build", "prepare", "")
        + &logged("maintenance", "prepare", &undo)
        + &wait("prepare", "[ -e \"$SITE/ready\" ]", "every = \"1s\", max = \"1s\"")
        + &logged("later", "prepare", "");
    let site = Site::new("web1", &settings);
    site.relm("deploy").ends(75);
    site.take_log();
    site.write("ready", "");
    site.relm("deploy --resume").ends(0);
    let log = site.take_log();
    let did: Vec<&str> = log.iter().filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(did, ["maintenance", "later"]);
    site.live();
}
