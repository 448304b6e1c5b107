//! systemd: units that end at once, and the real one where this machine runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::{Daemon, await_path, runs_from};
use crate::site::{Site, lives, within};

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

/// Units of a user, under a real systemd that looks after nothing else.
const USERS: &str = "[[service]]\nname = \"shop\"\nkind = \"systemd\"\nscope = \"user\"\n\
                     templates = [\"templates/UNIT.service\"]\nprograms = [\"UNIT.service\"]\ninto = \".config/systemd/user\"\ntimeout = \"9s\"\n\
                     [env.test]\nsource_files = [\"~/manager.sh\"]\n";

/// Tells when it is told to read its files again, into the release it runs from.
const SERVE: &str = "trap 'echo told >>reloads' HUP\nwhile :; do sleep 0.1; done\n";

/// A host whose user has a manager of units.
fn users_site(text: &str) -> (Site, Daemon, String) {
    let site = Site::new("web1", "");
    // Units of one name would share what the kernel keeps of them, whoever looks after them.
    let name = site.path("").display().to_string();
    let unit = format!("relm-{}", name.rsplit('.').next().expect("a name").trim_end_matches('/'));
    let (home, run) = (site.path("hosts/web1"), site.path("run"));
    for directory in [home.join(".config/systemd/user"), run.clone()] {
        fs::create_dir_all(directory).expect("a directory");
    }
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).expect("a mode");
    site.write("hosts/web1/manager.sh", format!("XDG_RUNTIME_DIR={}\n", run.display()));
    site.write(&format!("templates/{unit}.service"), text);
    site.write("code/serve", SERVE);
    site.configure(&USERS.replace("UNIT", &unit));
    // It begins only where the machine runs systemd. Where it does not, a mount that nobody else sees says that it does.
    let start = "[ -d /run/systemd/system ] || { mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && \
                 mkdir /run/systemd/system; } || exit; exec /lib/systemd/systemd --user";
    let is_there = Path::new("/run/systemd/system").is_dir();
    let apart: &[&str] = if is_there { &[] } else { &["unshare", "-m"] };
    let words = apart.iter().copied().chain(["sh", "-c", start]).collect::<Vec<_>>();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env_clear().env("PATH", std::env::var_os("PATH").expect("a PATH"));
    let daemon = Daemon::start("systemd --user", command.env("HOME", home).env("XDG_RUNTIME_DIR", &run));
    await_path(&run.join("systemd/private"));
    (site, daemon, unit)
}

#[test]
fn a_real_one_starts_stops_restarts_and_reloads_units_of_a_user() {
    let (site, _systemd, unit) = users_site(&format!("{UNIT}ExecReload=/bin/kill -HUP $MAINPID\n"));
    let first = site.deploy();
    let one = runs_from(&site, "web1", &first);
    let second = site.deploy();
    let two = runs_from(&site, "web1", &second);
    assert!(one != two && !lives(&one.to_string()), "{one} was not stopped");
    site.relm("services restart").ends(0);
    let three = runs_from(&site, "web1", &second);
    assert!(three != two && !lives(&two.to_string()));
    site.relm("services reload").ends(0);
    let told = site.host("web1").release(&second).join("reloads");
    assert!(within(5, || told.exists()), "it was not told to reload");
    assert_eq!(runs_from(&site, "web1", &second), three, "a reload is no restart");
    site.relm("services stop").ends(0);
    assert_eq!(super::program(&site, "web1")["state"], "stopped");
    assert!(!lives(&three.to_string()));
    site.relm("services start").ends(0);
    runs_from(&site, "web1", &second);
    site.relm("rollback").ends(0);
    runs_from(&site, "web1", &first);
    // What runs from somewhere else is found out.
    site.write(&format!("templates/{unit}.service"), "[Service]\nExecStart=/bin/sleep 100\n");
    site.relm("deploy").ends(1).says(&["does not run from any release", "as before"]);
    runs_from(&site, "web1", &first);
}

#[test]
fn a_real_one_whose_units_end_at_once_is_put_back() {
    for restart in ["", "Restart=always\nRestartSec=100ms\n"] {
        let (site, _systemd, _) = users_site(&format!("{UNIT}{restart}"));
        let first = site.deploy();
        site.write("code/serve", "sleep 0.3\n");
        site.relm("deploy").ends(1).says(&[" does not run", "as before"]);
        runs_from(&site, "web1", &first);
        site.write("code/serve", SERVE);
        let next = site.deploy();
        runs_from(&site, "web1", &next);
        site.relm("services stop").ends(0);
        assert_eq!(super::program(&site, "web1")["state"], "stopped");
    }
}

#[test]
fn a_user_without_a_manager_is_told_how_to_get_one() {
    let site = Site::new("web1", "");
    site.write("hosts/web1/manager.sh", format!("XDG_RUNTIME_DIR={}\n", site.path("none").display()));
    site.write("templates/shop.service", UNIT);
    site.write("code/serve", SERVE);
    site.configure(&USERS.replace("UNIT", "shop"));
    site.relm("deploy").ends(1).says(&["no systemd runs for ", "loginctl enable-linger "]);
    assert_eq!(site.host("web1").current(), None);
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
