//! Reports for programs: exactly the fields that the interface promises.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::site::{Site, logged};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn assert_has(value: &Value, wanted: &[&str]) {
    for key in wanted {
        assert!(keys(value).contains(key), "{key} is missing: {value}");
    }
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap_or_else(|| panic!("{value}")).parse().expect("a time")
}

#[test]
fn status_before_the_first_deploy() {
    let site = Site::new("web1 web2", "");
    let report = site.relm("status --json").ends(0).report();
    assert_has(&report, &["env", "hosts", "in_step", "lock", "unfinished"]);
    assert_eq!(
        (&report["env"], &report["in_step"], &report["lock"], &report["unfinished"]),
        (&json!("test"), &json!(true), &json!(null), &json!([]))
    );
    for (host, name) in report["hosts"].as_array().expect("hosts").iter().zip(["web1", "web2"]) {
        assert_has(host, &["host", "current", "since", "by", "ref", "reachable"]);
        assert_eq!((&host["host"], &host["current"], &host["reachable"]), (&json!(name), &json!(null), &json!(true)));
    }
    assert!(!site.host("web1").base.exists(), "a report has made something");
}

#[test]
fn status_tells_what_is_live_since_when_by_whom_and_from_what() {
    let site = Site::new("zeta alpha", "");
    let begun = Utc::now();
    let name = site.deploy();
    let report = site.relm("status test --json").ends(0).report();
    let hosts = report["hosts"].as_array().expect("hosts");
    assert_eq!(
        hosts.iter().map(|host| host["host"].clone()).collect::<Vec<_>>(),
        ["zeta", "alpha"],
        "order of the file"
    );
    for host in hosts {
        assert_eq!((&host["current"], &host["by"], &host["ref"]), (&json!(name), &json!("tester"), &json!("dir code")));
        let since = time(&host["since"]);
        assert!(since >= begun && since <= Utc::now());
    }
    let text = site.relm("status").ends(0).stdout;
    assert!(text.contains(&name) && text.contains("tester") && text.contains("zeta"), "{text}");
}

#[test]
fn status_tells_hosts_out_of_step_and_a_current_gone_astray() {
    let site = Site::new("web1 web2 web3", "");
    let [a, b] = [site.deploy(), site.deploy()];
    site.host("web2").repoint(&format!("releases/{a}"));
    site.host("web3").repoint("../elsewhere");
    let report = site.relm("status --json").ends(0).report();
    assert_eq!(report["in_step"], false);
    let current: Vec<&Value> = report["hosts"].as_array().expect("hosts").iter().map(|host| &host["current"]).collect();
    assert_eq!(current, [&json!(b), &json!(a), &json!(null)]);
    let text = site.relm("status").ends(0).stdout;
    assert!(text.contains("out of step") && text.contains("elsewhere"), "{text}");
    let one = site.relm("status --hosts web2 --json").ends(0).report();
    assert_eq!(one["hosts"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_host_that_cannot_be_used_is_told_and_the_others_too() {
    let site = Site::new("web1 web2", "");
    let name = site.deploy();
    std::fs::rename(site.path("hosts/web2"), site.path("away")).expect("a move");
    site.write("hosts/web2", "a file, not a directory");
    let report = site.relm("status --json").ends(3).report();
    site.relm("status").ends(3).shows(&[&name, "web2", "did not answer"]);
    site.relm("status --hosts web1").ends(0);
    assert_eq!((&report["hosts"][0]["current"], &report["hosts"][0]["reachable"]), (&json!(name), &json!(true)));
    assert_eq!((&report["hosts"][1]["current"], &report["hosts"][1]["reachable"]), (&json!(null), &json!(false)));
    assert_eq!(report["in_step"], false);
    for line in ["deploy", "rollback", "setup-release", "clean-releases", "check", "releases"] {
        site.relm(line).ends(3);
    }
    assert_eq!(site.host("web1").current(), Some(name.clone()));
    assert_eq!(site.host("web1").releases(), [name]);
}

#[test]
fn releases_have_a_state_each() {
    let settings = "[release]\nkeep = 9\n".to_owned() + &logged("build", "prepare", "");
    let site = Site::new("web1 web2", &settings);
    let [a, b, c] = [site.deploy(), site.deploy(), site.deploy()];
    site.relm("rollback").ends(0);
    site.write("broken-build-web1", "");
    site.relm("deploy").ends(1);
    site.relm("setup-release --keep-days 2").ends(0);
    let report = site.relm("releases --json").ends(0).report();
    assert_eq!(report["env"], "test");
    let releases = report["releases"].as_array().expect("releases");
    for release in releases {
        assert_has(release, &["name", "state", "current_on", "hosts", "ref", "by", "keep_until"]);
        assert_eq!(
            (&release["hosts"], &release["ref"], &release["by"]),
            (&json!(["web1", "web2"]), &json!("dir code"), &json!("tester"))
        );
        let live = release["name"] == b.as_str();
        assert_eq!(release["current_on"], if live { json!(["web1", "web2"]) } else { json!([]) });
        assert_eq!(release["keep_until"].is_string(), release["state"] == "private");
    }
    let states: Vec<&str> = releases.iter().map(|release| release["state"].as_str().expect("a state")).collect();
    assert_eq!(states, ["retired", "live", "bad", "failed", "private"]);
    let names: Vec<&str> = releases.iter().take(3).map(|release| release["name"].as_str().expect("a name")).collect();
    assert_eq!(names, [&a, &b, &c]);
    let text = site.relm("releases").ends(0).stdout;
    assert!(states.iter().all(|state| text.contains(state)), "{text}");
}

#[test]
fn history_is_newest_first_and_one_entry_for_all_hosts() {
    let site = Site::new("web1 web2", &logged("health", "after_flip", ""));
    let [a, b] = [site.deploy(), site.deploy()];
    site.relm("rollback -m oops").ends(0);
    site.write("broken-health-web2", "");
    site.relm("deploy").ends(1);
    let c = site.host("web1").releases().pop().expect("a release");
    let report = site.relm("history --json").ends(0).report();
    let entries = report["entries"].as_array().expect("entries");
    let told: Vec<_> = entries.iter().map(|entry| json!([entry["task"], entry["from"], entry["to"]])).collect();
    let expected = [
        json!(["put_back", c, a]),
        json!(["deploy", a, c]),
        json!(["rollback", b, a]),
        json!(["deploy", a, b]),
        json!(["deploy", null, a]),
    ];
    assert_eq!(told, expected);
    assert!(entries.iter().all(|entry| entry["hosts"] == json!(["web1", "web2"]) && entry["by"] == "tester"));
    assert_eq!(entries[2]["message"], "oops");
    assert!(entries.iter().all(|entry| entry["login"] == "tester" && entry["seconds"].is_u64()), "{entries:?}");
    let text = site.relm("history").ends(0).stdout;
    assert!(text.find("put_back").expect("it") < text.find("rollback").expect("it"), "{text}");
}

/// How files end after a power cut.
const TORN: [&str; 3] = ["{\"at\":\"2026-", "\0\0\0", "\u{e9}"];

#[test]
fn torn_lines_of_records_harm_no_other() {
    for torn in TORN {
        let site = Site::new("web1", "");
        let a = site.deploy();
        let host = site.host("web1");
        for path in [host.path(".relm/history.jsonl"), host.record_file(&a, "steps")] {
            let whole = std::fs::read_to_string(&path).expect("a record");
            std::fs::write(&path, format!("{whole}done {torn}")).expect("a file");
        }
        let b = site.deploy();
        let report = site.relm("history --json").ends(0).report();
        assert_eq!(report["entries"][0]["to"], b.as_str(), "the next line became part of it");
        assert_eq!(report["damaged"], json!([["web1", 1]]));
        site.relm("history").ends(0).says(&["web1: 1 damaged line was left out"]);
        let status = site.relm("status").ends(0).stdout;
        assert!(status.contains("1 line is damaged in its history"), "{status}");
        site.relm("rollback").ends(0);
        assert_eq!(site.live(), a);
    }
}

#[test]
fn check_tells_whether_a_deploy_could_start() {
    let site = Site::new("web1 web2", "");
    let report = site.relm("check --json").ends(0).report();
    assert_eq!((&report["env"], &report["ready"]), (&json!("test"), &json!(true)));
    assert_eq!(report["hosts"].as_array().map(Vec::len), Some(2));
    assert!(!site.host("web1").base.exists(), "a check has made something");
    site.deploy();
    site.shadow("df", "printf 'h\\nfs 100 90 10 90%% /\\n'");
    let done = site.relm("check").ends(3);
    assert!(done.stdout.contains("disk"), "{}", done.stdout);
    site.relm("deploy").ends(3).says(&["disk"]);
}

/// In CI the login is a machine's.
#[test]
fn whoever_deploys_by_way_of_a_machine_is_named() {
    let site = Site::new("web1", "");
    let deploy = |named: &str| {
        let mut relm = site.command(["deploy"]);
        crate::site::Done::from(relm.env("RELM_USER", named).output().expect("a process")).ends(0);
        let by = site.relm("status --json").ends(0).report()["hosts"][0]["by"].clone();
        by.as_str().expect("a name").to_owned()
    };
    assert_eq!(deploy("Ann Lee\n<ann@example.org>"), "Ann Lee <ann@example.org>");
    assert_eq!(deploy(" "), "tester");
}

#[test]
fn a_host_that_does_not_answer_is_not_out_of_step() {
    for (fleet, told) in
        [("web1", ""), ("web1 web2", "whether all hosts run the same is not known: web1 did not answer")]
    {
        let site = Site::new(fleet, "");
        site.deploy();
        std::fs::rename(site.path("hosts/web1"), site.path("away")).expect("a move");
        site.write("hosts/web1", "a file, not a directory");
        let done = site.relm("status");
        assert!(!done.stdout.contains("out of step") && done.stdout.contains(told), "{}", done.stdout);
        assert_eq!(site.relm("status --json").report()["in_step"], false);
    }
}

#[test]
fn a_reason_of_several_lines_is_one_line_of_the_history() {
    let site = Site::new("web1", "");
    site.relm_with(["deploy", "-m", "fixes the cart\n\nand the till"]).ends(0);
    site.relm("history").ends(0).shows(&["fixes the cart and the till"]);
    let entry = &site.relm("history --json").ends(0).report()["entries"][0];
    assert_eq!(entry["message"], "fixes the cart\n\nand the till");
}
