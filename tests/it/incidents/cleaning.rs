//! What was deleted and should not have been.

use std::fs;
use std::process::{Command, Stdio};

use crate::resume::{WAITS, newest};
use crate::site::{OnHost, Site, kill, logged, operation};

/// *P1, 13 January 2021.* The list of good releases could not be read, because `sudo cd` failed and said nothing; every
/// release then counted as a failed one and was removed (commcare-cloud 8a042b616, brought in by 35bdefd1d).
#[test]
fn a_record_that_cannot_be_read_never_counts_as_not_successful() {
    let site = Site::new("web1 web2", "[release]\nkeep = 50\n");
    let old = [site.deploy(), site.deploy(), site.deploy()];
    site.configure("[release]\nkeep = 1\n");
    let host = site.host("web1");
    let all = || site.hosts().iter().map(OnHost::releases).collect::<Vec<_>>();
    for record in [host.record_file(&old[0], "release.json"), host.record_file(&old[0], "state")] {
        let text = fs::read(&record).expect("a record");
        // Reading it is an error, for root too.
        fs::remove_file(&record).expect("a file");
        fs::create_dir(&record).expect("a directory");
        let before = all();
        site.relm("clean-releases").ends(3).says(&["web1", &old[0]]);
        assert_eq!(all(), before);
        // The deploy counts all the same, and has removed nothing there.
        let live = site.deploy();
        assert_eq!(host.releases(), [&before[0][..], &[live]].concat());
        fs::remove_dir(&record).expect("a directory");
        fs::write(&record, text).expect("a file");
    }
    let history = host.path(".relm/history.jsonl");
    fs::rename(&history, host.path("away")).expect("a file");
    fs::create_dir(&history).expect("a directory");
    let before = all();
    site.relm("clean-releases").ends(3).says(&["web1"]);
    assert_eq!(all(), before);
}

/// *The live release is looked up in the wrong place.* The clean looked for `releases/current`, which is `current` beside
/// it: after two rollbacks the next deploy removed what was live, before it flipped (commcare-cloud 9988e63a5,
/// `ansible/library/clean_releases.py`).
#[test]
fn what_is_live_after_two_rollbacks_survives_the_next_deploy() {
    let cleans = "[release]\nkeep = 1\n".to_owned() + &logged("health", "after_flip", "");
    let site = Site::new("web1 web2", "[release]\nkeep = 9\n");
    let [live, _, _] = [site.deploy(), site.deploy(), site.deploy()];
    site.relm("rollback").ends(0);
    site.relm("rollback").ends(0);
    site.configure(&cleans);
    site.relm("clean-releases").ends(0);
    site.write("broken-health-web2", "");
    site.relm("deploy").ends(1);
    // `live` asserts that the release is there, on each host.
    assert_eq!(site.live(), live);
    fs::remove_file(site.path("broken-health-web2")).expect("a file");
    site.deploy();
    assert!(site.hosts().iter().all(|host| host.release(&live).join("app.txt").exists()));
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), live);
}

/// *A private release removed while it was being built.* What kept it was written last of all, and a deploy meanwhile took
/// it for a failed one; with two such marks it counted as having none, and a good release's mark did not count at all
/// (commcare-hq-deploy `fab/operations/release.py`; commcare-cloud PR #4206).
#[test]
fn a_private_release_is_kept_from_its_first_moment_until_its_day() {
    let ahead = "[release]\nkeep = 1\n[tasks.ahead]\nabout = \"Ahead\"\noperations = [\"setup-release\", \"index\"]\n";
    let index = operation("index", "prepare", "", WAITS);
    let site = Site::new("web1", &format!("[lock]\ngrace = \"1s\"\n{ahead}{index}"));
    site.deploy();
    site.write("slow-web1", "");
    let mut building = site.start("ahead --keep-days 10");
    site.await_file("pid");
    let half = newest(&site);
    site.relm("deploy").ends(3).says(&["web1 is held", "ahead"]);
    // Not even when whoever built it is gone.
    kill(&building.id().to_string(), "KILL");
    building.wait().expect("an end");
    kill(site.read("pid").trim(), "KILL");
    fs::remove_file(site.path("slow-web1")).expect("a file");
    site.relm("deploy --wait 2m").ends(0);
    assert!(site.host("web1").release(&half).exists());
    site.relm("setup-release --keep-days 10").ends(0);
    let kept = newest(&site);
    // Live for a while, good, and long ago superseded: its day has not come.
    site.relm(&format!("deploy --release {kept}")).ends(0);
    for _ in 0..3 {
        site.deploy();
    }
    // Kept once more for longer; for less is no way to lose it.
    site.relm(&format!("keep {kept} --days 30")).ends(0);
    site.relm(&format!("keep {kept} --days 1")).ends(3).says(&["already, which is longer"]);
    site.relm("clean-releases --keep 1").ends(0);
    assert!([half, kept].iter().all(|name| site.host("web1").release(name).join("app.txt").exists()));
}

/// *Directories deleted under running processes*: celery workers that took a day and a half to end, and a Java program whose
/// jar went (commcare-cloud PR #4206, PR #3188).
#[test]
fn a_release_that_a_worker_still_runs_from_is_kept_and_the_worker_named() {
    let site = Site::new("web1", "[release]\nkeep = 1\n");
    let old = site.deploy();
    let mut worker = Command::new("sleep");
    worker.arg("60").current_dir(site.host("web1").release(&old)).stdin(Stdio::null());
    let mut worker = worker.spawn().expect("a worker");
    site.deploy();
    let pid = worker.id().to_string();
    site.relm("deploy").ends(0).says(&[&format!("web1: {old} stays: process {pid} runs in it")]);
    let why = site.relm("clean-releases --dry-run").ends(0).stdout;
    assert!(why.lines().any(|line| line.contains(&old) && line.contains(&format!("in use by process {pid}"))), "{why}");
    assert!(site.host("web1").release(&old).join("app.txt").exists());
    kill(&pid, "TERM");
    worker.wait().expect("an end");
    site.deploy();
    assert!(!site.host("web1").release(&old).exists());
}

/// *`--keep-days` that is no number.* A message, and exit code 0 (commcare-hq-deploy, `setup_release` in `fab/fabfile.py`).
#[test]
fn keep_days_is_a_number_of_days_or_nothing_begins() {
    let site = Site::new("web1", "");
    for days in ["abc", "0", "-1", "1.5", ""] {
        site.relm_with(["setup-release", &format!("--keep-days={days}")]).ends(2).says(&["--keep-days"]);
    }
    assert!(site.host("web1").releases().is_empty());
    site.relm("setup-release --keep-days 10").ends(0);
}
