//! `--json` of tasks that change hosts: one event a line, complete in itself, an ending exactly once.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::site::{Done, Site, logged, operation};

/// What holds for every run: times, the first event, the last one, and no other ending.
#[track_caller]
fn whole(done: &Done) -> Vec<Value> {
    let events = done.json();
    assert!(events.len() >= 2, "{}{}", done.stdout, done.stderr);
    for event in &events {
        assert!(event["event"].is_string(), "{event}");
        event["at"].as_str().expect("a time").parse::<DateTime<Utc>>().expect("a time");
    }
    assert_eq!(events[0]["event"], "run_started");
    for key in ["task", "release", "steps"] {
        assert!(events[0].get(key).is_some(), "{key}: {}", events[0]);
    }
    let ended = events.iter().filter(|event| event["event"] == "run_ended").count();
    assert_eq!(ended, 1, "{}", done.stdout);
    let ending = done.ending();
    assert!(ending["ending"].is_string() && ending["hosts"].is_object(), "{ending}");
    events
}

fn named<'e>(events: &'e [Value], name: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

fn settings() -> String {
    let say = operation("say", "prepare", "", "echo out; echo err >&2; printf 'no end'");
    "[release]\nbatches = [1]\n".to_owned() + &say + &logged("restart", "after_flip", "undo = true")
}

#[test]
fn a_good_run_tells_every_step_on_every_host() {
    let site = Site::new("web1 web2", &settings());
    let done = site.relm("deploy --json").ends(0);
    let events = whole(&done);
    let live = site.live();
    assert_eq!((&events[0]["task"], &events[0]["release"]), (&json!("deploy"), &json!(live)));
    let steps = events[0]["steps"].as_array().expect("steps");
    let names: Vec<&str> = steps.iter().map(|step| step["name"].as_str().expect("a name")).collect();
    assert_eq!(
        names,
        [
            "upload_code",
            "check_upload",
            "say",
            "mark_complete",
            "check_flip",
            "flip_current",
            "restart",
            "record",
            "clean_releases"
        ]
    );
    let phases: Vec<&str> = steps.iter().map(|step| step["phase"].as_str().expect("a phase")).collect();
    assert_eq!(
        phases,
        ["prepare", "prepare", "prepare", "prepare", "prepare", "flip", "after_flip", "finish", "finish"]
    );
    assert!(steps.iter().all(|step| step["hosts"] == json!(["web1", "web2"])));
    for name in names {
        let of = |kind: &str| named(&events, kind).into_iter().filter(|event| event["step"] == name).count();
        let counts = ["step_started", "host_started", "host_finished", "host_failed", "step_finished"].map(of);
        assert_eq!(counts, [1, 2, 2, 0, 1], "{name}");
    }
    let ending = done.ending();
    assert_eq!((&ending["ending"], &ending["hosts"]), (&json!("succeeded"), &json!({ "web1": live, "web2": live })));
    let said: BTreeSet<_> = named(&events, "output")
        .into_iter()
        .filter(|event| event["step"] == "say" && event["host"] == "web2")
        .map(|event| (event["stream"].to_string(), event["line"].to_string()))
        .collect();
    let expected = [("stderr", "err"), ("stdout", "no end"), ("stdout", "out")];
    assert_eq!(said, expected.map(|(stream, line)| (json!(stream).to_string(), json!(line).to_string())).into());
    for progress in named(&events, "progress") {
        assert!(progress["done"].as_u64() <= progress["total"].as_u64() && progress["host"].is_string());
    }
    assert!(!named(&events, "progress").is_empty());
    assert_eq!(done.stderr, "", "events are all there is to say");
}

#[test]
fn a_failed_run_tells_who_failed_and_who_was_put_back() {
    let site = Site::new("web1 web2", &settings());
    let first = site.deploy();
    site.write("broken-restart-web2", "");
    let done = site.relm("deploy --json").ends(1);
    let events = whole(&done);
    let failed = named(&events, "host_failed");
    assert_eq!(failed.len(), 1);
    assert_eq!((&failed[0]["step"], &failed[0]["host"]), (&json!("restart"), &json!("web2")));
    assert_eq!(failed[0]["failure"]["what"], "exited 7");
    assert_eq!(failed[0]["failure"]["said"], json!(["restart is broken on web2"]));
    let back: BTreeSet<String> = named(&events, "host_put_back")
        .into_iter()
        .map(|event| format!("{} {}", event["host"], event["release"]))
        .collect();
    assert_eq!(back, ["web1", "web2"].map(|host| format!("{} {}", json!(host), json!(first))).into());
    let finished: Vec<_> =
        named(&events, "step_finished").into_iter().filter(|event| event["step"] == "restart").collect();
    assert_eq!(finished.len(), 1);
    assert_eq!(finished[0]["ok"], false);
    assert_eq!(done.ending()["ending"], "put_back");
}

#[test]
fn a_step_that_some_batch_never_came_to_is_not_called_finished() {
    let site = Site::new("web1 web2", &settings());
    site.write("broken-restart-web1", "");
    let done = site.relm("deploy --json").ends(1);
    let finished = whole(&done);
    let finished = named(&finished, "step_finished").into_iter().filter(|event| event["ok"] == false);
    let steps: Vec<_> = finished.map(|event| event["step"].clone()).collect();
    assert_eq!(steps, ["flip_current", "restart"], "web2 came to neither");
}

#[test]
fn every_task_that_changes_hosts_tells_its_run() {
    let task = "[tasks.own]\nabout = \"x\"\noperations = [\"say\"]\n";
    let site = Site::new("web1", &(settings() + task));
    for (line, name) in [
        ("deploy --json", "deploy"),
        ("deploy --json", "deploy"),
        ("rollback --json", "rollback"),
        ("setup-release --json", "setup-release"),
        ("clean-releases --json", "clean-releases"),
        ("run --json -- true", "run"),
        ("own --json", "own"),
        ("--json own", "own"),
    ] {
        let events = whole(&site.relm(line).ends(0));
        assert_eq!(events[0]["task"], name, "{line}");
        assert_eq!(events[0]["env"], "test");
    }
}

#[test]
fn a_dry_run_is_its_first_and_its_last_event_and_notes() {
    let site = Site::new("web1", "");
    for line in ["deploy --dry-run --json", "setup-release --dry-run --json"] {
        let done = site.relm(line).ends(0);
        let events = whole(&done);
        assert!(events[1..events.len() - 1].iter().all(|event| event["event"] == "warning"), "{events:?}");
        assert_eq!(done.ending()["ending"], "nothing_changed");
    }
    assert!(site.host("web1").releases().is_empty());
}

#[test]
fn a_refusal_is_told_as_a_run_too() {
    let site = Site::new("web1 web2", "");
    for line in ["rollback --json", "run --json -- true", "deploy --release 2001-01-01_00.00.00 --json"] {
        let done = site.relm(line).ends(3);
        whole(&done);
        let ending = done.ending();
        assert_eq!(ending["ending"], "nothing_changed", "{line}");
        assert!(ending["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{ending}");
    }
    let live = site.deploy();
    let done = site.relm("rollback --json").ends(3);
    assert_eq!(done.ending()["hosts"], json!({ "web1": live, "web2": live }));
    let done = site.relm("deploy --dir nowhere --json").ends(1);
    whole(&done);
    assert_eq!(site.live(), live);
}

#[test]
fn odd_output_is_still_one_event_a_line() {
    let odd = r#"printf 'quote " back \\ tab\t bell\007 bad\377 \033[31mred\033[0m\n'; printf 'long '; head -c 100000 /dev/zero | tr '\0' x; echo"#;
    let site = Site::new("web1", &operation("odd", "prepare", "", odd));
    let done = site.relm("deploy --json").ends(0);
    let events = whole(&done);
    let lines: Vec<&str> = named(&events, "output").iter().map(|event| event["line"].as_str().expect("text")).collect();
    assert!(lines[0].starts_with("quote \" back \\ tab\t bell\u{7}"), "{:?}", lines[0]);
    assert!(lines.iter().any(|line| line.starts_with("long xxx")));
}

#[test]
fn a_listener_that_goes_away_stops_no_deploy() {
    let site = Site::new("web1", &operation("chatty", "prepare", "", "seq 20000"));
    let first = site.deploy();
    let mut child = site.start("deploy --json");
    drop(child.stdout.take());
    let status = child.wait().expect("an end");
    assert_eq!(status.code(), Some(0));
    assert_ne!(site.live(), first);
}
