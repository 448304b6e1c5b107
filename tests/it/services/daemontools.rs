//! daemontools: svscan and supervise.

use std::path::PathBuf;
use std::process::Command;

use super::{Daemon, runs_from};
use crate::site::{Site, kill, lives, within};

const RUN: &str = "#!/bin/sh\ncd {{ release_path }} && exec sh {{ release_path }}/serve 2>&1\n";

const SERVICE: &str = "[[service]]\nname = \"shop\"\nkind = \"daemontools\"\ntemplates = [\"templates/run\"]\n\
                       into = \"service/shop\"\ntimeout = \"9s\"\nstrategy = \"stop_flip_start\"\n";

/// svscan and all that it has started: told to end, it leaves its supervises.
pub(crate) struct Scan {
    directory: PathBuf,
    daemon: Option<Daemon>,
}

impl Scan {
    /// Watches a directory, which it makes.
    pub(crate) fn start(directory: PathBuf) -> Self {
        std::fs::create_dir_all(&directory).expect("a directory");
        let daemon = Daemon::start("svscan", Command::new("svscan").arg(&directory));
        Self { directory, daemon: Some(daemon) }
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        // In this order, or svscan would start another supervise.
        drop(self.daemon.take());
        for service in std::fs::read_dir(&self.directory).expect("a directory") {
            let service = service.expect("an entry").path();
            let ended = Command::new("svc").arg("-dx").arg(&service).status().expect("svc");
            let is_over = || !Command::new("svok").arg(&service).status().expect("svok").success();
            assert!(ended.success() && within(20, is_over) || std::thread::panicking(), "supervise does not end");
        }
    }
}

#[test]
fn supervise_runs_what_is_live_forward_and_back() {
    let site = Site::new("web1", "");
    site.write("templates/run", RUN);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(site.path("templates/run"), mode).expect("a mode");
    site.write("code/serve", "exec sleep 100\n");
    site.configure(SERVICE);
    let _scan = Scan::start(site.path("hosts/web1/service"));
    let first = site.deploy();
    let before = runs_from(&site, "web1", &first);
    let second = site.deploy();
    let after = runs_from(&site, "web1", &second);
    assert!(!lives(&before.to_string()) && before != after);
    site.write("code/serve", "exit 1\n");
    site.relm("deploy").ends(1).says(&["start:shop", "shop does not run after 9 s"]);
    runs_from(&site, "web1", &second);
    site.relm("rollback").ends(0);
    let back = runs_from(&site, "web1", &first);
    // What supervise starts anew runs from there too.
    kill(&back.to_string(), "KILL");
    assert!(within(10, || super::program(&site, "web1")["state"] == "running"));
    assert_ne!(runs_from(&site, "web1", &first), back);
    site.relm("services stop").ends(0);
    assert_eq!(super::program(&site, "web1")["state"], "stopped");
    site.relm("services start").ends(0);
    std::fs::set_permissions(site.path("templates/run"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .expect("a mode");
    site.relm("deploy").ends(1).says(&["shop does not run after 9 s", "service/shop/run may not be executed"]);
    runs_from(&site, "web1", &first);
}

/// Nothing is said of a directory that cannot be looked into: least of all that its program was stopped.
#[test]
fn what_cannot_be_told_is_not_stopped() {
    let site = Site::new("web1", "");
    site.deploy();
    let elsewhere = site.path("hosts/web1/service/shop");
    let service = "[[service]]\nname = \"shop\"\nkind = \"daemontools\"\ntimeout = \"2s\"\nproof = false\n";
    site.configure(&format!("{service}programs = [{elsewhere:?}]\n"));
    assert_eq!(super::program(&site, "web1")["state"], "unknown");
    site.relm("services status").ends(1);
    site.relm("services stop").ends(1).says(&["cannot be told"]);
    // A directory that nothing supervises is no secret.
    std::fs::create_dir_all(&elsewhere).expect("a directory");
    assert_eq!(super::program(&site, "web1")["state"], "stopped");
    site.relm("services stop").ends(0);
}

#[test]
fn told_to_reload_it_is_the_same_process() {
    let site = Site::new("web1", "");
    let heeds = "#!/bin/sh\ntrap 'echo >heeded' HUP\nwhile :; do sleep 0.1; done\n";
    site.write("templates/run", heeds);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(site.path("templates/run"), mode).expect("a mode");
    site.configure(&format!("{}proof = false\n", SERVICE.replace("stop_flip_start", "reload")));
    let _scan = Scan::start(site.path("hosts/web1/service"));
    site.deploy();
    let before = super::program(&site, "web1");
    assert_eq!(before["state"], "running", "{before}");
    site.deploy();
    site.await_file("hosts/web1/service/shop/heeded");
    assert_eq!(super::program(&site, "web1")["pid"], before["pid"]);
    site.relm("services stop").ends(0);
}
