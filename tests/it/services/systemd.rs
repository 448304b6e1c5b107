//! systemd: units that end at once, and the real one where this machine runs it.

use std::path::Path;

use super::runs_from;
use crate::site::Site;

const UNIT: &str = "[Service]\nWorkingDirectory={{ release_path }}\nExecStart=/bin/sh {{ release_path }}/serve\n";

const SERVICE: &str = "[[service]]\nname = \"shop\"\nkind = \"systemd\"\ntemplates = [\"templates/shop.service\"]\n\
                       into = \"units\"\ntimeout = \"6s\"\ncontrol = 'sh \"$SITE/systemctl\"'\n";

/// A host whose systemctl is a script.
fn site(unit: &str) -> Site {
    let site = Site::new("web1", "");
    site.write("systemctl", include_str!("systemd.sh"));
    site.write("templates/shop.service", unit);
    site.write("code/serve", "exec sleep 100\n");
    site.configure(SERVICE);
    site
}

#[test]
fn a_unit_that_ends_at_once_does_not_run() {
    let site = site(UNIT);
    let first = site.deploy();
    site.write("code/serve", "sleep 0.3\n");
    site.relm("deploy").ends(1).says(&["shop does not run", "as before"]);
    runs_from(&site, "web1", &first);
    site.relm("services stop").ends(0);
    assert_eq!(super::program(&site, "web1")["state"], "stopped");
}

/// systemd refuses to start what ended too often, and then what ran before must start all the same.
#[test]
fn a_unit_that_is_begun_again_and_again_does_not_run_and_is_put_back() {
    let site = site(&format!("{UNIT}Restart=always\n"));
    let first = site.deploy();
    site.write("code/serve", "sleep 0.3\n");
    site.relm("deploy").ends(1).says(&["shop does not run", "as before"]);
    runs_from(&site, "web1", &first);
    site.relm("services stop").ends(0);
}

/// Only root has units of a test's own.
#[test]
fn the_real_one_where_it_runs() {
    let is_root = std::process::Command::new("id").arg("-u").output().is_ok_and(|said| said.stdout == b"0\n");
    if !Path::new("/run/systemd/system").is_dir() || !is_root {
        eprintln!(
            "SKIPPED: this machine does not run systemd, or this is not root: nothing was tried with the real one"
        );
        return;
    }
    let unit = format!("relm-test-{}", std::process::id());
    let site = site(UNIT);
    std::fs::rename(site.path("templates/shop.service"), site.path(format!("templates/{unit}.service")))
        .expect("moved");
    let real = SERVICE.replace("shop.service", &format!("{unit}.service"));
    let real = real.replace("\"units\"", "\"/run/systemd/system\"").replace("control = 'sh \"$SITE/systemctl\"'\n", "");
    site.configure(&format!("{real}programs = [\"{unit}.service\"]\n"));
    let first = site.deploy();
    runs_from(&site, "web1", &first);
    site.write("code/serve", "sleep 0.3\n");
    let failed = site.relm("deploy");
    let is_back = site.live() == first && super::program(&site, "web1")["state"] == "running";
    site.relm("services stop").ends(0);
    std::fs::remove_file(format!("/run/systemd/system/{unit}.service")).expect("a file");
    failed.ends(1).says(&["does not run", "as before"]);
    assert!(is_back);
}
