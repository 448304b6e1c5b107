//! Where a rollback goes, and where it refuses to.

use std::fs;
use std::process::Command;

use crate::site::{Site, logged, operation};

fn roll_back(site: &Site) -> String {
    site.relm("rollback").ends(0);
    site.live()
}

#[test]
fn a_rollback_goes_to_the_release_before_and_again_further_back() {
    let site = Site::new("web1 web2", "");
    let [a, b, c] = [site.deploy(), site.deploy(), site.deploy()];
    assert_eq!(roll_back(&site), b);
    assert_eq!(site.host("web1").state(&c), "bad");
    assert_eq!(roll_back(&site), a);
    site.relm("rollback").ends(3);
    assert_eq!(site.live(), a);
}

#[test]
fn what_was_rolled_back_from_is_never_chosen() {
    let site = Site::new("web1", "[release]\nkeep = 9\n");
    let [_, b, bad] = [site.deploy(), site.deploy(), site.deploy()];
    assert_eq!(roll_back(&site), b);
    let d = site.deploy();
    assert_eq!(roll_back(&site), b, "the release that was live before {d}, not {bad}");
}

#[test]
fn records_decide_and_file_times_do_not() {
    let site = Site::new("web1 web2", "[release]\nkeep = 9\n");
    let [a, b, c] = [site.deploy(), site.deploy(), site.deploy()];
    for host in site.hosts() {
        for (release, year) in [(&a, "2040"), (&b, "1999"), (&c, "1998")] {
            for path in [host.release(release), host.record_file(release, ""), host.record_file(release, "state")] {
                let touched = Command::new("touch").arg("-d").arg(format!("{year}-01-01")).arg(path).status();
                assert!(touched.expect("touch").success());
            }
        }
    }
    assert_eq!(roll_back(&site), b);
    assert_eq!(roll_back(&site), a);
}

#[test]
fn a_failed_deploy_and_a_private_release_are_passed_over() {
    let site = Site::new("web1", &logged("health", "after_flip", ""));
    let [a, b] = [site.deploy(), site.deploy()];
    site.write("broken-health-web1", "");
    site.relm("deploy").ends(1);
    fs::remove_file(site.path("broken-health-web1")).expect("a file");
    site.relm("setup-release").ends(0);
    assert_eq!(site.live(), b);
    assert_eq!(roll_back(&site), a);
}

#[test]
fn a_release_may_be_named_even_a_bad_one() {
    let site = Site::new("web1 web2", "[release]\nkeep = 9\n");
    let [first, a, b, c] = [site.deploy(), site.deploy(), site.deploy(), site.deploy()];
    site.relm(&format!("rollback --to {a}")).ends(0);
    assert_eq!(site.live(), a);
    assert_eq!(site.host("web1").state(&c), "bad");
    site.relm(&format!("rollback --to {c}")).ends(0);
    assert_eq!(site.live(), c);
    assert_eq!(site.host("web1").state(&c), "complete", "it is live, so it is not bad any more");
    site.relm("rollback --to 2001-01-01_00.00.00").ends(3).says(&["web1", "web2"]);
    site.relm("rollback --to yesterday").ends(2);
    site.relm(&format!("rollback --to {c}")).ends(3).says(&["live already"]);
    assert_eq!(site.live(), c);
    assert_eq!(site.host("web1").state(&a), "bad");
    assert_eq!(roll_back(&site), b);
    assert_eq!(roll_back(&site), first, "the one before is bad");
}

#[test]
fn hosts_that_disagree_are_refused_with_a_table() {
    let site = Site::new("web1 web2", "[release]\nkeep = 9\n");
    let [a, b, c] = [site.deploy(), site.deploy(), site.deploy()];
    site.host("web2").repoint(&format!("releases/{b}"));
    let done = site.relm("rollback").ends(3);
    for line in [["web1", &c, &b], ["web2", &b, &a]] {
        let found = done.stderr.lines().any(|row| line.iter().all(|word| row.contains(word)));
        assert!(found, "{line:?}:\n{}", done.stderr);
    }
    assert_eq!((site.host("web1").current(), site.host("web2").current()), (Some(c), Some(b)));
    site.relm(&format!("rollback --to {a}")).ends(0);
    assert_eq!(site.live(), a, "a named one brings them together");
}

#[test]
fn a_rollback_needs_its_target_on_every_host() {
    let site = Site::new("web1 web2", "");
    let [a, b] = [site.deploy(), site.deploy()];
    fs::remove_dir_all(site.host("web2").release(&a)).expect("a directory");
    site.relm("rollback").ends(3).says(&["web2", "its directory is gone"]);
    assert_eq!(site.live(), b);
    site.relm(&format!("rollback --to {a}")).ends(3).says(&["web2"]);
    assert_eq!(site.live(), b);
    fs::remove_dir_all(site.host("web2").record_file(&a, "")).expect("a directory");
    site.relm("rollback").ends(3).says(&["web2"]);
    assert_eq!(site.live(), b);
}

#[test]
fn without_a_release_before_there_is_no_rollback() {
    let site = Site::new("web1", "");
    site.relm("rollback").ends(3).says(&["nothing is live"]);
    let only = site.deploy();
    site.relm("rollback").ends(3).says(&["nothing was live before it"]);
    assert_eq!(site.live(), only);
}

#[test]
fn a_rollback_that_fails_is_put_back() {
    let site = Site::new(
        "web1 web2",
        &("[release]\nbatches = [1]\n".to_owned() + &logged("restart", "after_flip", "undo = true")),
    );
    let [a, b] = [site.deploy(), site.deploy()];
    site.take_log();
    site.write("broken-restart-web2", "");
    let done = site.relm("rollback --json").ends(1);
    assert_eq!(done.ending()["ending"], "put_back");
    assert_eq!(site.live(), b);
    let log = site.take_log();
    let forth_and_back = [("web1", &a), ("web2", &a), ("web1", &b), ("web2", &b)];
    for (host, release) in forth_and_back {
        assert!(log.contains(&format!("{host} restart {release}")), "{log:?}");
    }
    for host in site.hosts() {
        assert_eq!(host.state(&b), "complete", "what serves again is not bad");
        assert_eq!(host.state(&a), "complete", "what was not reached is not failed");
    }
    fs::remove_file(site.path("broken-restart-web2")).expect("a file");
    assert_eq!(roll_back(&site), a);
}

#[test]
fn a_rollback_runs_what_belongs_to_the_switch_and_builds_nothing() {
    let settings = [
        logged("build", "prepare", ""),
        logged("drain", "before_flip", ""),
        logged("restart", "after_flip", ""),
        logged("announce", "finish", ""),
    ];
    let site = Site::new("web1", &settings.concat());
    let a = site.deploy();
    site.deploy();
    site.take_log();
    assert_eq!(roll_back(&site), a);
    let ran = ["drain", "restart", "announce"].map(|step| format!("web1 {step} {a}"));
    assert_eq!(site.take_log(), ran);
}

#[test]
fn checks_look_at_the_target_before_anything_changes() {
    let look = "echo \"$RELM_HOST fits $PWD ${RELM_RELEASE_PATH##*/}\" >> \"$SITE/log\"\n[ ! -e \"$SITE/broken-$RELM_HOST\" ] || { echo does not fit >&2; exit 7; }";
    for fleet in ["web1 web2", "web2"] {
        let site = Site::new(fleet, &(operation("fits", "check", "", look) + &logged("restart", "after_flip", "")));
        let [a, b] = [site.deploy(), site.deploy()];
        let places = || -> Vec<String> {
            let fits = site.take_log().into_iter().filter(|line| line.contains(" fits "));
            fits.map(|line| line.split(' ').nth(2).expect("a place").to_owned()).collect()
        };
        let stood = places();
        site.write("broken-web2", "");
        let done = site.relm(&format!("rollback --to {a} --yes --json")).ends(1).ending();
        assert_eq!(done["ending"], "nothing_changed");
        assert!(
            done["next"]
                .as_array()
                .expect("commands")
                .contains(&format!("relm rollback test --to {a} --no-checks").into())
        );
        let log = site.take_log();
        let (looked, others): (Vec<_>, Vec<_>) = log.into_iter().partition(|line| line.contains(" fits "));
        assert!(others.is_empty() && looked.iter().all(|line| line.ends_with(&a)), "{looked:?} and {others:?}");
        for line in looked {
            assert!(stood.contains(&line.split(' ').nth(2).expect("a place").to_owned()), "{line}: not in {stood:?}");
        }
        let refused = site.relm("rollback").ends(1);
        refused.says(&["web2", "does not fit", "relm rollback test --no-checks"]);
        assert_eq!(site.live(), b);
        assert_eq!(site.host("web2").state(&b), "complete");
        site.take_log();
        site.relm("rollback --no-checks").ends(0);
        assert_eq!(site.live(), a);
        assert!(!site.take_log().iter().any(|line| line.contains("fits")));
    }
}

/// What it has no file or program for cannot look at it.
#[test]
fn a_target_is_not_checked_by_what_it_was_built_without() {
    let keep = "[release]\nkeep = 9\n";
    let site = Site::new("web1", keep);
    let a = site.deploy();
    site.configure(&(keep.to_owned() + &operation("fits", "check", "", "true")));
    let b = site.deploy();
    site.deploy();
    site.configure(&(keep.to_owned() + &operation("fits", "check", "", "[ -e \"$SITE/right\" ]")));
    site.write("right", "");
    site.deploy();
    fs::remove_file(site.path("right")).expect("a file");
    site.relm(&format!("rollback --to {b}")).ends(0).says(&[&format!("{b} was built without the check fits")]);
    assert_eq!(roll_back(&site), a);
}

#[test]
fn a_half_flipped_fleet_goes_back_to_what_the_others_still_run() {
    let site = Site::new("web1 web2 web3", "[release]\nkeep = 9\n");
    let [a, b] = [site.deploy(), site.deploy()];
    let slow = operation("slow", "after_flip", "", "touch $SITE/flipped; sleep 3");
    site.configure(&format!("[release]\nkeep = 9\nbatches = [1]\n{slow}"));
    let mut child = site.start("deploy");
    site.await_file("flipped");
    child.kill().expect("a process");
    let _ = child.wait();
    site.configure("[release]\nkeep = 9\n");
    let half = site.host("web1").current().expect("a release");
    assert_ne!(half, b);
    assert_eq!(roll_back(&site), b);
    assert_eq!(site.host("web1").state(&half), "bad");
    assert_eq!(roll_back(&site), a);
}

/// A rollback that is killed when the first host has begun to restart; relm is sent away by `after`.
fn killed(site: &Site, settings: &str) -> String {
    let slow = operation("slow", "after_flip", "", "[ ! -e $SITE/kill ] || { touch $SITE/flipped; sleep 3; }");
    site.configure(&format!("[release]\nkeep = 9\n{settings}{slow}"));
    let live = site.live();
    site.write("kill", "");
    let mut child = site.start("rollback");
    site.await_file("flipped");
    child.kill().expect("a process");
    let _ = child.wait();
    fs::remove_file(site.path("kill")).expect("a file");
    live
}

#[test]
fn a_killed_rollback_typed_again_goes_on_to_the_same_release() {
    let site = Site::new("web1 web2 web3", "[release]\nkeep = 9\n");
    let [a, b, c] = [site.deploy(), site.deploy(), site.deploy()];
    assert_eq!(killed(&site, ""), c);
    assert_eq!(site.live(), b, "all hosts have switched");
    let told = format!("unfinished: the rollback to {b}; to go on with it:   relm rollback test");
    assert!(site.relm("status").ends(0).stdout.contains(&told));
    assert_eq!(roll_back(&site), b);
    assert_eq!(["web1", "web2", "web3"].map(|host| site.host(host).state(&b)), ["complete"; 3].map(str::to_owned));
    assert_eq!(site.host("web3").state(&c), "bad");
    assert!(!site.relm("status").ends(0).stdout.contains("unfinished"));
    assert_eq!(roll_back(&site), a, "once it has come to its end, the next one goes further back");
}

#[test]
fn a_half_flipped_rollback_is_told_and_gone_on_with() {
    let site = Site::new("web1 web2 web3", "[release]\nkeep = 9\n");
    let [a, b, c] = [site.deploy(), site.deploy(), site.deploy()];
    killed(&site, "batches = [1]\n");
    assert_eq!(["web1", "web3"].map(|host| site.host(host).current()), [Some(b.clone()), Some(c.clone())]);
    let status = site.relm("status").ends(0).stdout;
    assert!(status.contains("out of step") && status.contains(&format!("unfinished: the rollback to {b}")), "{status}");
    for other in ["converge", "deploy --resume"] {
        site.relm(other).ends(3).says(&[&format!("the rollback to {b} has not come to its end"), "relm rollback test"]);
    }
    assert_eq!(roll_back(&site), b);
    assert_eq!(["web1", "web3"].map(|host| site.host(host).state(&c)), ["bad"; 2].map(str::to_owned));
    assert_eq!(roll_back(&site), a);
}

#[test]
fn further_back_than_a_killed_rollback_goes_who_says_so() {
    let site = Site::new("web1 web2", "[release]\nkeep = 9\n");
    let [a, b, _] = [site.deploy(), site.deploy(), site.deploy()];
    killed(&site, "");
    site.relm(&format!("rollback --to {a}")).ends(0);
    assert_eq!(site.live(), a);
    assert_eq!(site.host("web1").state(&b), "bad");
}

#[test]
fn a_flip_whose_restart_failed_leaves_the_target_as_it_was() {
    let site = Site::new("web1 web2", &logged("restart", "after_flip", "undo = true"));
    let [a, b] = [site.deploy(), site.deploy()];
    site.write("broken-restart-web2", "");
    site.relm("deploy").ends(1);
    fs::remove_file(site.path("broken-restart-web2")).expect("a file");
    assert_eq!(site.live(), b);
    assert_eq!(roll_back(&site), a);
}

#[test]
fn a_live_release_whose_end_failed_can_be_left() {
    let site = Site::new("web1 web2", &logged("announce", "finish", ""));
    let [_, b] = [site.deploy(), site.deploy()];
    site.write("broken-announce-web2", "");
    site.relm("deploy").ends(4);
    fs::remove_file(site.path("broken-announce-web2")).expect("a file");
    assert_eq!(roll_back(&site), b);
}

#[test]
fn clocks_of_hosts_have_no_say() {
    let site = Site::new("web1 web2", "[release]\nkeep = 9\n");
    let a = site.deploy();
    let back = "case $PWD in */web2*) set -- -d @0 \"$@\" ;; esac\nexec \"$REAL\" \"$@\"";
    site.shadow("date", back);
    let b = site.deploy();
    site.unshadow("date");
    let c = site.deploy();
    assert_ne!(c, b);
    assert_eq!(roll_back(&site), b);
    assert_eq!(roll_back(&site), a);
}
