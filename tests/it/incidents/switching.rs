//! The flip: on all hosts or on none, one rename, and never into what stands there.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::resume::mend;
use crate::site::{Site, logged};

/// *Two deploys in one minute had one name* (commcare-hq-deploy PR #1841), and their steps one directory.
#[test]
fn two_deploys_in_one_second_make_two_releases() {
    let site = Site::new("web1 web2", "[release]\nkeep = 9\n");
    let both = [site.start("deploy --wait 1m"), site.start("deploy --wait 1m")];
    for run in both {
        assert!(run.wait_with_output().expect("an end").status.success());
    }
    let releases = site.host("web1").releases();
    assert_eq!((releases.len(), site.host("web2").releases()), (2, releases.clone()));
    assert_eq!(site.live(), releases[1]);
}

/// *The others went on.* A step failed on one host and `current` was changed on the rest (commcare-cloud 26d48cee8).
#[test]
fn a_step_that_fails_on_one_host_flips_none() {
    let phases = ["prepare", "before_flip", "after_flip"];
    let settings = phases.map(|phase| logged(phase, phase, "")).concat();
    let site = Site::new("web1 web2 web3", &settings);
    let first = site.deploy();
    for phase in phases {
        site.write(&format!("broken-{phase}-web2"), "");
        let before = fs::read(site.host("web1").path(".relm/history.jsonl")).expect("a history");
        site.relm("deploy").ends(1).says(&["web2", &format!("{phase} is broken")]);
        assert_eq!(site.live(), first, "{phase}");
        let after = fs::read(site.host("web1").path(".relm/history.jsonl")).expect("a history");
        assert!(phase != "prepare" || before == after, "web1 was flipped and put back");
        mend(&site, phase, "web2");
    }
}

/// *One host fails in the flip itself* (the same, a step later).
#[test]
fn a_flip_that_fails_on_one_host_is_taken_back_on_the_others() {
    let site = Site::new("web1 web2 web3", "");
    let first = site.deploy();
    site.shadow("mv", "case \"$PWD $*\" in *hosts/web2*' current') exit 1 ;; esac\nexec \"$REAL\" \"$@\"");
    let ending = site.relm("deploy --json").ends(1).ending();
    assert_eq!((ending["ending"].clone(), site.live()), ("put_back".into(), first));
    site.unshadow("mv");
    site.deploy();
}

/// *The link ended up inside the old release*, because `ln -sf` follows one that is there (community-platform 96e1f56a);
/// *and there was a moment without any*, because `ln -n` unlinks first.
#[test]
fn the_flip_is_one_rename_and_leaves_nothing_in_the_old_release() {
    let site = Site::new("web1", "");
    let first = site.deploy();
    let relm = site.command(["deploy"]);
    let mut traced = Command::new("strace");
    traced.args([
        "-f",
        "-qq",
        "-s",
        "999",
        "-o",
        "calls",
        "-e",
        "trace=rename,renameat,renameat2,unlink,unlinkat,symlink,symlinkat,link,linkat",
    ]);
    traced.arg(relm.get_program()).arg("deploy").current_dir(site.path("")).env_clear();
    traced.envs(relm.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(traced.output().expect("strace: tests/run installs it").status.success());
    let (calls, live) = (site.read("calls"), site.live());
    let of_current = |call: &&str| call.contains("\"current\"") || call.contains("/current\"");
    let done: Vec<&str> = calls.lines().filter(of_current).filter(|call| call.ends_with(" = 0")).collect();
    assert!(done.len() == 1 && done[0].contains(" rename"), "{done:?}");
    let old: Vec<_> = fs::read_dir(site.host("web1").release(&first))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert!(live != first && old == ["app.txt"], "{old:?}");
}

/// *`current` is not what it should be*: gone, dangling, a directory, inside itself, or behind another link.
#[test]
fn a_current_of_any_kind_is_used_or_refused_and_never_followed() {
    let odd = ["nothing", "releases/2001-01-01_00.00.00", "directory", "current/current", "live", "missing"];
    for what in odd {
        let site = Site::new("web1", "");
        let first = site.deploy();
        let host = site.host("web1");
        fs::remove_file(host.path("current")).expect("a link");
        match what {
            "missing" => {}
            "directory" => fs::create_dir(host.path("current")).expect("a directory"),
            target => symlink(target, host.path("current")).expect("a link"),
        }
        if what == "live" {
            symlink(format!("releases/{first}"), host.path("live")).expect("a link");
        }
        if what == "missing" {
            assert_ne!(site.deploy(), first);
            continue;
        }
        site.relm("deploy").ends(3).says(&["web1", "current"]);
        let link = fs::read_link(host.path("current")).ok();
        assert_eq!(link.map(|link| link.display().to_string()), (what != "directory").then(|| what.to_owned()));
        assert!(what != "directory" || fs::read_dir(host.path("current")).expect("a directory").next().is_none());
        assert_eq!(host.releases(), [first], "{what}: something was built");
    }
    // All of it behind a link of the administrator's is as good as without one.
    let site = Site::new("web1", "");
    fs::create_dir_all(site.path("disk/www")).expect("a directory");
    fs::create_dir_all(site.path("hosts/web1")).expect("a directory");
    symlink(site.path("disk/www"), site.path("hosts/web1/www")).expect("a link");
    let first = site.deploy();
    site.deploy();
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), first);
}
