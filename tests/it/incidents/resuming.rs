//! Deploys that were gone on with, and should not have been; and ones that could not be.

use std::fs;

use crate::resume::{did, failed_in_b, from_elsewhere, from_git, git, mend, newest};
use crate::site::{LOG, Site, logged, operation};

/// *Cleaned again by every resume.* The clean stood before the flip, and was done once more each time the restart after it
/// failed and was resumed (commcare-cloud PR #4459).
#[test]
fn a_flip_whose_restart_failed_is_resumed_with_one_success_and_one_clean() {
    let settings = "[release]\nkeep = 1\n".to_owned() + &logged("restart", "after_flip", "undo = true");
    let site = Site::new("web1 web2", &settings);
    let [oldest, first] = [site.deploy(), site.deploy()];
    site.write("broken-restart-web2", "");
    let failed = site.relm("deploy --json").ends(1);
    let cleaned = |events: &[serde_json::Value]| {
        events.iter().filter(|event| event["step"] == "clean_releases" && event["event"] == "host_finished").count()
    };
    assert_eq!((cleaned(&failed.json()), site.live()), (0, first.clone()));
    assert!(site.host("web1").release(&oldest).exists(), "it is where a rollback would go");
    mend(&site, "restart", "web2");
    did(&site);
    let resumed = site.relm("deploy --resume --json").ends(0);
    assert_eq!((cleaned(&resumed.json()), did(&site)), (2, vec!["web1 restart".to_owned(), "web2 restart".to_owned()]));
    let live = site.live();
    // Newest first: it went live, after it had been live for a moment and was put back.
    let history = site.relm("history --json").ends(0).report();
    let told = history["entries"].as_array().expect("entries").iter().take(4);
    let told: Vec<_> = told.map(|entry| (entry["task"].as_str(), entry["to"].as_str())).collect();
    let deployed = |release| (Some("deploy"), Some(release));
    assert_eq!(told, [deployed(&*live), (Some("put_back"), Some(&*first)), deployed(&live), deployed(&first)]);
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), first);
}

/// *The list of steps had changed.* A resume skipped as many steps as had been done, whichever these were now
/// (commcare-hq-deploy `fab/checks.py`, the pickled index).
#[test]
fn after_the_steps_changed_those_that_are_new_are_run_and_the_done_ones_are_not() {
    let (site, name) = failed_in_b();
    let new = operation("new", "prepare", "", &LOG.replace("OP", "new"));
    site.configure(&(new + &logged("a", "prepare", "") + &logged("b", "prepare", "")));
    site.relm("deploy --resume").ends(0).says(&["new: is new"]);
    assert_eq!((did(&site), site.live()), (vec!["web1 b".to_owned(), "web1 new".to_owned()], name));
}

/// *Its directory had been cleaned meanwhile* (the same pickle, weeks later).
#[test]
fn a_release_that_is_not_there_any_more_is_not_resumed() {
    let (site, name) = failed_in_b();
    fs::remove_dir_all(site.host("web1").release(&name)).expect("a directory");
    site.relm("deploy --resume").ends(3).says(&["not whole any more", "web1"]);
    assert_eq!((site.host("web1").current(), did(&site)), (None, vec![]));
}

/// *Another deploy had gone live since* (the same pickle).
#[test]
fn what_a_newer_release_has_overtaken_is_not_resumed_by_itself() {
    let (site, old) = failed_in_b();
    let new = site.deploy();
    site.relm("deploy --resume").ends(3).says(&[&old, &new, "went live since"]);
    assert_eq!(site.live(), new);
}

/// *Only the same checkout could resume* (the pickle lay in it).
#[test]
fn a_resume_works_from_another_machine() {
    let (site, name) = failed_in_b();
    from_elsewhere(&site, "deploy --resume").ends(0);
    assert_eq!((did(&site), site.live()), (vec!["web1 b".to_owned()], name));
}

/// *The deploy before was resumed.* A new deploy that failed in its very first step had written nothing down
/// (commcare-cloud 1b99e88d8).
#[test]
fn with_an_older_failed_deploy_lying_around_one_has_to_say_which() {
    let (site, old) = failed_in_b();
    site.shadow("tar", "exit 1");
    site.relm("deploy").ends(1);
    site.unshadow("tar");
    let new = newest(&site);
    assert_ne!(new, old);
    site.relm("deploy --resume").ends(3).says(&["2 unfinished", &old, &new]);
    site.relm(&format!("deploy --resume --release {new}")).ends(0);
    assert_eq!(site.live(), new);
}

/// *Dead for 22 months.* An error in the resume itself was swallowed, and the deploy began from the start each time
/// (commcare-cloud 0fdf41b14).
#[test]
fn a_resume_that_cannot_be_says_why_and_begins_nothing() {
    let (site, name) = failed_in_b();
    fs::write(site.host("web1").record_file(&name, "release.json"), "{").expect("a record");
    let before = site.host("web1").releases();
    let refused = site.relm("deploy --resume").ends(3);
    assert!(refused.stderr.contains(&name) && refused.stderr.contains("web1"), "{}", refused.stderr);
    assert_eq!((site.host("web1").releases(), did(&site)), (before, vec![]));
}

/// *Migrations that had failed were never run again.* They hung on "the code has changed", which it had not at the next try
/// (open-contracting/deploy `salt/django.sls`, mended by lock files in 712d4b4c).
#[test]
fn a_migration_that_failed_is_run_again_although_the_code_is_the_same() {
    let settings = logged("migrate", "prepare", "once = true\nmigrate = {}")
        + &logged("messages", "prepare", "inputs = [\"app.txt\"]");
    for failing in ["migrate", "messages"] {
        for line in ["deploy", "deploy --resume"] {
            let site = Site::new("web1", &settings);
            site.write(&format!("broken-{failing}-web1"), "");
            site.relm("deploy").ends(1);
            mend(&site, failing, "web1");
            did(&site);
            site.relm(line).ends(0);
            assert!(did(&site).contains(&format!("web1 {failing}")), "{failing} was not run by {line}");
            // What has succeeded with the same inputs is not run again.
            site.relm("deploy").ends(0);
            assert_eq!(did(&site), ["web1 migrate"], "{line}");
        }
    }
}

/// *The commit had vanished between asking for it and fetching it*, because somebody pushed by force (commcare-cloud
/// ecf4bb39b).
#[test]
fn the_commit_that_was_asked_for_is_deployed_or_nothing_is() {
    let site = Site::new("web1", "");
    from_git(&site);
    let live = site.deploy();
    site.write("code/app.txt", "two\n");
    git(&site, &["commit", "-q", "-am", "two"]);
    site.shadow("tar", "exit 1");
    site.relm("deploy").ends(1);
    site.unshadow("tar");
    site.write("code/app.txt", "three\n");
    git(&site, &["commit", "-q", "--amend", "-am", "three"]);
    site.relm("deploy --resume --dry-run").ends(0);
    // Now it is really gone.
    git(&site, &["reflog", "expire", "--expire=now", "--all"]);
    git(&site, &["gc", "-q", "--prune=now"]);
    let name = newest(&site);
    let commit = site.host("web1").record(&name)["commit"].as_str().expect("a commit").to_owned();
    site.relm("deploy --resume").ends(3).says(&[&commit[..7], "cannot be had", "relm deploy test   for a new release"]);
    assert_eq!(site.live(), live);
    site.deploy();
    assert_eq!(site.host("web1").read("app.txt"), "three\n");
}
