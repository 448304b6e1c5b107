//! `relm deploy --resume`: only what is missing is done, from any machine, or it is said why not.

mod changed;
mod killed;
pub(crate) use killed::{WAITS, batched, killed, killed_in};

use std::fs;
use std::process::Command;

use relm::release::hex;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::site::{Done, LOG, Site, logged, operation};

const PHASES: [&str; 4] = ["prepare", "before_flip", "after_flip", "finish"];

/// In every phase two operations, each of which logs its name.
fn all_phases() -> String {
    let two = |phase: &&str| {
        // One host after the other, so that what web2 comes to web1 has done.
        logged(&format!("{phase}-1"), phase, "serial = true") + &logged(&format!("{phase}-2"), phase, "serial = true")
    };
    PHASES.iter().map(two).collect()
}

pub(crate) fn mend(site: &Site, operation: &str, host: &str) {
    fs::remove_file(site.path(format!("broken-{operation}-{host}"))).expect("a file");
}

/// What each host did, as `HOST OPERATION`, without the release.
pub(crate) fn did(site: &Site) -> Vec<String> {
    let mut log: Vec<String> =
        site.take_log().iter().map(|line| line.rsplit_once(' ').expect("three words").0.to_owned()).collect();
    log.sort();
    log
}

/// The release that was begun last.
pub(crate) fn newest(site: &Site) -> String {
    site.host("web1").releases().pop().expect("a release")
}

/// A site with steps `a` and `b`, whose deploy failed in `b`; and what that deploy made.
pub(crate) fn failed_in_b() -> (Site, String) {
    let site = Site::new("web1", &(logged("a", "prepare", "") + &logged("b", "prepare", "")));
    site.write("broken-b-web1", "");
    site.relm("deploy").ends(1);
    mend(&site, "b", "web1");
    did(&site);
    let name = newest(&site);
    (site, name)
}

/// The same command line from a machine that has nothing but the file: another directory, another home.
pub(crate) fn from_elsewhere(site: &Site, line: &str) -> Done {
    let elsewhere = tempfile::tempdir().expect("a directory");
    let at = elsewhere.path();
    let text = site.read("Releases.toml").replace("local:hosts/", &format!("local:{}/", site.path("hosts").display()));
    fs::write(at.join("Releases.toml"), text).expect("a file");
    let mut command = site.command(line.split_whitespace());
    command.current_dir(at).env("HOME", at).env("TMPDIR", at).env("USER", "somebody");
    Done::from(command.output().expect("a process"))
}

#[test]
fn whatever_failed_only_what_is_missing_is_done() {
    for (phase, code) in [("prepare", 1), ("before_flip", 1), ("after_flip", 1), ("finish", 4)] {
        let site = Site::new("web1 web2", &all_phases());
        let first = site.deploy();
        site.take_log();
        let broken = format!("{phase}-2");
        site.write(&format!("broken-{broken}-web2"), "");
        let ending = site.relm("deploy --json").ends(code).ending();
        assert_eq!(ending["next"], json!(["relm deploy test --resume"]), "{phase}");
        let name = newest(&site);
        assert_ne!(name, first);
        mend(&site, &broken, "web2");
        did(&site);
        // The code is on the hosts; nobody needs the source any more.
        let done = from_elsewhere(&site, "deploy --resume --json").ends(0);
        assert_eq!(done.ending()["ending"], "succeeded", "{phase}");
        assert_eq!(site.live(), name);
        // What was put back is done again; else only what failed and what comes after it.
        let mut expected: Vec<String> = Vec::new();
        for (index, other) in PHASES.iter().enumerate() {
            for host in ["web1", "web2"] {
                for number in [1, 2] {
                    let operation = format!("{other}-{number}");
                    let again = match phase {
                        "prepare" => index > 0 || (number, host) == (2, "web2"),
                        "finish" => index == 3 && (number, host) == (2, "web2"),
                        // Nothing had flipped, and what has no undo stays done.
                        "before_flip" => index > 1 || index == 1 && (number, host) == (2, "web2"),
                        _ => index > 0,
                    };
                    if again {
                        expected.push(format!("{host} {operation}"));
                    }
                }
            }
        }
        expected.sort();
        assert_eq!(did(&site), expected, "{phase}");
        for host in site.hosts() {
            assert_eq!(host.state(&name), "complete");
            let history = fs::read_to_string(host.path(".relm/history.jsonl")).expect("a history");
            let deployed = history.lines().filter(|line| line.contains("\"done\"") && line.contains("\"deploy\""));
            let times = deployed.filter(|line| line.contains(&format!("\"to\":\"{name}\""))).count();
            assert_eq!(times, if phase == "after_flip" { 2 } else { 1 }, "{phase}: {history}");
        }
        assert_eq!(site.relm("status --json").ends(0).report()["unfinished"], json!([]));
        site.relm("deploy --resume").ends(3).says(&["no unfinished deploy"]);
    }
}

#[test]
fn a_done_step_is_told_as_done() {
    let site = Site::new("web1 web2", &logged("build", "prepare", "serial = true"));
    site.write("broken-build-web2", "");
    site.relm("deploy").ends(1).says(&["relm deploy test --resume"]);
    mend(&site, "build", "web2");
    let done = site.relm("deploy --resume --json").ends(0);
    let events = done.json();
    let outcome = |step: &str, host: &str| {
        let of = |event: &&serde_json::Value| {
            event["event"] == "host_finished" && event["step"] == step && event["host"] == host
        };
        events.iter().find(of).expect("an event")["outcome"].clone()
    };
    assert_eq!(outcome("upload_code", "web1"), "already_done");
    assert_eq!(outcome("build", "web1"), "already_done");
    assert_eq!(outcome("build", "web2"), "changed");
    let told: Vec<String> = events.iter().filter_map(|event| event["message"].as_str().map(str::to_owned)).collect();
    assert!(told.iter().any(|note| note.contains("going on with")), "{told:?}");
    assert!(told.iter().any(|note| note.contains("build on web2")), "{told:?}");
}

#[test]
fn a_dry_run_shows_what_is_left_and_changes_nothing() {
    let site = Site::new("web1 web2", &logged("build", "prepare", "serial = true"));
    site.write("broken-build-web2", "");
    site.relm("deploy").ends(1);
    let name = newest(&site);
    let done = site.relm("deploy --resume --dry-run").ends(0);
    for line in ["upload_code      done already", "build            web2"] {
        assert!(done.stdout.contains(line), "{line}:\n{}", done.stdout);
    }
    assert_eq!(site.host("web1").state(&name), "failed");
}

#[test]
fn always_runs_again_in_every_phase() {
    let settings = PHASES.map(|phase| logged(&format!("{phase}-always"), phase, "always = true")).concat()
        + &logged("announce", "finish", "");
    let site = Site::new("web1", &settings);
    site.write("broken-announce-web1", "");
    site.relm("deploy").ends(4);
    mend(&site, "announce", "web1");
    did(&site);
    site.relm("deploy --resume").ends(0);
    let expected = ["after_flip-always", "announce", "before_flip-always", "finish-always", "prepare-always"];
    assert_eq!(did(&site), expected.map(|operation| format!("web1 {operation}")));
}

/// git in the site's code, as somebody.
pub(crate) fn git(site: &Site, args: &[&str]) {
    let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main"];
    let status = Command::new("git").args(identity).args(args).current_dir(site.path("code")).output();
    assert!(status.expect("git").status.success(), "git {args:?}");
}

/// Makes the site's code a repository with one commit on `main`, and its source.
pub(crate) fn from_git(site: &Site) {
    let file = site.read("Releases.toml").replace("dir = \"code\"", "git = \"code\"\nref = \"main\"");
    site.write("Releases.toml", file);
    for args in [&["init", "-q"][..], &["checkout", "-q", "-B", "main"], &["add", "."], &["commit", "-q", "-m", "one"]]
    {
        git(site, args);
    }
}

#[test]
fn a_release_that_is_gone_on_a_host_is_refused() {
    let site = Site::new("web1 web2", &logged("build", "prepare", ""));
    site.write("broken-build-web1", "");
    site.relm("deploy").ends(1);
    let name = newest(&site);
    mend(&site, "build", "web1");
    let host = site.host("web2");
    fs::remove_dir_all(host.release(&name)).expect("a directory");
    site.relm("deploy --resume").ends(3).says(&["not whole any more", "web2"]);
    // With the record gone too it is as if the host had never come to its first step.
    fs::remove_dir_all(host.path(".relm/releases").join(&name)).expect("a directory");
    site.relm("deploy --resume").ends(0).says(&["web2 has nothing of this deploy yet and joins it"]);
    assert_eq!(site.live(), name);
}

#[test]
fn what_a_newer_release_replaced_is_resumed_only_when_named_and_confirmed() {
    let site = Site::new("web1", &logged("build", "prepare", ""));
    site.write("broken-build-web1", "");
    site.relm("deploy").ends(1);
    let old = newest(&site);
    mend(&site, "build", "web1");
    let new = site.deploy();
    site.relm("deploy --resume").ends(3).says(&[&old, &new, "went live since"]);
    let line = format!("deploy --resume --release {old}");
    site.relm(&line).ends(3).says(&[&new, "--yes"]);
    assert_eq!(site.live(), new);
    site.relm(&format!("{line} --yes")).ends(0);
    assert_eq!(site.live(), old);
}

#[test]
fn of_two_unfinished_deploys_one_has_to_be_named() {
    let site = Site::new("web1 web2", &logged("build", "prepare", ""));
    site.write("broken-build-web1", "");
    site.relm("deploy").ends(1);
    let first = newest(&site);
    let ending = site.relm("deploy --json").ends(1).ending();
    let second = newest(&site);
    assert_eq!(ending["next"], json!([format!("relm deploy test --resume --release {second}")]));
    mend(&site, "build", "web1");
    site.relm("deploy --resume").ends(3).says(&["2 unfinished", &first, &second, "failed on web1 web2"]);
    assert_eq!(site.relm("status --json").ends(0).report()["unfinished"], json!([first, second]));
    site.relm(&format!("deploy --resume --release {second}")).ends(0);
    assert_eq!(site.live(), second);
    assert_eq!(site.relm("status --json").ends(0).report()["unfinished"], json!([]));
}

#[test]
fn what_cannot_be_resumed_is_said() {
    let site = Site::new("web1", "");
    site.relm("deploy --resume").ends(3).says(&["no unfinished deploy"]);
    let live = site.deploy();
    site.relm(&format!("deploy --resume --release {live}")).ends(3).says(&["is not unfinished"]);
    site.relm("deploy --resume --release 2001-01-01_00.00.00").ends(3).says(&["no host knows"]);
    site.relm("setup-release").ends(0);
    let private = newest(&site);
    site.relm("deploy --resume").ends(3).says(&["no unfinished deploy"]);
    site.relm(&format!("deploy --resume --release {private}")).ends(3).says(&["private"]);
    site.relm("deploy --resume --ref main").ends(2);
}

#[test]
fn what_ran_once_does_not_run_again_on_another_host() {
    let site = Site::new(
        "web1 web2",
        &(logged("migrate", "prepare", "once = true") + &logged("build", "prepare", "serial = true")),
    );
    site.write("broken-build-web2", "");
    site.relm("deploy").ends(1);
    mend(&site, "build", "web2");
    did(&site);
    let file = site.read("Releases.toml");
    let hosts = file.find("[env.test.hosts]\n").expect("hosts") + "[env.test.hosts]\n".len();
    let new = "web0 = { address = \"local:hosts/web0\", roles = [\"web\"] }\n";
    site.write("Releases.toml", format!("{}{new}{}", &file[..hosts], &file[hosts..]));
    site.relm("deploy --resume").ends(0);
    assert_eq!(did(&site), ["web0 build", "web2 build"]);
}

#[test]
fn a_rollback_takes_its_turn_between() {
    let site = Site::new("web1", &logged("announce", "finish", ""));
    let first = site.deploy();
    let second = site.deploy();
    site.write("broken-announce-web1", "");
    site.relm("rollback").ends(4).says(&["relm deploy test --resume"]);
    mend(&site, "announce", "web1");
    did(&site);
    site.relm("deploy --resume").ends(0);
    assert_eq!((did(&site), site.live()), (vec!["web1 announce".to_owned()], first));
    // What was rolled back from is resumed only by its name.
    site.relm("deploy --resume").ends(3);
    assert_eq!(site.host("web1").state(&second), "bad");
}

#[test]
fn a_command_that_failed_with_a_code_of_relm_s_own_is_not_done() {
    for code in [90, 91] {
        let run = format!("{}; [ -e \"$SITE/fixed\" ] || exit {code}", LOG.replace("OP", "build"));
        let site = Site::new("web1", &operation("build", "prepare", "", &run));
        site.relm("deploy").ends(1);
        site.write("fixed", "");
        site.relm("deploy --resume").ends(0);
        assert_eq!(did(&site), ["web1 build", "web1 build"], "{code}");
    }
}

#[test]
fn a_journal_that_lost_its_end_is_mended_by_the_next_line() {
    let (site, name) = failed_in_b();
    let steps = site.host("web1").record_file(&name, "steps");
    let whole = fs::read_to_string(&steps).expect("a journal");
    fs::write(&steps, &whole[..whole.len() - 4]).expect("a file");
    site.relm("deploy --resume").ends(0);
    assert_eq!(did(&site), ["web1 a", "web1 b"]);
    let mended = fs::read_to_string(&steps).expect("a journal");
    assert_eq!(mended.lines().filter(|line| line.ends_with(" prepare a")).count(), 1, "{mended}");
}

#[test]
fn the_record_keeps_the_hosts_and_the_steps_as_they_were_planned() {
    let site = Site::new("web1 db1=db", &operation("migrate", "prepare", "roles = [\"db\"]\nonce = true", "true hush"));
    let name = site.deploy();
    let record = site.host("web1").record(&name);
    assert_eq!(record["hosts"], json!(["web1", "db1"]));
    let steps = record["steps"].as_array().expect("steps");
    // The start of the command's SHA-256: its text stays on the controller.
    let hash = &hex(&Sha256::digest("true hush"))[..16];
    let migrate = json!({ "name": "migrate", "phase": "prepare", "command": hash, "roles": ["db"], "once": true });
    assert!(steps.contains(&migrate) && !record.to_string().contains("hush"), "{record}");
    assert_eq!(record, site.host("db1").record(&name));
}
