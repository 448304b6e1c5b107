//! Hosts that cannot be reached, and how the fleet comes together again.

use std::fs;

use serde_json::json;

use crate::resume::{WAITS, did, killed_in};
use crate::site::{Site, logged, operation};

/// Nobody reaches the host from here on.
pub(crate) fn take_away(site: &Site, host: &str) {
    let path = site.path(format!("hosts/{host}"));
    if path.exists() {
        fs::rename(&path, site.path(format!("{host}-away"))).expect("a host");
    }
    fs::write(path, "").expect("a file");
}

pub(crate) fn bring_back(site: &Site, host: &str) {
    let path = site.path(format!("hosts/{host}"));
    fs::remove_file(&path).expect("a file");
    if site.path(format!("{host}-away")).exists() {
        fs::rename(site.path(format!("{host}-away")), path).expect("a host");
    }
}

const ONE_MAY_MISS: &str = "[release]\nmax_unreachable = 1\n";

#[test]
fn a_host_that_is_away_is_refused_unless_the_file_says_otherwise() {
    let site = Site::new("web1 web2 web3", "");
    let first = site.deploy();
    take_away(&site, "web2");
    site.relm("deploy").ends(3).says(&["web2", "--set release.max_unreachable=1"]);
    site.configure(ONE_MAY_MISS);
    take_away(&site, "web3");
    site.relm("deploy").ends(3).says(&["web2", "web3"]);
    take_away(&site, "web1");
    site.configure("[release]\nmax_unreachable = \"100%\"\n");
    site.relm("deploy").ends(3);
    for host in ["web1", "web2", "web3"] {
        bring_back(&site, host);
    }
    // A half of three is one.
    site.configure("[release]\nmax_unreachable = \"50%\"\n");
    take_away(&site, "web1");
    take_away(&site, "web2");
    site.relm("deploy").ends(3);
    bring_back(&site, "web2");
    site.relm("rollback").ends(3);
    assert_eq!(site.host("web2").current().expect("a release"), first);
}

/// On the day that a host is dead one has to be able to go back, and to say so to visitors.
#[test]
fn a_rollback_and_the_page_go_on_without_a_host() {
    let settings = "[maintenance]\nroles = [\"web\"]\nflag = \"shared/page\"\n";
    let site = Site::new("web1=web web2=web web3=web", settings);
    let [first, second] = [site.deploy(), site.deploy()];
    take_away(&site, "web2");
    for task in ["rollback", "maintenance on"] {
        site.relm(task).ends(3).says(&["web2", "--set release.max_unreachable=1"]);
    }
    let told = "web2 cannot be reached and stays behind; when it is back: relm maintenance on test";
    site.relm("maintenance on --set release.max_unreachable=1").ends(0).says(&[told]);
    assert!(site.host("web1").path("shared/page").exists() && site.host("web3").path("shared/page").exists());
    let ending = site.relm("rollback --json --set release.max_unreachable=1").ends(0).ending();
    assert_eq!((&ending["ending"], &ending["behind"]), (&json!("succeeded"), &json!(["web2"])));
    assert_eq!(ending["next"], json!(["relm converge test --set 'release.max_unreachable = 1'"]));
    bring_back(&site, "web2");
    assert_eq!(site.host("web2").current(), Some(second));
    site.relm("converge").ends(0);
    assert_eq!(site.live(), first);
}

/// Each host keeps what is its own: nothing that is done on the others takes anything from one that is away.
#[test]
fn a_clean_and_a_keep_go_on_without_a_host() {
    let pool = "[[pool]]\nname = \"web\"\nroles = [\"web\"]\nmin_healthy = 2\ndrain = \"true\"\nundrain = \"true\"\n";
    let page = "[maintenance]\nroles = [\"web\"]\nflag = \"shared/page\"\n[release]\nkeep = 9\n";
    let site = Site::new("web1 web2 web3", &(page.to_owned() + pool));
    let [a, b, c] = [site.deploy(), site.deploy(), site.deploy()];
    take_away(&site, "web2");
    for line in ["clean-releases --keep 2".to_owned(), format!("keep {a} --days 9")] {
        let done = site.relm(&line).ends(3).says(&["web2: cannot use", "--set release.max_unreachable=1"]);
        assert!(!done.stdout.contains("removed"), "{}", done.stdout);
    }
    assert_eq!(site.host("web1").releases(), [a.clone(), b.clone(), c.clone()]);
    let without = "--set release.max_unreachable=1";
    site.relm(&format!("clean-releases --keep 2 --dry-run {without}")).ends(0).shows(&[&a, "web1", "web3"]);
    let told = format!("web2 cannot be reached and stays behind; when it is back: relm keep test {b} --days 9");
    site.relm(&format!("keep {b} --days 9 {without}")).ends(0).says(&[&told]);
    let told = "web2 cannot be reached and stays behind; when it is back: relm clean-releases test";
    site.relm(&format!("clean-releases --keep 1 {without}")).ends(0).says(&[told]);
    for host in ["web1", "web3"] {
        assert_eq!(site.host(host).releases(), [b.clone(), c.clone()]);
    }
    // Nobody switches, so it does not matter how many the pool keeps.
    site.relm(&format!("maintenance on {without}")).ends(0);
    site.relm(&format!("maintenance off {without}")).ends(0);
    // What only that host may have is not said to be nowhere.
    let lost = format!("keep {a} --days 9 {without}");
    site.relm(&lost).ends(3).says(&["web2 cannot be reached and was left out"]);
    bring_back(&site, "web2");
    assert_eq!(site.host("web2").releases(), [a.clone(), b.clone(), c]);
    // All that they have in common is still there to go back to.
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), b);
}

#[test]
fn what_a_missing_host_stops_says_how_to_do_without_it() {
    let service = "[[service]]\nname = \"jobs\"\nkind = \"command\"\nrestart = \"true\"\nproof = false\n";
    let task = "[tasks.turn]\noperations = [\"restart:jobs\"]\n";
    let site = Site::new("web1 web2 web3", &(service.to_owned() + task));
    site.deploy();
    take_away(&site, "web2");
    for line in ["services restart", "run -- true"] {
        site.relm(line).ends(3).says(&["web2: cannot use", "--hosts web1,web3"]);
    }
    site.relm("services restart --hosts web1,web3").ends(0);
    for line in ["turn", "setup-release", "converge", "lock take", "lock show"] {
        site.relm(line).ends(3).says(&["web2: cannot use", "bring it back", "relm status test"]);
    }
}

#[test]
fn a_host_that_its_pool_cannot_spare_is_named() {
    let pool = "[[pool]]\nname = \"web\"\nroles = [\"web\"]\nmin_healthy = 1\ndrain = \"true\"\nundrain = \"true\"\n";
    let site = Site::new("web1=web web2=web db1=db", &(ONE_MAY_MISS.to_owned() + pool));
    let first = site.deploy();
    take_away(&site, "web2");
    let done = site.relm("deploy").ends(3);
    let done = done.says(&["pool web cannot spare a host while web2 cannot be reached", "bring web2 back"]);
    assert!(!done.stderr.contains("min_healthy = 0"), "{}", done.stderr);
    bring_back(&site, "web2");
    take_away(&site, "db1");
    site.relm("deploy").ends(0);
    assert_ne!(site.host("web1").current().expect("a release"), first);
}

#[test]
fn a_deploy_goes_on_without_a_host_and_converge_brings_it_along() {
    let settings = ONE_MAY_MISS.to_owned()
        + &logged("build", "prepare", "")
        + &logged("migrate", "prepare", "once = true")
        + &logged("restart", "after_flip", "")
        + &logged("announce", "finish", "once = true");
    let site = Site::new("web1 web2 web3", &settings);
    let first = site.deploy();
    site.take_log();
    take_away(&site, "web1");
    let dry = site.relm("deploy --dry-run").ends(0);
    assert!(dry.stdout.contains("web1 cannot be reached and stays behind"), "{}", dry.stdout);
    let done = site.relm("deploy --json").ends(0);
    let ending = done.ending();
    let second = site.host("web2").current().expect("a release");
    assert_eq!((&ending["ending"], &ending["behind"]), (&json!("succeeded"), &json!(["web1"])));
    assert_eq!(ending["hosts"], json!({ "web1": null, "web2": second, "web3": second }));
    assert_eq!(ending["next"], json!(["relm converge test"]));
    assert!(done.stdout.contains("web1 cannot be reached and stays behind"), "{}", done.stdout);
    assert!(site.take_log().contains(&format!("web2 migrate {second}")), "the first host that is there");

    bring_back(&site, "web1");
    assert_eq!(site.host("web1").current().expect("a release"), first);
    assert_eq!(site.relm("status --json").ends(0).report()["in_step"], false);
    let ending = site.relm("converge --json").ends(0).ending();
    assert_eq!(ending["ending"], "succeeded");
    assert_eq!(ending["hosts"], json!({ "web1": second, "web2": second, "web3": second }));
    assert_eq!(site.live(), second);
    assert_eq!(site.take_log(), [format!("web1 build {second}"), format!("web1 restart {second}")]);
    assert_eq!(site.host("web1").record(&second), site.host("web2").record(&second));
    let status = site.relm("status --json").ends(0).report();
    assert_eq!((&status["in_step"], &status["unfinished"]), (&json!(true), &json!([])));

    let again = site.relm("converge --json").ends(0).ending();
    assert_eq!(again["ending"], "nothing_changed");
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), first);
}

/// What runs on one host and nowhere else is not left out with it.
#[test]
fn a_host_that_something_runs_on_alone_is_not_left_behind() {
    let alone = logged("migrate", "prepare", "roles = [\"db\"]");
    let site = Site::new("web1 web2 db1=db", &(ONE_MAY_MISS.to_owned() + &alone));
    let first = site.deploy();
    take_away(&site, "db1");
    let done = site.relm("deploy").ends(3);
    done.says(&["migrate runs nowhere but on db1, which cannot be reached"]);
    assert_eq!(site.host("web1").current(), Some(first));
    // Whether it is busy there nobody knows.
    let busy = "[[busy]]\nname = \"import\"\nkind = \"command\"\nroles = [\"db\"]\nrun = \"true\"\n";
    site.configure(&(ONE_MAY_MISS.to_owned() + busy));
    site.relm("deploy").ends(3).says(&["import cannot be looked at and counts as busy on db1"]);
    site.relm_with(["deploy", "--consent", "import=Ann: db1 is off"]).ends(0);
    bring_back(&site, "db1");
}

/// What was killed between flip and restart is not called done because it has flipped.
#[test]
fn a_killed_converge_is_gone_on_with() {
    let rules = "[lock]\ngrace = \"1s\"\n".to_owned() + ONE_MAY_MISS + &operation("slow", "after_flip", "", WAITS);
    let site = Site::new("web1 web2", &(rules.clone() + &logged("restart", "after_flip", "")));
    site.deploy();
    take_away(&site, "web2");
    let live = site.relm("deploy --json").ends(0).ending()["hosts"]["web1"].clone();
    bring_back(&site, "web2");
    site.take_log();
    killed_in(&site, "converge", "web2");
    assert_eq!(site.host("web2").current().map(Into::into), Some(live), "it had flipped");
    assert!(site.take_log().is_empty());
    site.relm("converge --wait 1m").ends(0);
    assert_eq!(site.take_log().len(), 1, "restarted on web2 and nowhere else");
    site.relm("converge").ends(0).says(&["there was nothing to do"]);
}

/// What was put back and not started again is not in step, whatever its host points to.
#[test]
fn a_host_whose_putting_back_was_killed_is_gone_on_with() {
    let settings = "[lock]\ngrace = \"1s\"\n[release]\nbatches = [1]\n".to_owned()
        + &logged("restart", "after_flip", "undo = true")
        + &operation("slow", "after_flip", &format!("undo = '''{WAITS}'''"), "true")
        + &logged("health", "after_flip", "")
        + &logged("announce", "finish", "");
    let site = Site::new("web1 web2", &settings);
    let first = site.deploy();
    site.write("broken-health-web2", "");
    killed_in(&site, "deploy", "web1");
    fs::remove_file(site.path("broken-health-web2")).expect("a file");
    assert_eq!(site.live(), first);
    site.take_log();
    site.relm("converge --wait 1m").ends(0);
    assert_eq!(did(&site), ["web1 health", "web1 restart"], "web2 was put back to the end");
    site.relm("converge").ends(0).says(&["there was nothing to do"]);
    // A switch that fails and is put back to the end leaves nothing to do either.
    site.write("broken-health-web2", "");
    site.relm("deploy").ends(1);
    site.relm("converge").ends(0).says(&["there was nothing to do"]);
}

/// All that runs is named, whatever release it is: `--roles` was not given, and the host that is away is none it leaves out.
#[test]
fn a_release_that_stands_there_is_deployed_without_a_host_too() {
    let site = Site::new("web1=web web2=web db1=db", ONE_MAY_MISS);
    let first = site.deploy();
    site.deploy();
    take_away(&site, "web2");
    let done = site.relm(&format!("deploy --release {first}")).ends(0);
    let done = done.says(&["web2 cannot be reached and stays behind; when it is back: relm converge test"]);
    assert!(!done.stderr.contains("--roles"), "{}", done.stderr);
    bring_back(&site, "web2");
    site.relm("converge").ends(0);
    assert_eq!(site.live(), first);
    take_away(&site, "web2");
    let second = site.relm("deploy --json").ends(0).ending()["hosts"]["web1"].as_str().expect("a release").to_owned();
    let again = format!("relm deploy test --release {first} --roles web");
    let done = site.relm(&again[5..]).ends(0);
    done.says(&["--roles: db1 keep what runs there", &format!("when it is back: {again}")]);
    assert_eq!(site.host("db1").current(), Some(second));
}

#[test]
fn people_are_told_who_is_behind() {
    let site = Site::new("web1 web2", ONE_MAY_MISS);
    site.deploy();
    take_away(&site, "web2");
    let done = site.relm("deploy").ends(0).says(&["behind", "web2", "relm converge test"]);
    assert!(done.stderr.contains("test runs"), "{}", done.stderr);
}

#[test]
fn a_failing_host_is_put_back_alone() {
    let site = Site::new("web1 web2 web3", &(ONE_MAY_MISS.to_owned() + &logged("health", "after_flip", "undo = true")));
    let first = site.deploy();
    take_away(&site, "web3");
    site.relm("deploy").ends(0);
    let second = site.host("web1").current().expect("a release");
    bring_back(&site, "web3");
    site.write("broken-health-web3", "");
    site.take_log();
    let ending = site.relm("converge --json").ends(1).ending();
    assert_eq!(ending["hosts"], json!({ "web1": second, "web2": second, "web3": first }));
    assert_eq!(ending["ending"], "put_back");
    assert_eq!(ending["next"], json!(["relm converge test"]));
    assert!(site.take_log().iter().all(|line| line.starts_with("web3")), "others were touched");
    fs::remove_file(site.path("broken-health-web3")).expect("a file");
    site.relm("converge").ends(0);
    assert_eq!(site.live(), second);
}

/// What made the fleet mixed: the old release of web1 is gone, so web1 keeps the new one.
fn mixed(fleet: &str) -> (Site, String, String) {
    let site = Site::new(fleet, "");
    let first = site.deploy();
    let vanish = r#"[ $RELM_HOST != web2 ] || { rm -rf "$SITE"/hosts/web1/www/test/releases/OLD; exit 1; }"#;
    let settings = operation("break", "after_flip", "", &vanish.replace("OLD", &first));
    site.configure(&("[release]\nbatches = [1]\n".to_owned() + &settings));
    let ending = site.relm("deploy --json").ends(5).ending();
    assert_eq!(ending["next"][0], "relm converge test");
    let second = site.host("web1").current().expect("a release");
    site.configure("");
    (site, first, second)
}

#[test]
fn one_command_heals_a_mixed_fleet() {
    for fleet in ["web1 web2", "web1 web2 web3"] {
        let (site, first, _) = mixed(fleet);
        site.relm("converge").ends(0);
        assert_eq!(site.live(), first, "{fleet}");
        assert_eq!(site.host("web1").read("app.txt"), "one\n", "it was built again");
        assert_eq!(site.relm("status --json").ends(0).report()["in_step"], true);
    }
}

#[test]
fn a_source_that_is_another_now_is_never_called_the_same_release() {
    let (site, _, second) = mixed("web1 web2");
    site.write("code/app.txt", "two\n");
    site.relm("converge").ends(3).says(&["the source has changed"]);
    assert_eq!(site.host("web1").current().expect("a release"), second);
}

#[test]
fn what_the_fleet_runs_is_asked_when_it_is_not_clear() {
    let site = Site::new("web1 web2 web3", "");
    let [a, b] = [site.deploy(), site.deploy()];
    // web1 alone runs what went live last; most hosts run what was there before.
    for host in ["web2", "web3"] {
        site.host(host).repoint(&format!("releases/{a}"));
    }
    let refused = site.relm("converge").ends(3);
    for words in ["not clear", "web1", &a, &b, "--to"] {
        assert!(refused.stderr.contains(words), "{words}:\n{}", refused.stderr);
    }
    site.relm(&format!("converge --to {b}")).ends(0);
    assert_eq!(site.live(), b);
    let empty = Site::new("web1 web2", "");
    empty.relm("converge").ends(3).says(&["nothing is live", "relm deploy test"]);
}

#[test]
fn a_half_flipped_deploy_is_resumed_and_not_converged() {
    let site = Site::new("web1 web2", "");
    site.deploy();
    site.configure(
        &("[release]\nbatches = [1]\n".to_owned()
            + &operation("slow", "after_flip", "", "touch $SITE/flipped; sleep 3")),
    );
    let mut child = site.start("deploy");
    site.await_file("flipped");
    child.kill().expect("a process");
    let _ = child.wait();
    site.relm("converge").ends(3).says(&["has not come to its end", "relm deploy test --resume"]);
}
