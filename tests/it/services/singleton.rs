//! Services of a single host that move to another one.

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
