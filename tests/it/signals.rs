//! Signals: what runs on the hosts ends, what is live is put right, and relm says so.

use std::process::Child;
use std::time::{Duration, Instant};

use crate::site::{Done, Site, kill, lives, logged, operation, within};

/// Says its process and then waits for a minute, once the test has asked for it.
const SLOW: &str = r#"[ -e "$SITE/slow" ] || exit 0
sleep 60 & echo $! > "$SITE/pid.new"; mv "$SITE/pid.new" "$SITE/pid"; wait"#;

fn slow(phase: &str) -> String {
    operation("slow", phase, "", SLOW)
}

fn send(child: &Child, signal: &str) {
    kill(&child.id().to_string(), signal);
}

/// Waits for the end, which must come soon.
fn end(mut child: Child) -> Done {
    let ended = within(15, || child.try_wait().expect("a status").is_some());
    if !ended {
        child.kill().expect("it ends");
    }
    assert!(ended, "relm does not end");
    Done::from(child.wait_with_output().expect("output"))
}

/// Starts a deploy, waits until the slow operation runs and sends a signal.
fn interrupted(site: &Site, signal: &str) -> Done {
    site.write("slow", "");
    let child = site.start("deploy --json");
    site.await_file("pid");
    send(&child, signal);
    let done = end(child);
    assert!(within(5, || !lives(site.read("pid").trim())), "what ran on the host lives on");
    done
}

#[test]
fn a_signal_while_preparing_ends_what_runs_and_changes_nothing() {
    for signal in ["INT", "TERM", "HUP"] {
        let site = Site::new("web1", &slow("prepare"));
        let first = site.deploy();
        let done = interrupted(&site, signal).ends(130);
        assert_eq!(done.ending()["ending"], "interrupted");
        assert_eq!(done.ending()["hosts"]["web1"], first.as_str());
        assert_eq!(site.live(), first);
        let host = site.host("web1");
        assert_eq!(host.state(&host.releases()[1]), "failed");
    }
}

#[test]
fn a_signal_in_the_switch_puts_every_host_back() {
    let settings =
        "[release]\nbatches = [1]\n".to_owned() + &logged("restart", "after_flip", "undo = true") + &slow("after_flip");
    let site = Site::new("web1 web2", &settings);
    let first = site.deploy();
    site.take_log();
    let done = interrupted(&site, "INT").ends(130);
    assert_eq!(done.ending()["ending"], "interrupted");
    assert_eq!(site.live(), first);
    let log = site.take_log();
    assert_eq!(log.last(), Some(&format!("web1 restart {first}")), "{log:?}");
    assert!(log.iter().all(|line| line.starts_with("web1")), "{log:?}");
}

#[test]
fn a_signal_after_the_switch_leaves_the_new_release_live() {
    let site = Site::new("web1 web2", &slow("finish"));
    let first = site.deploy();
    let done = interrupted(&site, "INT").ends(130);
    assert_eq!(done.ending()["ending"], "interrupted");
    assert_ne!(site.live(), first);
    assert_eq!(done.ending()["hosts"]["web2"], site.live().as_str());
}

#[test]
fn a_signal_before_anything_is_made_makes_nothing() {
    let site = Site::new("web1", "");
    site.shadow("df", "touch \"$SITE/surveying\"; sleep 1; exec \"$REAL\" \"$@\"");
    let child = site.start("deploy --json");
    site.await_file("surveying");
    send(&child, "INT");
    let done = end(child).ends(130);
    assert_eq!(done.ending()["ending"], "interrupted");
    assert!(site.host("web1").releases().is_empty());
}

#[test]
fn a_signal_during_an_upload_ends_it() {
    let site = Site::new("web1", "");
    let first = site.deploy();
    site.shadow("tar", "echo $$ > \"$SITE/pid.new\"; mv \"$SITE/pid.new\" \"$SITE/pid\"; sleep 60");
    interrupted(&site, "INT").ends(130);
    assert_eq!(site.live(), first);
}

#[test]
fn a_second_signal_leaves_at_once_and_what_will_not_end_is_killed() {
    let stubborn = r#"trap '' TERM INT HUP; sh -c 'echo $PPID' > "$SITE/pid.new"; mv "$SITE/pid.new" "$SITE/pid"; sleep 20; sleep 20"#;
    let site = Site::new("web1", &operation("stubborn", "prepare", "", stubborn));
    let child = site.start("deploy");
    site.await_file("pid");
    send(&child, "INT");
    std::thread::sleep(Duration::from_millis(300));
    let before = Instant::now();
    send(&child, "INT");
    end(child).ends(130);
    assert!(before.elapsed() < Duration::from_secs(2));
    assert!(within(12, || !lives(site.read("pid").trim())), "what ran on the host lives on");
}

#[test]
fn what_runs_on_a_host_goes_on_without_relm_and_is_not_run_again() {
    let work = r#"touch "$SITE/begun-$RELM_HOST"; sleep 6; echo "$RELM_HOST worked" >> "$SITE/log""#;
    let site =
        Site::new("web1 web2", &("[lock]\ngrace = \"1s\"\n".to_owned() + &operation("work", "prepare", "", work)));
    let mut child = site.start("deploy");
    site.await_file("begun-web1");
    site.await_file("begun-web2");
    child.kill().expect("a kill");
    child.wait().expect("an end");
    let name = site.host("web1").releases().remove(0);
    assert_eq!(site.host("web1").state(&name), "building", "nobody was there to say more");
    site.relm("deploy --resume").ends(0).says(&["waiting: ", "work (process"]);
    assert_eq!(site.live(), name);
    let mut log = site.take_log();
    log.sort();
    assert_eq!(log, ["web1 worked", "web2 worked"], "once on each host");
}

#[test]
fn a_limit_of_time_is_kept_without_relm() {
    let work = operation("slow", "prepare", "timeout = \"2s\"", SLOW);
    let site = Site::new("web1", &("[lock]\ngrace = \"1s\"\n".to_owned() + &work));
    site.write("slow", "");
    let mut child = site.start("deploy");
    site.await_file("pid");
    child.kill().expect("a kill");
    child.wait().expect("an end");
    // Ten seconds later than relm would have ended it, and the keeper looks once a second.
    assert!(within(25, || !lives(site.read("pid").trim())), "what ran on the host lives on");
}

#[test]
fn a_signal_ends_a_command_that_was_typed() {
    let site = Site::new("web1", "");
    site.deploy();
    site.write("slow", "");
    let mut run = site.command(["run", "--", "sh", "-c", SLOW]);
    let child = run.spawn().expect("a process");
    site.await_file("pid");
    send(&child, "INT");
    end(child).ends(130);
    assert!(within(5, || !lives(site.read("pid").trim())), "what ran on the host lives on");
}

#[test]
fn a_signal_does_not_stop_putting_back() {
    let undo = r#"undo = '''touch "$SITE/undoing"; sleep 1; echo "$RELM_HOST undone" >> "$SITE/log"'''"#;
    let settings = operation("restart", "after_flip", undo, "true") + &logged("health", "after_flip", "");
    let site = Site::new("web1", &settings);
    let first = site.deploy();
    site.take_log();
    site.write("broken-health-web1", "");
    let child = site.start("deploy --json");
    site.await_file("undoing");
    send(&child, "INT");
    let done = end(child);
    assert_eq!(site.live(), first);
    assert_eq!(site.take_log().last().map(String::as_str), Some("web1 undone"));
    assert_eq!(done.ending()["hosts"]["web1"], first.as_str());
}

/// Ended with relm, whoever the signal was for.
#[test]
fn a_signal_ends_what_a_guard_has_started_on_this_machine() {
    let before = r#"sh -c 'sleep 300 & echo $! > "$SITE/pid.new"; mv "$SITE/pid.new" "$SITE/pid"; wait'; true"#;
    for signal in ["INT", "TERM", "HUP"] {
        let site = Site::new("web1", &format!("[guards]\nbefore = ['''{before}''']\n"));
        let child = site.start("deploy --json");
        site.await_file("pid");
        send(&child, signal);
        let done = end(child).ends(130);
        assert_eq!(done.ending()["ending"], "interrupted");
        assert!(!lives(site.read("pid").trim()), "what ran on this machine lives on");
    }
}
