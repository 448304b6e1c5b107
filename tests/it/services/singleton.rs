//! Services of a single host that move to another one.

use crate::converge::{bring_back, take_away};
use crate::site::{Site, logged};
use crate::tasks::service;

/// Of the host, with files of its own or without.
fn rules(host: &str, files: bool) -> String {
    let files = if files { "templates = [\"templates/beat.conf\"]\ninto = \"conf.d\"" } else { "" };
    let beat = service("beat", &format!("singleton = \"{host}\"\n{files}"));
    beat + &service("web", "") + &logged("health", "after_flip", "")
}

fn runs_on(site: &Site, host: &str) -> bool {
    site.path(format!("beat-{host}")).exists()
}

fn site(files: bool) -> Site {
    let site = Site::new("web1 web2", "");
    site.write("templates/beat.conf", "{{ host }}\n");
    site.configure(&rules("web1", files));
    site
}

#[test]
fn it_is_stopped_where_it_ran_before_it_starts_where_it_is_to_run() {
    for files in [false, true] {
        let site = site(files);
        let conf = |host: &str| site.path(format!("hosts/{host}/conf.d/beat.conf")).exists();
        site.deploy();
        assert!(runs_on(&site, "web1") && !runs_on(&site, "web2") && conf("web1") == files);
        site.configure(&rules("web2", files));
        let told = "beat was started here, and is for web2 alone now";
        assert!(site.relm("check").ends(0).stdout.contains(told));
        let status = site.relm("services status").ends(1).stdout;
        assert!(status.contains("it is for web2 alone"), "{status}");
        // However often it fails, it runs on where it ran, and nowhere else.
        site.write("broken-health-web2", "");
        for _ in 0..2 {
            site.relm("deploy").ends(1).says(&[&format!("web1: {told}")]);
            assert!(runs_on(&site, "web1") && !runs_on(&site, "web2") && conf("web1") == files && !conf("web2"));
        }
        std::fs::remove_file(site.path("broken-health-web2")).expect("a file");
        site.take_log();
        site.deploy();
        let log = site.take_log();
        let at = |words: &str| log.iter().position(|line| line == words);
        assert!(at("web1 stop beat").is_some() && at("web1 stop beat") < at("web2 start beat"), "{log:?}");
        assert!(!runs_on(&site, "web1") && runs_on(&site, "web2") && !conf("web1") && conf("web2") == files);
        site.relm("services status").ends(0);
        let quiet = site.relm("deploy").ends(0);
        assert!(!quiet.stderr.contains(told) && !quiet.stderr.contains("elsewhere"), "{}", quiet.stderr);
    }
}

/// A release that was built before has no files for it on the new host.
#[test]
fn a_rollback_to_where_it_has_no_files_leaves_it_where_it_runs() {
    let site = site(true);
    site.deploy();
    site.deploy();
    site.configure(&rules("web2", true));
    site.relm("rollback").ends(0).says(&["web1: beat was started here, and is for web2 alone now"]);
    assert!(runs_on(&site, "web1") && !runs_on(&site, "web2"));
    site.write("broken-health-web2", "");
    site.relm("deploy").ends(1);
    assert!(runs_on(&site, "web1") && !runs_on(&site, "web2"));
    std::fs::remove_file(site.path("broken-health-web2")).expect("a file");
    site.deploy();
    assert!(!runs_on(&site, "web1") && runs_on(&site, "web2"));
}

#[test]
fn started_by_hand_it_runs_on_one_host_too() {
    let site = site(false);
    site.deploy();
    site.configure(&rules("web2", false));
    site.write("stuck-beat", "");
    site.relm("services start beat").ends(1);
    std::fs::remove_file(site.path("stuck-beat")).expect("a file");
    site.relm("services restart beat").ends(0);
    assert!(!runs_on(&site, "web1") && runs_on(&site, "web2"));
    site.relm("services status").ends(0);
    // What is built for the old host has no files for the new one: a deploy moves that.
    let site = self::site(true);
    site.deploy();
    site.configure(&rules("web2", true));
    site.relm("services start beat").ends(0).says(&["a deploy stops it here before it starts there"]);
    assert!(runs_on(&site, "web1") && !runs_on(&site, "web2"));
}

fn without(site: &Site, host: &str) {
    let file = site.read("Releases.toml");
    let lines = file.lines().filter(|line| !line.starts_with(&format!("{host} = ")));
    site.write("Releases.toml", lines.collect::<Vec<_>>().join("\n"));
}

/// Nobody can stop it where nobody comes.
#[test]
fn it_does_not_start_while_it_may_run_on_a_host_that_is_away() {
    let one_may_miss = |host: &str| format!("[release]\nmax_unreachable = 1\n{}", rules(host, true));
    let site = Site::new("web1 web2 web3", "");
    site.write("templates/beat.conf", "{{ host }}\n");
    site.configure(&one_may_miss("web1"));
    site.deploy();
    take_away(&site, "web1");
    site.configure(&one_may_miss("web3"));
    let said = "beat may run on web1, which cannot be reached, and would start on web3";
    for task in ["deploy", "deploy --dry-run"] {
        let next = format!("bring web1 back, and then   relm {task}\n");
        let done = site.relm(task).ends(3).says(&[said, "nothing was changed", &next]);
        done.says(&["take web1 out of Releases.toml"]);
    }
    assert!(runs_on(&site, "web1") && !runs_on(&site, "web3"));
    bring_back(&site, "web1");
    site.deploy();
    assert!(!runs_on(&site, "web1") && runs_on(&site, "web3"));
    // Where it stays, and where it can be seen where it runs, it is no matter who is away.
    take_away(&site, "web1");
    site.relm("deploy").ends(0);
    site.configure(&one_may_miss("web2"));
    site.relm("deploy").ends(0);
    assert!(runs_on(&site, "web2") && !runs_on(&site, "web3"));
    bring_back(&site, "web1");
    site.relm("converge").ends(0);
    site.deploy();
    // A rollback would start it as well.
    take_away(&site, "web2");
    site.configure(&one_may_miss("web1"));
    site.relm("rollback").ends(3).says(&["beat may run on web2", "and then   relm rollback\n"]);
    // Whoever knows that the machine is dead takes it out of the file.
    without(&site, "web2");
    site.relm("deploy").ends(0);
    assert!(runs_on(&site, "web1"));
}

#[test]
fn it_does_not_start_while_it_may_run_where_the_command_line_does_not_go() {
    let site = Site::new("web1=web db1=db", &rules("db1", false));
    let first = site.deploy();
    site.deploy();
    site.configure(&rules("web1", false));
    let told = site.relm(&format!("deploy --release {first} --roles web")).ends(3);
    let told = told.says(&["beat may run on db1, which --roles leaves out", "name a role of db1 in --roles too"]);
    assert!(!told.stderr.contains("Releases.toml"), "{}", told.stderr);
    site.relm(&format!("deploy --release {first} --roles web,db")).ends(0);
    assert!(runs_on(&site, "web1") && !runs_on(&site, "db1"));
}

/// Converge leaves alone what is in step: what runs there is for a deploy to move.
#[test]
fn it_is_not_moved_from_a_host_in_step_by_what_brings_others_along() {
    for files in [false, true] {
        let site = site(files);
        site.deploy();
        take_away(&site, "web2");
        site.relm("deploy --set release.max_unreachable=1").ends(0);
        bring_back(&site, "web2");
        site.configure(&rules("web2", files));
        site.relm("converge")
            .ends(0)
            .says(&["web1: beat was started here", "a deploy stops it here before it starts there"]);
        assert!(runs_on(&site, "web1") && !runs_on(&site, "web2"));
        site.live();
        site.relm("converge").ends(0).says(&["there was nothing to do"]);
        site.deploy();
        assert!(!runs_on(&site, "web1") && runs_on(&site, "web2"));
    }
}

#[test]
fn what_no_release_had_yet_starts_without_a_host() {
    let site = Site::new("web1 web2", "[release]\nmax_unreachable = 1\n");
    let new = format!("[release]\nmax_unreachable = 1\n{}", rules("web2", false));
    site.deploy();
    take_away(&site, "web1");
    site.configure(&new);
    site.relm("deploy").ends(0);
    assert!(runs_on(&site, "web2"));
    let first = Site::new("web1 web2", &new);
    take_away(&first, "web1");
    first.relm("deploy").ends(0);
    assert!(runs_on(&first, "web2"));
}
