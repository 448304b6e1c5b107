//! `relm deploy --resume` where an earlier run was killed, lost its evidence or was overtaken.

use std::fs;

use crate::converge::take_away;
use crate::resume::{WAITS, batched, did, killed, mend, newest};
use crate::site::{LOG, Site, logged, operation, within};

/// The setting of an operation that logs that it was taken back.
fn undo(name: &str) -> String {
    format!("undo = '''{}'''", LOG.replace("OP", &format!("undo-{name}")))
}

#[test]
fn a_live_release_goes_back_to_what_it_replaced_and_not_to_one_that_was_put_back() {
    let site = Site::new("web1 web2", &(logged("health", "after_flip", "") + &logged("announce", "finish", "")));
    let first = site.deploy();
    site.write("broken-announce-web1", "");
    site.relm("deploy").ends(4);
    let second = site.live();
    site.write("broken-health-web2", "");
    site.relm("deploy").ends(1);
    assert_eq!(site.live(), second);
    let ending = site.relm(&format!("deploy --resume --release {second} --json")).ends(1).ending();
    assert_eq!((ending["ending"].clone(), site.live()), ("put_back".into(), first));
}

#[test]
fn what_ran_once_elsewhere_is_not_taken_back_here() {
    let settings = logged("migrate", "prepare", &format!("once = true\n{}", undo("migrate")))
        + &operation("slow", "prepare", "", WAITS)
        + &logged("health", "after_flip", "");
    let site = Site::new("web1 web2", &settings);
    killed(&site, "web1");
    let file = site.read("Releases.toml");
    let new = "[env.test.hosts]\nweb0 = { address = \"local:hosts/web0\", roles = [\"web\"] }\n";
    site.write("Releases.toml", file.replace("[env.test.hosts]\n", new));
    site.write("broken-health-web2", "");
    did(&site);
    site.relm("deploy --resume").ends(1);
    let log = did(&site);
    assert!(log.contains(&"web0 health".to_owned()), "{log:?}");
    assert!(!log.iter().any(|line| line.contains("migrate")), "{log:?}");
}

#[test]
fn a_failing_converge_takes_back_nothing_the_others_did_once() {
    let settings = "[release]\nmax_unreachable = 1\n".to_owned()
        + &logged("migrate", "prepare", &format!("once = true\n{}", undo("migrate")))
        + &logged("health", "after_flip", "");
    let site = Site::new("web1 web2", &settings);
    let first = site.deploy();
    take_away(&site, "web1");
    site.relm("deploy").ends(0);
    fs::remove_file(site.path("hosts/web1")).expect("a file");
    fs::rename(site.path("web1-away"), site.path("hosts/web1")).expect("a host");
    site.write("broken-health-web1", "");
    did(&site);
    site.relm("converge").ends(1);
    assert_eq!(did(&site), ["web1 health"]);
    assert_eq!(site.host("web1").current(), Some(first));
}

/// A deploy that was killed when both hosts were in maintenance and drained, and none had flipped.
fn killed_when_all_were_down(more: &str) -> (Site, String) {
    let settings = logged("maintenance", "prepare", &undo("maintenance"))
        + &logged("drain", "before_flip", &undo("drain"))
        + &operation("slow", "before_flip", "", WAITS);
    let site = Site::new("web1 web2", &settings);
    let first = site.deploy();
    killed(&site, "web1");
    site.configure(&(settings + more));
    did(&site);
    (site, first)
}

const ALL_UP: [&str; 4] = ["web1 undo-drain", "web1 undo-maintenance", "web2 undo-drain", "web2 undo-maintenance"];

#[test]
fn what_a_killed_run_took_down_comes_up_when_the_resumed_one_fails() {
    let check = operation("ready", "check", "", "[ $RELM_HOST != web2 ] || exit 1");
    let extra = operation("extra", "prepare", "", "[ $RELM_HOST != web2 ] || exit 1");
    let wait = "[[operations]]\nname = \"free\"\nphase = \"prepare\"\nwait = { check = \"false\", every = \"1s\", max = \"1s\" }\n".to_owned();
    for (more, code) in [(check, 1), (extra, 1), (wait, 75)] {
        let (site, first) = killed_when_all_were_down(&more);
        site.relm("deploy --resume").ends(code);
        assert_eq!(did(&site), ALL_UP, "{more}");
        assert_eq!(site.live(), first);
    }
}

#[test]
fn what_a_killed_run_took_down_comes_up_when_the_resumed_one_is_stopped() {
    let wait = "touch \"$SITE/begun\"; sleep 60";
    let (site, _) = killed_when_all_were_down(&operation("wait", "prepare", "", wait));
    let child = site.start("deploy --resume");
    site.await_file("begun");
    crate::site::kill(&child.id().to_string(), "INT");
    assert_eq!(child.wait_with_output().expect("an end").status.code(), Some(130));
    assert_eq!(did(&site), ALL_UP);
}

#[test]
fn what_every_host_serves_stays_live_when_a_resumed_check_fails() {
    let site = Site::new(
        "web1",
        &(logged("drain", "before_flip", &undo("drain"))
            + &logged("ready", "check", "")
            + &logged("announce", "finish", "")),
    );
    site.deploy();
    site.write("broken-announce-web1", "");
    site.relm("deploy").ends(4);
    let second = site.live();
    site.write("broken-ready-web1", "");
    did(&site);
    site.relm("deploy --resume").ends(4);
    assert_eq!((site.live(), did(&site)), (second, vec!["web1 ready".to_owned()]));
}

#[test]
fn hosts_that_are_complete_are_not_opened_again() {
    let site = Site::new("web1 web2 web3", &batched(""));
    site.deploy();
    killed(&site, "web2");
    let shown = site.relm("deploy --resume --dry-run").ends(0).stdout;
    assert!(!shown.contains("reopen_release"), "{shown}");
    assert!(shown.lines().any(|line| line.contains("mark_complete") && line.contains("done already")), "{shown}");
}

#[test]
fn a_bad_release_stays_bad_until_it_is_live() {
    let site = Site::new("web1", &logged("drain", "before_flip", ""));
    site.deploy();
    let second = site.deploy();
    site.relm("rollback").ends(0);
    site.write("broken-drain-web1", "");
    site.relm(&format!("deploy --release {second}")).ends(1);
    assert_eq!(site.host("web1").state(&second), "bad");
    mend(&site, "drain", "web1");
    site.relm(&format!("deploy --release {second}")).ends(0);
    assert_eq!((site.live(), site.host("web1").state(&second)), (second, "complete".to_owned()));
}

#[test]
fn a_flip_that_was_not_written_down_is_put_back_all_the_same() {
    let site = Site::new("web1 web2", &batched(""));
    let first = site.deploy();
    killed(&site, "web1");
    let name = newest(&site);
    let host = site.host("web1");
    assert_eq!(host.current(), Some(name.clone()));
    // As if it had been killed right after the rename.
    let steps = host.record_file(&name, "steps");
    let text = fs::read_to_string(&steps).expect("a journal");
    let kept = text.lines().filter(|line| line.contains(" prepare ")).map(|line| format!("{line}\n"));
    fs::write(&steps, kept.collect::<String>()).expect("a file");
    let history = host.path(".relm/history.jsonl");
    let text = fs::read_to_string(&history).expect("a history");
    let (kept, last) = text.trim_end().rsplit_once('\n').expect("two lines");
    assert!(last.contains("\"done\""), "{last}");
    fs::write(&history, format!("{kept}\n")).expect("a file");
    // The resumed run fails before it does anything on web1.
    site.configure(&batched(&operation("ready", "check", "", "[ $RELM_HOST != web2 ] || exit 1")));
    site.relm("deploy --resume").ends(1);
    assert_eq!(site.live(), first);
}

#[test]
fn a_bad_release_older_than_what_is_live_is_resumed_only_when_confirmed() {
    let site = Site::new("web1", "");
    site.deploy();
    let bad = site.deploy();
    site.relm("rollback").ends(0);
    let new = site.deploy();
    let line = format!("deploy --resume --release {bad}");
    site.relm(&line).ends(3).says(&[&new, "--yes"]);
    assert_eq!(site.live(), new);
    site.relm(&format!("{line} --yes")).ends(0);
    assert_eq!(site.live(), bad);
}

#[test]
fn a_host_that_is_away_is_not_called_gone_from_the_file() {
    let site =
        Site::new("web1 web2 web3", &("[release]\nmax_unreachable = 1\n".to_owned() + &logged("build", "prepare", "")));
    site.write("broken-build-web1", "");
    site.relm("deploy").ends(1);
    mend(&site, "build", "web1");
    take_away(&site, "web3");
    let done = site.relm("deploy --resume").ends(0).says(&["web3 cannot be reached"]);
    assert!(!format!("{}{}", done.stdout, done.stderr).contains("not in the file"), "{}", done.stderr);
}

#[test]
fn code_whose_evidence_is_lost_is_sent_again() {
    for file in ["manifest", "listing"] {
        for damage in [false, true] {
            if damage && file == "listing" {
                continue;
            }
            let site = Site::new("web1 web2", &(logged("build", "prepare", "") + &logged("health", "after_flip", "")));
            site.write("broken-health-web2", "");
            site.relm("deploy").ends(1);
            mend(&site, "health", "web2");
            did(&site);
            let (name, host) = (newest(&site), site.host("web2"));
            fs::write(host.release(&name).join("app.txt"), "meddled\n").expect("a file");
            let path = host.record_file(&name, file);
            if damage { fs::write(&path, "x\n") } else { fs::remove_file(&path) }.expect("a file");
            site.relm("deploy --resume").ends(0).says(&["web2: what is written down of the code", "made again"]);
            assert_eq!(did(&site), ["web1 health", "web2 build", "web2 health"], "{file}");
            assert_eq!((site.live(), host.read("app.txt")), (name, "one\n".to_owned()));
            site.relm("verify").ends(0);
        }
    }
}

/// A service that only its commands know, a pool, and what may fail in the switch; `STOP` is what stops it.
const WITH_SERVICE: &str = r#"[lock]
grace = "1s"
[release]
batches = [1]
[[pool]]
name = "front"
roles = ["web"]
min_healthy = 0
wait = "0s"
drain = 'true'
undrain = 'true'
[[service]]
name = "jobs"
roles = ["db"]
kind = "command"
strategy = "stop_flip_start"
proof = false
start = 'echo "$RELM_HOST start -" >>"$SITE/log"'
stop = '''echo "$RELM_HOST stop -" >>"$SITE/log"
STOP'''
"#;

/// Until all hosts have the first release and two of them the second.
const READY: &str =
    r#"until [ "$(cat "$SITE"/hosts/*/www/test/.relm/releases/*/state | grep -c complete)" = 5 ]; do sleep 0.1; done"#;

#[test]
fn what_a_killed_run_had_not_begun_is_not_taken_back_by_the_next() {
    // The others are ready by then: as far as they know, hosts may be switching.
    let waits = format!("[ ! -e \"$SITE/slow-$RELM_HOST\" ] || {READY}\n{WAITS}");
    let settings = WITH_SERVICE.replace("STOP", "")
        + &operation("prep", "prepare", "", &waits)
        + &logged("late", "after_flip", "");
    for line in ["deploy --json", "deploy --resume --json"] {
        let site = Site::new("web1 web2 db1=db", &settings);
        let first = site.deploy();
        killed(&site, "web1");
        did(&site);
        site.write("broken-late-web1", "");
        let done = site.relm(line).ends(1);
        assert_eq!((did(&site), site.live()), (vec!["web1 late".to_owned()], first), "{line}");
        let events = done.json();
        let back = events.iter().filter(|event| event["event"] == "host_put_back");
        let back: Vec<&str> = back.filter_map(|event| event["host"].as_str()).collect();
        assert_eq!(back, ["web1"], "{line}");
        // A command leaves no trace of a host that is out.
        assert!(!done.stdout.contains("was taken back\""), "{}", done.stdout);
        assert!(
            done.stdout.contains("drain:front was taken back: an earlier run may have left it so"),
            "{}",
            done.stdout
        );
    }
}

#[test]
fn a_service_that_a_killed_run_was_stopping_runs_again_when_the_next_one_fails() {
    let settings = WITH_SERVICE.replace("STOP", WAITS) + &logged("ready", "prepare", "");
    let site = Site::new("db1=db web1", &settings);
    let first = site.deploy();
    killed(&site, "db1");
    assert!(within(20, || site.relm("status").stdout.contains("jobs was stopped by the run of")), "it is not told");
    did(&site);
    site.write("broken-ready-web1", "");
    site.relm("deploy").ends(1).says(&["db1   put back"]);
    assert_eq!(did(&site).iter().filter(|line| *line == "db1 start").count(), 1);
    assert_eq!(site.live(), first);
    site.relm("deploy").ends(1);
    assert!(!did(&site).contains(&"db1 start".to_owned()), "it is started once more");
}
