//! What a clean removes, and what it must never remove.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use chrono::{TimeDelta, Utc};

use crate::site::{OnHost, Site, kill, logged};

const KEEP_ALL: &str = "[release]\nkeep = 50\n";

/// Makes a release's claim and state as old as `days`.
fn age(host: &OnHost, release: &str, days: i64) {
    let then = Utc::now() - TimeDelta::days(days);
    let mut record = host.record(release);
    record["created"] = serde_json::json!(then);
    if let Some(until) = record.get_mut("keep_until") {
        *until = serde_json::json!(then + TimeDelta::days(1));
    }
    fs::write(host.record_file(release, "release.json"), record.to_string()).expect("a file");
    let state = format!("{} {}\n", host.state(release), then.to_rfc3339());
    fs::write(host.record_file(release, "state"), state).expect("a file");
}

fn deploys<const N: usize>(site: &Site) -> [String; N] {
    [(); N].map(|()| site.deploy())
}

#[test]
fn every_deploy_keeps_the_newest_good_ones() {
    let site = Site::new("web1 web2", "[release]\nkeep = 3\n");
    let [_, _, c, d, e] = deploys(&site);
    for host in site.hosts() {
        assert_eq!(host.releases(), [c.clone(), d.clone(), e.clone()]);
        let mut records: Vec<_> = fs::read_dir(host.path(".relm/releases"))
            .expect("records")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        records.sort();
        assert_eq!(records, host.releases(), "records go with their releases");
    }
}

#[test]
fn failed_releases_stay_as_long_as_the_file_says_and_young_ones_too() {
    let settings = |release: &str| format!("[release]\nkeep = 1\n{release}\n{}", logged("late", "prepare", ""));
    let site = Site::new("web1", &settings("keep_failed = \"2d\""));
    let host = site.host("web1");
    let [_, _, _] = deploys(&site);
    site.write("broken-late-web1", "");
    site.relm("deploy").ends(1);
    let failed = host.releases().pop().expect("a release");
    fs::remove_file(site.path("broken-late-web1")).expect("a file");
    age(&host, &failed, 1);
    let preview = site.relm("clean-releases --dry-run").ends(0).stdout;
    assert!(preview.contains("failed, less than 2 days ago"), "{preview}");
    age(&host, &failed, 2);
    site.relm("clean-releases").ends(0);
    assert!(!host.releases().contains(&failed));
    site.configure(&settings("min_age = \"48h\""));
    let [a, b, c] = deploys(&site);
    let preview = site.relm("clean-releases --dry-run").ends(0).stdout;
    assert!(preview.contains("in use or made less than 2 days ago"), "{preview}");
    assert!([&a, &b, &c].iter().all(|name| host.releases().contains(name)), "{:?}", host.releases());
    // A release that was replaced a moment ago may be in use yet, however old it is.
    age(&host, &a, 30);
    site.relm("clean-releases").ends(0);
    assert!(host.releases().contains(&a));
    site.configure(&settings(""));
    site.relm("clean-releases").ends(0);
    assert_eq!(host.releases(), [b, c]);
}

#[test]
fn what_is_excluded_stays_and_an_unknown_name_is_refused() {
    let site = Site::new("web1 web2", KEEP_ALL);
    let [a, b, c, d] = deploys(&site);
    let unknown = "2001-01-01_00.00.00";
    for dry in ["", "--dry-run"] {
        let refused = site.relm(&format!("clean-releases --keep 1 --exclude {unknown} {dry}")).ends(3);
        refused.says(&["no host of test has a release 2001-01-01_00.00.00", "relm releases test"]);
    }
    site.relm("clean-releases --keep 1 --exclude never").ends(2);
    let keep = format!("clean-releases --keep 1 --exclude {a} --exclude {b}");
    let preview = site.relm(&format!("{keep} --dry-run")).ends(0).stdout;
    assert_eq!(preview.matches("excluded from this clean").count(), 4, "{preview}");
    site.relm(&keep).ends(0);
    site.relm(&format!("clean-releases --keep 1 --exclude {b}")).ends(0);
    for host in site.hosts() {
        assert_eq!(host.releases(), [b.clone(), c.clone(), d.clone()]);
    }
}

#[test]
fn a_clean_keeps_as_many_as_it_is_told_and_the_rollback_target() {
    let site = Site::new("web1", KEEP_ALL);
    let [a, b, c, d] = deploys(&site);
    let host = site.host("web1");
    let preview = site.relm("clean-releases --keep 1 --dry-run").ends(0).stdout;
    for (name, words) in [(&a, "goes"), (&b, "goes"), (&c, "the rollback target"), (&d, "live")] {
        assert!(preview.lines().any(|line| line.contains(name.as_str()) && line.contains(words)), "{preview}");
    }
    assert_eq!(host.releases().len(), 4, "a preview changes nothing");
    site.relm("clean-releases --keep 3").ends(0);
    assert_eq!(host.releases(), [b, c.clone(), d.clone()]);
    site.relm("clean-releases --keep 1").ends(0);
    assert_eq!(host.releases(), [c.clone(), d]);
    for wrong in ["0", "-1", "x"] {
        site.relm_with(["clean-releases", &format!("--keep={wrong}")]).ends(2);
    }
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), c);
}

#[test]
fn after_a_rollback_the_live_release_and_its_target_stay() {
    let site = Site::new("web1", KEEP_ALL);
    let [_, b, c, d] = deploys(&site);
    site.relm("rollback").ends(0);
    site.relm("clean-releases --keep 1").ends(0);
    assert_eq!(site.live(), c);
    assert_eq!(site.host("web1").releases(), [b, c, d], "bad ones stay a day");
}

#[test]
fn failed_bad_and_abandoned_ones_stay_for_a_day() {
    let site = Site::new("web1", &(KEEP_ALL.to_owned() + &logged("build", "prepare", "")));
    let host = site.host("web1");
    let [a, bad] = deploys(&site);
    site.relm("rollback").ends(0);
    site.write("broken-build-web1", "");
    site.relm("deploy").ends(1);
    let failed = host.releases().pop().expect("a release");
    site.relm("clean-releases --keep 1").ends(0);
    assert_eq!(host.releases(), [a.clone(), bad.clone(), failed.clone()]);
    age(&host, &bad, 2);
    age(&host, &failed, 2);
    site.relm("clean-releases --keep 9").ends(0);
    assert_eq!(host.releases(), [a]);
}

#[test]
fn private_ones_stay_until_their_day() {
    let site = Site::new("web1", KEEP_ALL);
    let live = site.deploy();
    site.relm("setup-release").ends(0);
    let host = site.host("web1");
    let private = host.releases().pop().expect("a release");
    site.relm("clean-releases --keep 1").ends(0);
    assert_eq!(host.releases(), [live.clone(), private.clone()]);
    age(&host, &private, 2);
    site.relm("clean-releases --keep 9").ends(0);
    assert_eq!(host.releases(), [live]);
}

#[test]
fn one_can_be_kept_for_longer_whatever_it_is() {
    let site = Site::new("web1 web2", "");
    let [first, _, _] = deploys(&site);
    site.relm(&format!("keep {first} --days 0")).ends(2);
    site.relm("keep yesterday --days 1").ends(2).says(&["is no release"]);
    site.relm("keep 2001-01-01_00.00.00 --days 1").ends(3).says(&["no host of test has release"]);
    site.relm(&format!("keep test {first} --days 3")).ends(0).says(&["stays until"]);
    assert!(!site.relm(&format!("keep test {first} --days 4")).ends(0).stderr.contains("warning"));
    site.relm(&format!("keep {first} --days 2")).ends(3).says(&["already, which is longer"]);
    let until = site.relm("releases --json").ends(0).report()["releases"][0]["keep_until"].clone();
    assert!(until.is_string(), "{until}");
    site.configure("[release]\nkeep = 1\n");
    site.deploy();
    for host in site.hosts() {
        assert!(host.releases().contains(&first), "{:?}", host.releases());
        fs::write(host.record_file(&first, "keep"), "2001-01-01T00:00:00Z\n").expect("a file");
    }
    site.relm("clean-releases").ends(0);
    assert!(!site.host("web1").releases().contains(&first), "its days are over");
    // What cannot be read may be a day to come.
    let live = site.live();
    fs::write(site.host("web2").record_file(&live, "keep"), "some day\n").expect("a file");
    site.relm("clean-releases").ends(3).says(&["until when", "cannot be read"]);
}

#[test]
fn a_release_that_a_process_runs_in_stays_and_the_process_is_named() {
    let site = Site::new("web1", KEEP_ALL);
    let [a, b, c, d] = deploys(&site);
    let host = site.host("web1");
    let mut sleep =
        Command::new("sleep").arg("60").current_dir(host.release(&a)).stdin(Stdio::null()).spawn().expect("sleep");
    let pid = sleep.id().to_string();
    let preview = site.relm("clean-releases --keep 1 --dry-run").ends(0).stdout;
    let done = site.relm("clean-releases --keep 1").ends(0);
    let left = host.releases();
    kill(&pid, "KILL");
    sleep.wait().expect("an end");
    assert!(preview.contains(&format!("in use by process {pid}")), "{preview}");
    assert_eq!(left, [a.clone(), c.clone(), d.clone()], "{b} goes");
    assert!(done.stderr.contains(&pid), "nobody is told what is in the way:\n{}", done.stderr);
    site.relm("clean-releases --keep 1").ends(0);
    assert_eq!(host.releases(), [c, d]);
}

type Damage = fn(&OnHost, &str);

/// Each makes a record one that cannot be read.
const DAMAGES: [(&str, Damage); 7] = [
    ("cut short", |host, name| fs::write(host.record_file(name, "release.json"), "{\"name\":").expect("a file")),
    ("empty", |host, name| fs::write(host.record_file(name, "release.json"), "").expect("a file")),
    ("gone", |host, name| fs::remove_file(host.record_file(name, "release.json")).expect("a file")),
    ("state is nonsense", |host, name| fs::write(host.record_file(name, "state"), "perfect\n").expect("a file")),
    ("state has two lines", |host, name| {
        fs::write(host.record_file(name, "state"), "complete\nfailed\n").expect("a file");
    }),
    ("state is gone", |host, name| fs::remove_file(host.record_file(name, "state")).expect("a file")),
    ("a directory in its place", |host, name| {
        fs::remove_file(host.record_file(name, "release.json")).expect("a file");
        fs::create_dir(host.record_file(name, "release.json")).expect("a directory");
    }),
];

#[test]
fn with_a_record_that_cannot_be_read_nothing_is_removed() {
    let site = Site::new("web1 web2", KEEP_ALL);
    let [_, b, _] = deploys(&site);
    site.configure("[release]\nkeep = 1\n");
    let host = site.host("web1");
    for (what, damage) in DAMAGES {
        let files = ["release.json", "state"].map(|file| host.record_file(&b, file));
        let whole = files.each_ref().map(|file| fs::read(file).expect("a record"));
        damage(&host, &b);
        let before = site.hosts().iter().map(OnHost::releases).collect::<Vec<_>>();
        let done = site.relm("clean-releases");
        assert_eq!(done.code, Some(3), "{what}: {}", done.stderr);
        assert!(done.stderr.contains("web1") && done.stderr.contains(&b), "{what}: {}", done.stderr);
        let after = site.hosts().iter().map(OnHost::releases).collect::<Vec<_>>();
        assert_eq!(after, before, "{what}: something was removed");
        let done = site.relm("deploy").ends(0).says(&["web1", &b]);
        assert_eq!(host.releases().len(), before[0].len() + 1, "{what}: {}", done.stderr);
        for (file, bytes) in files.iter().zip(whole) {
            let _ = fs::remove_dir(file);
            fs::write(file, bytes).expect("a file");
        }
    }
    site.relm("clean-releases").ends(0);
    assert_eq!(host.releases().len(), 2, "all can be read again");
}

#[test]
fn what_is_not_relms_is_left_alone() {
    let site = Site::new("web1", KEEP_ALL);
    let [a, _, c, d] = deploys(&site);
    let host = site.host("web1");
    let outside = site.path("precious");
    fs::create_dir(&outside).expect("a directory");
    fs::write(outside.join("data"), "x").expect("a file");
    let strangers = ["2001-01-01_00.00.00", "backup", "with space"];
    for stranger in strangers {
        fs::create_dir(host.release(stranger)).expect("a directory");
        fs::write(host.release(stranger).join("data"), "x").expect("a file");
    }
    symlink(&outside, host.release("2002-01-01_00.00.00")).expect("a link");
    // A link in the place of a release that would go.
    fs::remove_dir_all(host.release(&a)).expect("a directory");
    symlink(&outside, host.release(&a)).expect("a link");
    let done = site.relm("clean-releases --keep 1");
    assert!(outside.join("data").is_file());
    for stranger in strangers {
        assert!(host.release(stranger).join("data").is_file(), "{stranger}");
    }
    assert!(fs::symlink_metadata(host.release("2002-01-01_00.00.00")).expect("an entry").is_symlink());
    assert!(fs::symlink_metadata(host.release(&a)).expect("an entry").is_symlink(), "{}", done.stderr);
    assert!(host.release(&c).is_dir() && host.release(&d).is_dir());
}

#[test]
fn after_the_live_release_was_removed_by_hand_the_way_out_is_told_and_works() {
    let site = Site::new("web1", "");
    let first = site.deploy();
    let live = site.deploy();
    let host = site.host("web1");
    fs::remove_dir_all(host.path(format!("releases/{live}"))).expect("removed");
    let current = host.path("current");
    let way_out = format!("rm {} there", current.display());
    site.relm("deploy").ends(3).says(&["is a link to release", "which is not there", &way_out]);
    fs::remove_file(current).expect("removed");
    site.relm(&format!("rollback --to {first} --yes")).ends(0);
    assert_eq!(site.live(), first);
    assert_ne!(site.deploy(), first);
}

#[test]
fn a_current_that_is_not_relms_is_never_replaced() {
    let cases = [
        ("a directory", None),
        ("dangling", Some("releases/2001-01-01_00.00.00")),
        ("outside", Some("../../..")),
        ("gone", Some("nowhere")),
    ];
    for (what, target) in cases {
        let site = Site::new("web1 web2", "");
        let live = site.deploy();
        let host = site.host("web2");
        fs::remove_file(host.path("current")).expect("a link");
        match target {
            None => fs::create_dir(host.path("current")).expect("a directory"),
            Some(target) => symlink(target, host.path("current")).expect("a link"),
        }
        for task in ["deploy", "rollback", "clean-releases"] {
            site.relm(task).ends(3).says(&["web2", "current"]);
        }
        assert_eq!(site.host("web1").current(), Some(live.clone()), "{what}");
        assert_eq!(host.releases(), [live], "{what}: something was built");
        site.relm("check").ends(3);
    }
}
