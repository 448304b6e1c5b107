//! Private releases: built, never flipped by themselves, kept until their day.

use chrono::{DateTime, TimeDelta, Utc};

use crate::site::{OnHost, Site, logged, operation};

/// The one release on a host that is not live.
fn private(host: &OnHost) -> String {
    let live = host.current();
    let mut others = host.releases().into_iter().filter(|name| Some(name) != live.as_ref());
    let name = others.next().expect("a release");
    assert_eq!(others.next(), None);
    name
}

fn kept_for(host: &OnHost, name: &str) -> TimeDelta {
    let until = host.record(name)["keep_until"].as_str().expect("a time").parse::<DateTime<Utc>>().expect("a time");
    until - Utc::now()
}

#[test]
fn a_private_release_is_built_and_not_flipped_and_its_path_printed() {
    let site = Site::new("web1 web2", &logged("build", "prepare", ""));
    let live = site.deploy();
    site.take_log();
    let done = site.relm("setup-release").ends(0);
    assert_eq!(site.live(), live);
    assert!(site.take_log().is_empty(), "nothing of the app's own runs in it");
    let name = private(&site.host("web1"));
    let paths: Vec<String> = site.hosts().iter().map(|host| host.release(&name).display().to_string()).collect();
    assert_eq!(done.stdout.lines().collect::<Vec<_>>(), paths);
    for host in site.hosts() {
        assert!(host.release(&name).join("app.txt").is_file());
        let kept = kept_for(&host, &name);
        assert!(kept > TimeDelta::hours(23) && kept <= TimeDelta::days(1), "{kept}");
    }
    let report = site.relm("releases --json").ends(0).report();
    assert_eq!(report["releases"][1]["state"], "private");
}

#[test]
fn before_anything_is_live_it_can_be_built_too() {
    let site = Site::new("web1", "");
    site.relm("setup-release --keep-days 10").ends(0);
    let host = site.host("web1");
    assert_eq!(host.current(), None);
    let kept = kept_for(&host, &private(&host));
    assert!(kept > TimeDelta::days(9) && kept <= TimeDelta::days(10), "{kept}");
}

#[test]
fn its_day_is_recorded_before_it_is_built() {
    let site = Site::new("web1", "");
    // While the code is unpacked the record must be there already.
    let look = "cp \"$PWD/../../.relm/releases/${PWD##*/}/release.json\" \"$SITE/seen.json\"; exit 1";
    site.shadow("tar", look);
    site.relm("setup-release --keep-days 3").ends(1);
    let host = site.host("web1");
    let name = private(&host);
    let seen: serde_json::Value = serde_json::from_str(&site.read("seen.json")).expect("a record");
    assert_eq!(seen, host.record(&name));
    assert!(kept_for(&host, &name) > TimeDelta::days(2));
    assert_eq!(host.state(&name), "failed");
    site.relm("clean-releases").ends(0);
    assert_eq!(private(&host), name, "it is kept although it failed");
}

#[test]
fn days_must_be_a_number_of_days() {
    let site = Site::new("web1", "");
    for wrong in ["abc", "0", "-1", "1.5", ""] {
        site.relm_with(["setup-release", &format!("--keep-days={wrong}")]).ends(2).says(&["--keep-days"]);
    }
    site.relm("setup-release --keep-days -1").ends(2);
    assert!(site.host("web1").releases().is_empty());
}

#[test]
fn roles_choose_its_hosts() {
    let site = Site::new("web1=web db1=db,app web2=web,app", "");
    site.relm("setup-release --roles app").ends(0);
    let counts: Vec<usize> = site.hosts().iter().map(|host| host.releases().len()).collect();
    assert_eq!(counts, [0, 1, 1]);
    let name = site.host("db1").releases().remove(0);
    let refused = site.relm(&format!("deploy --release {name}")).ends(3).says(&["web1", "not there"]);
    refused.says(&[&format!("relm deploy test --release {name} --roles app   on db1 web2 alone")]);
    site.relm("setup-release --roles web,db").ends(0);
    site.relm("setup-release --roles nobody").ends(2).says(&["nobody", "app", "db", "web"]);
}

/// Where it was built it can go live, and nowhere else.
#[test]
fn a_release_of_some_hosts_is_deployed_on_these() {
    let settings = logged("build", "prepare", "") + &logged("announce", "finish", "");
    let site = Site::new("web1=web db1=db,app web2=web,app", &settings);
    let old = site.deploy();
    site.relm("setup-release --roles app").ends(0);
    let name = private(&site.host("db1"));
    site.take_log();
    site.relm(&format!("deploy --release {name} --roles web")).ends(3).says(&[
        "web1",
        "not there",
        "--roles app   on db1 web2",
    ]);
    site.relm("deploy --roles app").ends(2).says(&["--release"]);
    site.write("broken-announce-web2", "");
    let typed = format!("deploy --release {name} --roles app");
    let done = site.relm(&format!("{typed} --json")).ends(4).ending();
    assert_eq!(done["next"][0], format!("relm deploy test --release {name} --roles app"));
    std::fs::remove_file(site.path("broken-announce-web2")).expect("a file");
    site.relm(&typed).ends(0).says(&["web1 keep what runs there"]);
    let live: Vec<_> = site.hosts().iter().map(OnHost::current).collect();
    assert_eq!(live, [Some(old), Some(name.clone()), Some(name)]);
    assert!(!site.take_log().iter().any(|line| line.starts_with("web1")));
    site.deploy();
}

#[test]
fn a_deploy_makes_it_live_and_runs_the_preparations_then() {
    let settings = logged("build", "prepare", "") + &logged("restart", "after_flip", "");
    let site = Site::new("web1 web2", &settings);
    let old = site.deploy();
    site.take_log();
    site.write("code/app.txt", "private\n");
    site.relm("setup-release").ends(0);
    let name = private(&site.host("web1"));
    site.write("code/app.txt", "later\n");
    site.relm(&format!("deploy --release {name}")).ends(0);
    assert_eq!(site.live(), name);
    for host in site.hosts() {
        assert_eq!(host.read("app.txt"), "private\n");
    }
    let mut log = site.take_log();
    log[..2].sort();
    log[2..].sort();
    let expected = ["web1 build", "web2 build", "web1 restart", "web2 restart"].map(|line| format!("{line} {name}"));
    assert_eq!(log, expected);
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), old);
}

#[test]
fn only_a_complete_release_can_be_named() {
    let site = Site::new("web1 web2", "");
    let live = site.deploy();
    site.shadow("tar", "exit 1");
    site.relm("deploy").ends(1);
    site.unshadow("tar");
    let failed = private(&site.host("web1"));
    site.relm(&format!("deploy --release {failed}")).ends(3).says(&["failed"]);
    let done = site.relm(&format!("deploy --release {live} --json")).ends(0);
    assert_eq!(done.ending()["ending"], "nothing_changed");
    site.relm(&format!("deploy --release {live} --dir code")).ends(2);
    assert_eq!(site.live(), live);
}

#[test]
fn a_release_that_was_good_is_not_failed_by_a_check() {
    let site = Site::new("web1", &logged("ready", "check", ""));
    let old = site.deploy();
    let live = site.deploy();
    site.relm("setup-release").ends(0);
    let host = site.host("web1");
    let private = host.releases().pop().expect("a release");
    site.write("broken-ready-web1", "");
    for name in [&old, &private] {
        site.relm(&format!("deploy --release {name}")).ends(1);
        assert_eq!(host.state(name), "complete", "{name}");
    }
    site.relm("rollback --no-checks").ends(0);
    assert_eq!(site.live(), old, "not {live}");
}

#[test]
fn a_task_of_ones_own_builds_one_and_runs_operations_in_it() {
    let task = "[tasks.preindex]\nabout = \"Index ahead\"\noperations = [\"setup-release\", \"index\"]\n";
    let index =
        operation("index", "prepare", "roles = [\"db\"]", r#"echo "$RELM_RELEASE" > indexed; pwd >> "$SITE/where""#);
    let site = Site::new("web1 db1=db", &(index + task));
    let live = site.deploy();
    site.write("where", "");
    let done = site.relm("preindex").ends(0);
    assert_eq!(site.live(), live);
    let db1 = site.host("db1");
    let name = private(&db1);
    assert_eq!(site.read("where").trim(), db1.release(&name).to_str().expect("UTF-8"));
    assert!(done.stdout.contains(&name), "its path is printed:\n{}", done.stdout);
    assert!(!site.host("web1").release(&name).join("indexed").exists());
    let tasks = site.relm("tasks").ends(0).stdout;
    assert!(tasks.contains("preindex") && tasks.contains("Index ahead"), "{tasks}");
    site.relm("preindex test --keep-days 5").ends(0);
    site.relm("preindexx").ends(2);
    site.relm(&format!("deploy --release {name}")).ends(0);
    assert_eq!(site.live(), name);
}

/// The release's name is taken on every host before anything runs anywhere.
#[test]
fn a_task_of_ones_own_may_begin_with_an_operation_on_one_host() {
    let task = "[tasks.ahead]\nabout = \"Ahead\"\noperations = [\"stop\", \"setup-release\"]\n";
    for scope in ["once = true\n", ""] {
        let site = Site::new("web1 web2", &format!("{task}{}", logged("stop", "prepare", scope)));
        site.relm("ahead").ends(0);
        for host in site.hosts() {
            let name = private(&host);
            assert_eq!(host.state(&name), "complete");
            assert!(host.release(&name).join("app.txt").is_file());
        }
        let ran = site.take_log().len();
        assert_eq!(ran, if scope.is_empty() { 2 } else { 1 });
    }
}

#[test]
fn a_task_of_ones_own_may_work_in_what_is_live() {
    let task = "[tasks.poke]\nabout = \"Poke\"\noperations = [\"second\", \"first\"]\n";
    let site = Site::new("web1", &(logged("first", "finish", "") + &logged("second", "finish", "") + task));
    site.relm("poke").ends(3);
    let live = site.deploy();
    site.take_log();
    site.relm("poke").ends(0);
    assert_eq!(site.take_log(), [format!("web1 second {live}"), format!("web1 first {live}")], "in the task's order");
    assert_eq!(site.host("web1").releases(), [live]);
}

#[test]
fn what_the_release_s_journal_has_is_not_prepared_again() {
    let settings = logged("compile", "prepare", "") + &logged("restart", "after_flip", "");
    let site = Site::new("web1 web2", &settings);
    site.deploy();
    site.relm("setup-release").ends(0);
    let built = site.host("web1").releases().pop().expect("a release");
    site.write("broken-restart-web2", "");
    site.take_log();
    let compiled = |log: Vec<String>| log.into_iter().filter(|line| line.contains(" compile ")).count();
    site.relm(&format!("deploy --release {built}")).ends(1);
    assert_eq!(compiled(site.take_log()), 2);
    std::fs::remove_file(site.path("broken-restart-web2")).expect("a file");
    site.relm(&format!("deploy --release {built}")).ends(0);
    assert_eq!(compiled(site.take_log()), 0, "it was done on both hosts");
}
