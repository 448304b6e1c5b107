//! One run at a time changes an environment, and no lock outlives its holder.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::chaos::disk::Disk;
use crate::site::{Done, Site, kill, lives, logged, operation, within};

/// Short, so that tests need not wait.
const GRACE: &str = "[lock]\ngrace = \"2s\"\n";

/// Waits in `prepare` while `$SITE/hold` is there.
const HOLD: &str = r#"[ -e "$SITE/hold" ] || exit 0
echo $$ > "$SITE/pid.new"; mv "$SITE/pid.new" "$SITE/pid"
while [ -e "$SITE/hold" ]; do sleep 0.05; done"#;

fn holding(fleet: &str) -> Site {
    let site = Site::new(fleet, &(GRACE.to_owned() + &operation("hold", "prepare", "roles = [\"first\"]", HOLD)));
    site.write("hold", "");
    site
}

/// A deploy that has come to its operation and stays there.
fn held(site: &Site) -> Child {
    let _ = std::fs::remove_file(site.path("pid"));
    let child = site.start("deploy -m reason");
    site.await_file("pid");
    child
}

fn let_go(site: &Site, child: Child) -> Done {
    let _ = std::fs::remove_file(site.path("hold"));
    Done::from(child.wait_with_output().expect("an end"))
}

fn somebody_else(site: &Site, line: &str) -> Done {
    let mut command: Command = site.command(line.split_whitespace());
    Done::from(command.env("USER", "grace").output().expect("a process"))
}

#[test]
fn a_second_run_is_refused_and_told_who_holds_it() {
    let site = holding("web1=first web2");
    let child = held(&site);
    for task in ["deploy", "rollback", "setup-release", "clean-releases", "run --lock -- true", "lock take"] {
        let done = site.relm(task).ends(3);
        done.says(&["tester runs deploy on test", &child.id().to_string(), "reason", "relm lock show test"]);
    }
    let refused = site.relm("deploy --json").ends(3).ending();
    assert!(refused["reason"].as_str().expect("a reason").contains("tester"), "{refused}");
    let shown = site.relm("lock show --json").ends(0).report();
    assert_eq!(shown["held"], true);
    assert_eq!(shown["holder"]["pid"], child.id());
    assert_eq!(shown["hosts"][0]["running"][0][1], "hold");
    assert_eq!(shown["hosts"][0]["release"], site.host("web1").releases()[0].as_str());
    let status = site.relm("status --json").ends(0).report();
    assert_eq!(status["lock"]["holder"]["task"], "deploy");
    for task in ["status", "releases", "history", "check", "deploy --dry-run", "clean-releases --dry-run"] {
        site.relm(task).ends(0);
    }
    // What a run at work has there is not left over.
    std::fs::create_dir(site.host("web2").path("releases/.ahead-token")).expect("a directory");
    let told = site.relm("check").ends(0).stdout;
    assert!(!told.contains("cut short"), "{told}");
    let_go(&site, child).ends(0);
    assert_eq!(site.relm("status --json").ends(0).report()["lock"], serde_json::Value::Null);
    assert_eq!(site.relm("lock show").ends(0).stdout, "test is free\n");
    site.deploy();
}

#[test]
fn a_run_that_waits_goes_on_when_the_other_has_ended() {
    let site = holding("web1=first web2");
    let child = held(&site);
    let waiting = site.start("deploy --wait 1m");
    std::thread::sleep(Duration::from_secs(1));
    let first = let_go(&site, child).ends(0);
    drop(first);
    Done::from(waiting.wait_with_output().expect("an end")).ends(0).says(&["waiting: "]);
    assert_eq!(site.host("web1").releases().len(), 2);
    site.write("hold", "");
    let child = held(&site);
    let before = Instant::now();
    site.relm("deploy --wait 2s").ends(3);
    assert!(before.elapsed() >= Duration::from_secs(2));
    let_go(&site, child).ends(0);
}

#[test]
fn a_lock_ends_with_its_holder_whatever_ended_that() {
    let site = holding("web1=first web2");
    let mut child = held(&site);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    std::fs::remove_file(site.path("hold")).expect("a file");
    // What it began runs to its end or is ended; then it is free, and nobody had to do anything.
    site.relm("deploy").ends(0);
    assert_eq!(site.relm("lock show").ends(0).stdout, "test is free\n");
}

#[test]
fn a_lock_whose_token_cannot_be_taken_away_ends_with_its_keeper() {
    let site = Site::new("web1 web2", GRACE);
    site.shadow("rm", r#"case "$*" in */token) echo a read-only disk >&2; exit 1 ;; esac; exec "$REAL" "$@""#);
    site.deploy();
    assert!(site.host("web1").path(".relm/lock/1/token").exists(), "it can be taken away");
    assert!(within(5, || site.relm("lock show").ends(0).stdout == "test is free\n"), "it is held");
    site.deploy();
}

#[test]
fn a_command_that_outlives_its_relm_keeps_the_lock_and_is_named() {
    let stubborn = r#"trap '' TERM; [ -e "$SITE/hold" ] || exit 0
echo $$ > "$SITE/pid.new"; mv "$SITE/pid.new" "$SITE/pid"
i=0; while [ $i -lt 60 ]; do sleep 0.1; i=$((i + 1)); done; echo over > "$SITE/over""#;
    let site = Site::new("web1", &(GRACE.to_owned() + &operation("stubborn", "prepare", "", stubborn)));
    site.write("hold", "");
    let mut child = held(&site);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    let gone = || site.relm("lock show --json").ends(0).report()["hosts"][0]["gone"] == true;
    assert!(within(5, gone), "the keeper does not see that relm is gone");
    let shown = site.relm("lock show").ends(0);
    assert!(shown.stdout.contains("stubborn runs (process"), "{}", shown.stdout);
    std::fs::remove_file(site.path("hold")).expect("a file");
    let done = site.relm("deploy").ends(0).says(&["waiting: ", "its connection is closed", "stubborn (process"]);
    drop(done);
    assert!(!lives(site.read("pid").trim()), "two ran at once");
}

#[test]
fn a_stolen_lock_stops_the_one_who_had_it() {
    let settings = operation("hold", "prepare", "roles = [\"first\"]", HOLD) + &logged("after", "prepare", "");
    let site = Site::new("web1=first web2", &(GRACE.to_owned() + &settings));
    let first = site.deploy();
    site.take_log();
    site.write("hold", "");
    let child = held(&site);
    site.relm("lock steal").ends(2).says(&["next", "relm lock steal -m \"why\""]);
    somebody_else(&site, "lock steal -m hurry").ends(0).says(&["relm lock release test"]);
    assert!(!lives(site.read("pid").trim()), "what ran was not ended");
    std::fs::remove_file(site.path("hold")).expect("a file");
    let done = Done::from(child.wait_with_output().expect("an end")).ends(1);
    assert!(done.stderr.contains("has lost the lock") || done.stderr.contains("killed by signal"), "{}", done.stderr);
    assert!(!site.take_log().iter().any(|line| line.starts_with("web1 after")), "it went on");
    assert_eq!(site.live(), first);
    site.relm("deploy").ends(3).says(&["grace has taken test", "hurry"]);
    assert!(site.relm("history").ends(0).stdout.contains("lock steal"));
    somebody_else(&site, "deploy").ends(0);
    somebody_else(&site, "lock release").ends(0);
    site.deploy();
}

#[test]
fn a_frozen_run_that_comes_back_changes_nothing() {
    let site = Site::new("web1 web2", &format!("{GRACE}{}", logged("later", "prepare", "")));
    let first = site.deploy();
    site.take_log();
    // A laptop that sleeps in the middle: its lock is stolen, another deploys, and it wakes up.
    site.shadow(
        "tar",
        "touch \"$SITE/unpacking\"; while [ -e \"$SITE/frozen\" ]; do sleep 0.05; done; exec \"$REAL\" \"$@\"",
    );
    site.write("frozen", "");
    let child = site.start("deploy --json");
    site.await_file("unpacking");
    kill(&child.id().to_string(), "STOP");
    somebody_else(&site, "lock steal -m asleep").ends(0);
    std::fs::remove_file(site.path("frozen")).expect("a file");
    site.unshadow("tar");
    somebody_else(&site, "deploy").ends(0);
    let second = site.live();
    assert_ne!(first, second);
    site.take_log();
    kill(&child.id().to_string(), "CONT");
    let done = Done::from(child.wait_with_output().expect("an end")).ends(1);
    assert_eq!(done.ending()["ending"], "nothing_changed");
    assert_eq!(site.live(), second);
    assert_eq!(site.take_log(), Vec::<String>::new(), "the one who came back did something");
}

#[test]
fn a_person_takes_an_environment_across_runs() {
    let site = Site::new("web1 web2", GRACE);
    site.relm("lock release").ends(0).says(&["nothing to release"]);
    site.relm("lock take -m migration").ends(0).says(&["relm lock release test"]);
    let shown = site.relm("lock show").ends(0);
    assert!(shown.stdout.starts_with("test is taken by tester since "), "{}", shown.stdout);
    assert!(shown.stdout.contains("migration"), "{}", shown.stdout);
    for task in ["deploy", "clean-releases", "lock take", "lock release"] {
        somebody_else(&site, task).ends(3).says(&["tester has taken test", "migration"]);
    }
    somebody_else(&site, "status").ends(0);
    site.deploy();
    assert_eq!(site.relm("status --json").ends(0).report()["lock"]["taken"]["reason"], "migration");
    site.relm("lock release").ends(0);
    somebody_else(&site, "deploy").ends(0);
}

#[test]
fn a_failed_deploy_keeps_the_lock_for_the_person_where_the_file_says_so() {
    let keep = "[lock]\ngrace = \"2s\"\non_failure = \"keep\"\n";
    let settings = logged("build", "prepare", "") + &logged("announce", "finish", "");
    let site = Site::new("web1 web2", &(keep.to_owned() + &settings));
    site.relm("deploy").ends(0);
    assert_eq!(site.relm("lock show").ends(0).stdout, "test is free\n");
    for (broken, code) in [("broken-build-web2", 1), ("broken-announce-web1", 4)] {
        site.write(broken, "");
        site.relm("deploy").ends(code).says(&["test stays locked for you", "relm lock release test", "--resume"]);
        let name = site.host("web1").releases().pop().expect("a release");
        let refused = somebody_else(&site, "deploy").ends(3);
        refused.says(&["tester has taken test", &format!("the deploy of {name} has not come to its end")]);
        // Nothing has come of that.
        site.relm("deploy --resume").ends(code);
        std::fs::remove_file(site.path(broken)).expect("a file");
        assert!(site.relm("status").ends(0).stdout.contains("held by tester"));
        site.relm("deploy --resume").ends(0);
        assert_eq!(site.live(), name);
        assert_eq!(site.relm("lock show").ends(0).stdout, "test is free\n");
    }
    // What was taken by hand is given back by hand; a refused deploy keeps nothing.
    site.relm("lock take -m mine").ends(0);
    site.write("broken-build-web1", "");
    site.relm("deploy").ends(1);
    std::fs::remove_file(site.path("broken-build-web1")).expect("a file");
    site.relm("deploy --resume").ends(0);
    somebody_else(&site, "deploy").ends(3).says(&["mine"]);
    site.relm("lock release").ends(0);
    site.relm("deploy --release 2001-01-01_00.00.00").ends(3);
    somebody_else(&site, "deploy").ends(0);
}

#[test]
fn environments_can_share_a_lock() {
    let shared = "[lock]\nname = \"servers\"\nhost = \"web1\"\ngrace = \"2s\"\n";
    let site = Site::new("web1", &(shared.to_owned() + &operation("hold", "prepare", "", HOLD)));
    let text =
        site.read("Releases.toml") + "[env.other.hosts]\ndb1 = { address = \"local:hosts/db1\", roles = [\"db\"] }\n";
    site.write("Releases.toml", text);
    site.write("hold", "");
    let child = site.start("deploy test");
    site.await_file("pid");
    site.relm("deploy other").ends(3).says(&["runs deploy on test"]);
    let_go(&site, child).ends(0);
    site.relm("deploy other").ends(0);
}

/// Each environment has a copy on its own hosts of who has taken the lock, and whoever takes it by way of the other one does not come
/// there.
#[test]
fn a_shared_lock_is_given_back_and_stolen_by_way_of_either_environment() {
    let shared = "[lock]\nname = \"servers\"\nhost = \"web1\"\ngrace = \"2s\"\n";
    let site = Site::new("web1", shared);
    let other = "[env.other.hosts]\ndb1 = { address = \"local:hosts/db1\", roles = [\"db\"] }\n";
    site.write("Releases.toml", site.read("Releases.toml") + other);
    let has = |env: &str, who: &str| {
        let shown = site.relm(&format!("lock show {env} --json")).ends(0).report()["taken"]["by"].clone();
        let status = site.relm(&format!("status {env} --json")).ends(0).report()["lock"]["taken"]["by"].clone();
        assert_eq!((shown.as_str(), status.as_str()), (Some(who), Some(who)), "{env}");
    };
    let is_free = |env: &str| {
        assert_eq!(site.relm(&format!("lock show {env}")).ends(0).stdout, format!("{env} is free\n"));
        assert!(site.relm(&format!("status {env} --json")).ends(0).report()["lock"].is_null(), "{env}");
    };
    site.relm("lock take test -m mine").ends(0);
    for env in ["test", "other"] {
        has(env, "tester");
    }
    somebody_else(&site, "deploy other").ends(3).says(&["mine"]);
    somebody_else(&site, "lock steal other -m now").ends(0);
    for env in ["test", "other"] {
        has(env, "grace");
    }
    site.relm("deploy test").ends(3).says(&["now"]);
    somebody_else(&site, "deploy test").ends(0);
    somebody_else(&site, "lock release other").ends(0);
    for env in ["test", "other"] {
        is_free(env);
    }
    site.relm("deploy test").ends(0);
    site.relm("deploy other").ends(0);
}

/// What one environment's failed deploy has kept is not given back by the success of another's.
#[test]
fn a_shared_lock_is_kept_for_the_environment_whose_deploy_failed() {
    let shared = "[lock]\nname = \"servers\"\nhost = \"web1\"\ngrace = \"2s\"\non_failure = \"keep\"\n";
    let site = Site::new("web1", &(shared.to_owned() + &logged("build", "prepare", "")));
    let other = "[env.other.hosts]\ndb1 = { address = \"local:hosts/db1\", roles = [\"db\"] }\n";
    site.write("Releases.toml", site.read("Releases.toml") + other);
    site.write("broken-build-web1", "");
    site.relm("deploy test").ends(1);
    std::fs::remove_file(site.path("broken-build-web1")).expect("a file");
    site.relm("deploy other").ends(0);
    somebody_else(&site, "deploy other").ends(3).says(&["tester has taken test"]);
    site.relm("deploy test --resume").ends(0);
    somebody_else(&site, "deploy other").ends(0);
}

#[test]
fn a_host_without_flock_is_locked_another_way() {
    let site = holding("web1=first");
    // Nothing of that name is on the host.
    let path: Vec<String> = std::env::var("PATH").expect("a PATH").split(':').map(str::to_owned).collect();
    for directory in &path {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name != "flock" && !site.path("bin").join(&name).exists() {
                let _ = std::os::unix::fs::symlink(entry.path(), site.path("bin").join(&name));
            }
        }
    }
    let only = |line: &str| {
        let mut command = site.command(line.split_whitespace());
        command.env("PATH", site.path("bin"));
        command
    };
    let mut child = only("deploy").spawn().expect("a process");
    site.await_file("pid");
    Done::from(only("deploy").output().expect("a process")).ends(3).says(&["tester runs deploy"]);
    // Also for somebody who has it.
    site.relm("deploy").ends(3).says(&["tester runs deploy"]);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    std::fs::remove_file(site.path("hold")).expect("a file");
    Done::from(only("deploy").output().expect("a process")).ends(0);
}

#[test]
fn nothing_of_a_run_is_left_when_it_has_ended() {
    let site = Site::new("web1 web2", "");
    site.deploy();
    let hosts = site.path("hosts");
    let left = |entry: std::fs::DirEntry| {
        let inside = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&hosts));
        inside && lives(&entry.file_name().to_string_lossy())
    };
    // What was told to end may take a moment to do so.
    let none = || !std::fs::read_dir("/proc").expect("/proc").flatten().any(left);
    assert!(within(1, none), "a process of the run is left");
}

#[test]
fn a_full_disk_can_be_rolled_back_and_cleaned() {
    let site = Site::new("web1", "[release]\nkeep = 1\n");
    let Some(disk) = Disk::mount(&site.path("hosts/web1")) else { return };
    let releases = [site.deploy(), site.deploy(), site.deploy()];
    disk.fill();
    site.relm("deploy").ends(3);
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), releases[1]);
    disk.mend();
    site.deploy();
    disk.fill();
    site.relm("clean-releases --keep 1").ends(0);
    site.relm("check").ends(3).says(&[]);
}

#[test]
fn a_run_whose_keeper_was_killed_changes_nothing_beside_another() {
    let settings = operation("hold", "prepare", "roles = [\"first\"]", HOLD) + &logged("after", "prepare", "");
    let site = Site::new("web1=first", &(GRACE.to_owned() + &settings));
    site.write("hold", "");
    let child = held(&site);
    let locks = site.host("web1").path(".relm/lock");
    let keeper = std::fs::read_to_string(locks.join("1/keeper")).expect("a keeper");
    kill(keeper.split(' ').next().expect("a process"), "KILL");
    // What it has begun still counts.
    site.relm("deploy").ends(3).says(&["is held"]);
    let waiting = site.start("deploy --wait 1m");
    std::fs::remove_file(site.path("hold")).expect("a file");
    // The other comes in between two of its steps, or when it has ended; from then on it begins nothing more.
    let done = Done::from(child.wait_with_output().expect("an end"));
    assert!(done.code == Some(0) || done.stderr.contains("lost the lock"), "{}", done.stderr);
    Done::from(waiting.wait_with_output().expect("an end")).ends(0);
    assert_eq!(Some(&site.live()), site.host("web1").releases().last(), "the one who came second is live");
}

#[test]
fn a_shared_lock_that_is_stolen_stops_the_run_in_the_other_environment() {
    let shared = "[lock]\nname = \"servers\"\nhost = \"db1\"\ngrace = \"2s\"\n";
    let settings = operation("hold", "prepare", "roles = [\"web\"]", HOLD) + &logged("after", "prepare", "");
    let site = Site::new("web1", &(shared.to_owned() + &settings));
    let other = "[env.other.release]\nroot = \"srv\"\n[env.other.hosts]\ndb1 = { address = \"local:hosts/db1\", roles = [\"db\"] }\n";
    site.write("Releases.toml", site.read("Releases.toml") + other);
    site.write("hold", "");
    let child = site.start("deploy test");
    site.await_file("pid");
    site.relm("deploy other").ends(3).says(&["runs deploy on test"]);
    somebody_else(&site, "lock steal other -m now").ends(0);
    // It looks after the shared lock every second here.
    std::thread::sleep(Duration::from_secs(3));
    std::fs::remove_file(site.path("hold")).expect("a file");
    let done = Done::from(child.wait_with_output().expect("an end")).ends(1);
    assert!(done.stderr.contains("lost the lock"), "{}", done.stderr);
    assert_eq!(site.take_log(), Vec::<String>::new());
}

/// Another name of the same machine, a link, an alias of ssh: nobody can see that in the file.
#[test]
fn two_hosts_that_are_one_directory_are_named_with_what_to_write() {
    let site = Site::new("web1=web db1=db web2=cron", "");
    std::os::unix::fs::symlink("web1", site.path("hosts/web2")).expect("a link");
    let directory = site.path("hosts/web1/www/test").display().to_string();
    for line in ["deploy", "lock take"] {
        let done = site.relm(line).ends(3).says(&["lead to one and the same directory", &directory]);
        let done = done.says(&["web1", "web2", "roles = [\"cron\", \"web\"]", "[env.test.hosts]"]);
        assert!(!done.stderr.contains("db1") && !done.stderr.contains("is held"), "{}", done.stderr);
    }
    let left = std::fs::read_dir(site.host("web1").path(".relm/lock")).expect("a directory");
    let left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".sign")), "{left:?}");
    std::fs::remove_file(site.path("hosts/web2")).expect("a link");
    site.relm("deploy --wait 1m").ends(0);
}
