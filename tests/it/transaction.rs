//! The fleet as one: the last check before the switch, what is taken back and in what order, and endings that say what
//! is true.

use std::fs;

use crate::site::{LOG, Site, kill, logged, operation};

fn broken(site: &Site, operation: &str, host: &str) {
    site.write(&format!("broken-{operation}-{host}"), "");
}

/// A command that writes who undoes what into the log, with what is live there.
fn undo(name: &str) -> String {
    let log = format!("echo \"$RELM_HOST undo-{name} $(readlink \"$HOME/www/test/current\")\" >> \"$SITE/log\"");
    format!("undo = '''{log}\n[ ! -e \"$SITE/broken-undo-{name}-$RELM_HOST\" ]'''")
}

fn of_host(log: &[String], host: &str) -> Vec<String> {
    let lines = log.iter().filter_map(|line| line.strip_prefix(host)).map(|line| line.trim().to_owned());
    lines.map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_prepare_took_down_comes_up_again_newest_first() {
    let settings = logged("maintenance", "prepare", &undo("maintenance"))
        + &logged("plain", "prepare", "")
        + &logged("stop", "prepare", &undo("stop"));
    let site = Site::new("web1 web2", &settings);
    broken(&site, "stop", "web2");
    let done = site.relm("deploy --json").ends(1);
    assert_eq!(done.ending()["ending"], "nothing_changed");
    let log = site.take_log();
    // What failed half way is in doubt and is taken back too.
    let whole = ["maintenance", "plain", "stop", "undo-stop", "undo-maintenance"];
    assert_eq!(of_host(&log, "web2"), whole, "{log:?}");
    // A host that is slower may have had nothing to stop yet.
    let other = of_host(&log, "web1");
    let down = other.iter().filter(|name| whole.contains(&format!("undo-{name}").as_str()));
    let up: Vec<String> = down.rev().map(|name| format!("undo-{name}")).collect();
    assert!(!up.is_empty() && other.ends_with(&up), "{log:?}");
    assert!(done.json().iter().all(|event| event["event"] != "host_put_back"), "no host had begun to switch");
    fs::remove_file(site.path("broken-stop-web2")).expect("a file");
    site.relm("deploy").ends(0);
    assert!(!site.take_log().iter().any(|line| line.contains("undo")), "a good run takes nothing back");
}

#[test]
fn a_host_that_never_began_has_nothing_to_take_back() {
    let settings = logged("first", "prepare", "once = true") + &logged("stop", "prepare", &undo("stop"));
    let site = Site::new("web1 web2", &settings);
    broken(&site, "first", "web1");
    site.relm("deploy").ends(1);
    assert!(!site.take_log().iter().any(|line| line.contains("stop")));
}

#[test]
fn a_failing_switch_takes_back_what_prepare_took_down_after_the_flip() {
    let settings = logged("maintenance", "prepare", &undo("maintenance"))
        + &logged("drain", "before_flip", &undo("drain"))
        + &logged("health", "after_flip", "");
    let site = Site::new("web1 web2 web3", &("[release]\nbatches = [1]\n".to_owned() + &settings));
    let first = site.deploy();
    site.take_log();
    for (at, switched) in [("web1", 1), ("web2", 2), ("web3", 3)] {
        broken(&site, "health", at);
        let done = site.relm("deploy --json").ends(1);
        assert_eq!(done.ending()["ending"], "put_back", "{at}");
        assert_eq!(site.live(), first);
        let log = site.take_log();
        let undone = log.iter().filter(|line| line.contains("undo-"));
        assert!(
            undone.clone().all(|line| line.ends_with(&format!("releases/{first}"))),
            "undone before the flip: {log:?}"
        );
        assert_eq!(undone.count(), 3 + switched, "{at}: maintenance everywhere, drain where it ran: {log:?}");
        let back = done.json().into_iter().filter(|event| event["event"] == "host_put_back").count();
        assert_eq!(back, switched, "{at}");
        fs::remove_file(site.path(format!("broken-health-{at}"))).expect("a file");
    }
}

#[test]
fn a_failing_undo_stops_no_other_and_each_is_told_with_its_host() {
    let settings = logged("maintenance", "prepare", &undo("maintenance"))
        + &logged("drain", "before_flip", &undo("drain"))
        + &logged("warm", "after_flip", &undo("warm"))
        + &logged("health", "after_flip", "");
    let site = Site::new("web1 web2", &settings);
    let first = site.deploy();
    site.take_log();
    for (undo, host) in [("undo-warm", "web1"), ("undo-maintenance", "web1"), ("undo-drain", "web2")] {
        broken(&site, undo, host);
    }
    broken(&site, "health", "web2");
    let done = site.relm("deploy").ends(5);
    assert_eq!(site.live(), first);
    let told = done.stderr.split_once('✘').expect("an ending").1.to_owned();
    for words in ["undoing warm: exited 1", "web1: undoing maintenance: exited 1", "undoing drain: exited 1"] {
        assert!(told.contains(words), "{words}:\n{told}");
    }
    let undone = site.take_log().into_iter().filter(|line| line.contains("undo-")).count();
    assert_eq!(undone, 6, "three on each host");
}

#[test]
fn a_second_fault_while_putting_back_stops_no_other_host() {
    let settings = "[release]\nbatches = [3]\n".to_owned()
        + &logged(
            "warm",
            "after_flip",
            "undo = '''[ $RELM_HOST != web2 ] || { sh -c 'kill -9 $$'; exit; }; echo \"$RELM_HOST undo-warm\" >> \"$SITE/log\"'''",
        )
        + &logged("health", "after_flip", "");
    let site = Site::new("web1 web2 web3", &settings);
    let first = site.deploy();
    site.take_log();
    broken(&site, "health", "web1");
    let done = site.relm("deploy --json").ends(5);
    assert_eq!(done.ending()["ending"], "mixed", "every host serves what it served, and web2 not to the end");
    assert_eq!(done.ending()["reason"], "this could not be taken back: warm on web2");
    assert_eq!(site.live(), first);
    let back = done.json().into_iter().find(|event| event["event"] == "host_put_back" && event["host"] == "web2");
    let what = back.expect("an event")["failure"]["what"].to_string();
    assert!(what.contains("undoing warm: was killed by signal KILL"), "{what}");
    let undone = site.take_log().into_iter().filter(|line| line.contains("undo-warm")).count();
    assert_eq!(undone, 2);
}

#[test]
fn ctrl_c_in_prepare_takes_back_what_is_down() {
    let stop = format!("{}; touch \"$SITE/down\"; sleep 60", LOG.replace("OP", "stop"));
    let site = Site::new("web1", &operation("stop", "prepare", &undo("stop"), &stop));
    let child = site.start("deploy --json");
    site.await_file("down");
    kill(&child.id().to_string(), "INT");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(of_host(&site.take_log(), "web1"), ["stop", "undo-stop"]);
}

#[test]
fn nothing_is_taken_back_once_all_hosts_have_switched() {
    let settings = logged("migrate", "prepare", &undo("migrate")) + &logged("announce", "finish", "");
    let site = Site::new("web1 web2", &settings);
    broken(&site, "announce", "web2");
    site.relm("deploy").ends(4);
    assert!(!site.take_log().iter().any(|line| line.contains("undo")));
}

/// Something that goes wrong on web2 after it is prepared and before anybody switches.
fn spoiled(site: &Site, spoil: &str, words: &str) {
    let first = site.deploy();
    let spoil = format!("[ $RELM_HOST != web2 ] || {{ cd \"$HOME/www/test\" && {spoil}; }}");
    // After `mark_complete` nothing of the app's own runs, so the damage waits for it.
    site.configure(&(operation("spoil", "prepare", "", &spoil) + &logged("drain", "before_flip", "")));
    let done = site.relm("deploy --json").ends(1);
    assert_eq!(done.ending()["ending"], "nothing_changed", "{spoil}");
    let failed = done.json().into_iter().find(|event| event["event"] == "host_failed").expect("a failure");
    assert_eq!((&failed["step"], &failed["host"]), (&"check_flip".into(), &"web2".into()), "{failed}");
    assert!(failed.to_string().contains(words), "{failed}");
    assert!(site.take_log().is_empty(), "a host entered the switch");
    assert_eq!(site.host("web1").current().expect("a release"), first);
}

#[test]
fn no_host_switches_while_one_could_not() {
    let site = || Site::new("web1 web2 web3", "");
    spoiled(&site(), "rm current && ln -s releases/2001-01-01_00.00.00 current", "somebody else has changed it");
    spoiled(&site(), "rm current && mkdir current", "is not a link");
    spoiled(&site(), "rm current", "somebody else has changed it");
    let full = site();
    let room = "case \"$*\" in *-check) case $PWD in */web2/*) [ ! -e \"$SITE/full\" ] || { echo no room >&2; exit 1; } ;; esac ;; esac";
    full.shadow("ln", &format!("{room}\nexec \"$REAL\" \"$@\""));
    spoiled(&full, "touch \"$SITE/full\"", "no room");
    let gone = site();
    let remove = "case \"$*\" in */web2/*state.new*) [ ! -e \"$SITE/name\" ] || rm -rf \"$SITE\"/hosts/web2/www/test/releases/\"$(cat \"$SITE/name\")\" ;; esac";
    gone.shadow("mv", &format!("{remove}\nexec \"$REAL\" \"$@\""));
    let name = "echo $RELM_RELEASE > \"$SITE/name\"";
    spoiled(&gone, name, "is not there");
}

#[test]
fn the_last_check_leaves_nothing_behind() {
    let site = Site::new("web1", "");
    site.deploy();
    let names = |below: &str| -> Vec<String> {
        let entries = fs::read_dir(site.host("web1").path(below)).expect("a directory");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort();
        names
    };
    assert!(names("").iter().all(|name| !name.starts_with(".current")), "{:?}", names(""));
    assert!(names(".relm").iter().all(|name| !name.starts_with(".room")), "{:?}", names(".relm"));
}

#[test]
fn hosts_from_different_releases_go_back_each_to_its_own_from_any_batch() {
    let site =
        Site::new("web1 web2 web3", &("[release]\nbatches = [1]\n".to_owned() + &logged("health", "after_flip", "")));
    let [a, b] = [site.deploy(), site.deploy()];
    site.host("web2").repoint(&format!("releases/{a}"));
    let before = serde_json::json!({ "web1": b, "web2": a, "web3": b });
    for host in ["web1", "web2", "web3"] {
        broken(&site, "health", host);
        let ending = site.relm("deploy --json").ends(1).ending();
        assert_eq!((&ending["ending"], &ending["hosts"]), (&"put_back".into(), &before), "{host}");
        fs::remove_file(site.path(format!("broken-health-{host}"))).expect("a file");
    }
}

/// Makes `readlink` fail on web2 once `$SITE/lost` is there, as on a host that does not answer any more.
fn losing(site: &Site) {
    site.shadow("readlink", "case $PWD in */web2/*) [ ! -e \"$SITE/lost\" ] || exit 1 ;; esac\nexec \"$REAL\" \"$@\"");
}

#[test]
fn a_host_lost_at_the_last_look_is_not_called_switched() {
    let site = Site::new("web1 web2", &operation("announce", "finish", "once = true", "touch \"$SITE/lost\""));
    losing(&site);
    let done = site.relm("deploy --json").ends(4);
    let ending = done.ending();
    assert_eq!(ending["ending"], "live_but_unfinished");
    assert_eq!((&ending["unread"], &ending["hosts"]["web2"]), (&serde_json::json!(["web2"]), &serde_json::Value::Null));
}

#[test]
fn a_host_lost_while_putting_back_is_a_mixed_fleet() {
    let site = Site::new("web1 web2", &logged("health", "after_flip", ""));
    let first = site.deploy();
    site.configure(&operation(
        "health",
        "after_flip",
        "",
        "[ $RELM_HOST = web2 ] || { sleep 1; touch \"$SITE/lost\"; exit 1; }",
    ));
    losing(&site);
    let ending = site.relm("deploy --json").ends(5).ending();
    assert_eq!((&ending["ending"], &ending["unread"]), (&"mixed".into(), &serde_json::json!(["web2"])));
    assert_eq!(ending["hosts"]["web1"], first.as_str());
}

/// Each way to fail has words of its own, and none of them is success.
#[test]
fn kinds_of_failure_are_told_apart() {
    let cases = [
        ("kill -9 $$", "was killed by signal KILL"),
        ("exit 7", "exited 7"),
        ("sleep 30", "took longer than 1 s"),
        ("no-such-command-anywhere", "exited 127"),
    ];
    for (run, words) in cases {
        let site = Site::new("web1", &operation("build", "prepare", "timeout = \"1s\"", run));
        let done = site.relm("deploy").ends(1).says(&[words]);
        assert!(done.stderr.contains("web1"), "{}", done.stderr);
    }
}

#[test]
fn a_failing_member_of_a_pipeline_fails_where_the_shell_can_tell() {
    let site = Site::new("web1", &operation("build", "prepare", "", "false | cat"));
    let knows = std::process::Command::new("sh").args(["-c", "(set -o pipefail) 2>/dev/null"]).status().expect("sh");
    site.relm("deploy").ends(i32::from(knows.success()));
}

/// A pool whose members write into the log when they leave it and come in again.
const POOL: &str = r#"[[pool]]
name = "shop"
roles = ["web"]
drain = '''echo "$RELM_HOST out" >> "$SITE/log"'''
undrain = '''echo "$RELM_HOST in" >> "$SITE/log"'''
"#;

/// All at once would leave nobody to answer: the last batch comes first, and what serves is taken out of its pool.
#[test]
fn a_late_failure_is_put_back_batch_by_batch_and_out_of_the_pool() {
    let settings = "[release]\nbatches = [1]\n".to_owned() + POOL + &logged("warm", "after_flip", &undo("warm"));
    let site = Site::new("web1 web2 web3", &settings);
    let first = site.deploy();
    site.take_log();
    broken(&site, "warm", "web3");
    site.relm("deploy").ends(1);
    assert_eq!(site.live(), first);
    let log = site.take_log();
    let words: Vec<String> = log.iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    let went: Vec<&str> = words.iter().map(String::as_str).skip_while(|line| *line != "web3 warm").collect();
    let back = ["web3 undo-warm", "web3 in", "web2 out", "web2 undo-warm", "web2 in", "web1 out", "web1 undo-warm"];
    assert_eq!(went[1..], [&back[..], &["web1 in"]].concat(), "{log:?}");
}

/// A resumed run that fails puts back what an earlier one has switched: that serves, and is taken out before.
#[test]
fn what_an_earlier_run_switched_goes_back_out_of_the_pool() {
    let slow = operation("slow", "after_flip", "", crate::resume::WAITS);
    let settings = "[lock]\ngrace = \"1s\"\n[release]\nbatches = [1]\n".to_owned()
        + POOL
        + &slow
        + &logged("warm", "after_flip", &undo("warm"))
        + &logged("ready", "check", "");
    let site = Site::new("web1 web2", &settings);
    let first = site.deploy();
    crate::resume::killed(&site, "web2");
    site.take_log();
    broken(&site, "ready", "web1");
    site.relm("deploy --resume --wait 1m").ends(1);
    assert_eq!(site.live(), first);
    let log = site.take_log();
    let of_first = log.iter().filter(|line| line.starts_with("web1") && !line.contains("ready"));
    let words: Vec<&str> = of_first.filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(words, ["out", "undo-warm", "in"], "{log:?}");
}
