//! Hosts that hide the processes of other users (`hidepid`): what is not seen there is never taken for what is not there.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::site::{Done, Site};

/// Whoever all of it is done as; its group is of the same number.
const NOBODY: u32 = 65_534;

/// Whoever becomes another user gets a /proc mounted as the file `options` says.
const SUDO: &str = r#"
while [ "$1" != -- ]; do shift; done
shift
exec unshare -m sh -c '
  mount -t proc -o "$(cat "$SITE/options")" proc /proc &&
    exec setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"' sh "$@""#;

/// One host, on which all is done as nobody; nothing where this machine does not let a /proc be mounted, and then said loudly.
fn hiding(settings: &str) -> Option<Site> {
    let tried =
        Command::new("unshare").args(["-m", "mount", "-t", "proc", "-o", "hidepid=2", "proc", "/proc"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        eprintln!(
            "\n*** SKIPPED: only root may mount a /proc, so nothing was tried on a host that hides processes ***\n"
        );
        return None;
    }
    let site = Site::new("web1", settings);
    site.write("Releases.toml", format!("become = \"nobody\"\n{}", site.read("Releases.toml")));
    site.shadow("sudo", SUDO);
    fs::create_dir(site.path("hosts/web1")).expect("a directory");
    for open in ["", "home", "hosts/web1"] {
        fs::set_permissions(site.path(open), fs::Permissions::from_mode(0o777)).expect("a mode");
        chown(site.path(open), Some(NOBODY), Some(NOBODY)).expect("an owner");
    }
    site.write("options", "hidepid=2");
    Some(site)
}

const WORDS: &str =
    "/proc hides the processes of other users from nobody (mount option hidepid; with gid=65534 beside it";

#[test]
fn a_process_that_cannot_be_seen_counts_as_busy_and_it_is_said_why() {
    let busy = "[[busy]]\nname = \"import\"\nkind = \"process\"\npattern = \"^nothing-is-called-so$\"\n";
    let Some(site) = hiding(busy) else { return };
    for options in ["hidepid=1", "hidepid=2", "hidepid=4"] {
        site.write("options", options);
        let done = site.relm("deploy").ends(3);
        done.says(&["import cannot be looked at and counts as busy on web1", WORDS, "relm deploy --consent import="]);
    }
    assert!(site.relm("check").ends(3).stdout.contains(WORDS));
    for options in ["hidepid=2,gid=65534", "hidepid=0"] {
        site.write("options", options);
        site.relm("deploy").ends(0);
    }
}

/// What is run by sudo in a shell of one's own is another user's.
#[test]
fn a_shell_of_tmux_whose_processes_are_hidden_counts_as_busy() {
    let Some(site) = hiding("[[busy]]\nname = \"panes\"\nkind = \"tmux\"\n") else { return };
    let tmux = |args: &[&str]| {
        let mut tmux = Command::new("tmux");
        tmux.args(args).uid(NOBODY).gid(NOBODY).env("TMUX_TMPDIR", site.path("home")).env_remove("TMUX");
        assert!(
            tmux.env("SHELL", "/bin/sh").env("HOME", site.path("home")).status().expect("tmux").success(),
            "{args:?}"
        );
    };
    let check = || Done::from(site.command(["check"]).env("TMUX_TMPDIR", site.path("home")).output().expect("relm"));
    check().ends(0);
    tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "work", "-n", "idle"]);
    let hidden = check();
    site.write("options", "hidepid=2,gid=65534");
    let seen = check();
    tmux(&["kill-server"]);
    hidden.ends(3).shows(&["whether window work:0 (idle) runs something is not known", "hidepid"]);
    seen.ends(0);
}

#[test]
fn releases_that_hidden_processes_may_run_in_stay_and_it_is_said_why() {
    let Some(site) = hiding("[release]\nkeep = 1\n") else { return };
    let host = site.host("web1");
    for _ in 0..2 {
        site.relm("deploy").ends(0);
    }
    // Nothing was to be removed so far, so there was nothing to say.
    let before = host.releases();
    site.relm("deploy").ends(0).says(&["clean_releases", WORDS, "so none is removed"]);
    assert_eq!(host.releases().len(), before.len() + 1);
    site.relm("clean-releases").ends(3).says(&["nothing is removed", WORDS]);
    site.relm("clean-releases --dry-run").ends(3).says(&[WORDS]);
    assert_eq!(host.releases().len(), before.len() + 1);
    site.write("options", "hidepid=2,gid=65534");
    site.relm("clean-releases").ends(0);
    assert_eq!(host.releases().len(), before.len());
}

/// supervisord is root's there, and so is what it has started.
#[test]
fn a_service_whose_processes_are_hidden_is_not_passed_over_in_silence() {
    let ctl = "#!/bin/sh\ncase $1 in\n  status) if [ -e \"$HOME/up\" ]; then echo 'shop RUNNING pid 1, uptime 0:00:09'; \
               else echo 'shop STOPPED'; fi ;;\n  stop) rm -f \"$HOME/up\" ;;\n  start) : >\"$HOME/up\" ;;\nesac\n";
    let service = "[[service]]\nname = \"shop\"\nkind = \"supervisor\"\ncontrol = '\"$SITE/ctl\"'\ntimeout = \"5s\"\n";
    let Some(site) = hiding(service) else { return };
    site.write("ctl", ctl);
    fs::set_permissions(site.path("ctl"), fs::Permissions::from_mode(0o755)).expect("a mode");
    site.relm("deploy").ends(0).says(&["where processes of shop run from is not known (1)", WORDS]);
    site.relm("services restart").ends(0).says(&[WORDS]);
    assert!(!site.host("web1").path(".relm/stopped/shop").exists(), "the restart has come to its end");
    // What the file itself names has to be seen.
    site.write("Releases.toml", site.read("Releases.toml").replace("timeout", "pids = \"echo 1\"\ntimeout"));
    site.relm("services restart").ends(1).says(&["whether what its `pids` name runs cannot be seen", WORDS]);
}
