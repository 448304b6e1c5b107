//! What belongs to one release, or to one application, and reached into another.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::site::{Site, kill};

/// Every path below a directory, with what tells a change of it.
fn everything_below(directory: &Path) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    let mut found = BTreeMap::new();
    let mut left = vec![directory.to_owned()];
    while let Some(path) = left.pop() {
        let about = fs::symlink_metadata(&path).expect("an entry");
        if about.is_dir() {
            left.extend(fs::read_dir(&path).expect("a directory").map(|entry| entry.expect("an entry").path()));
        }
        found.insert(path, (about.ino(), about.ctime(), about.ctime_nsec()));
    }
    found
}

/// *The jar behind a running program.* It lay in the other application's release: a deploy of that flipped it away and
/// cleaned it, and 60 GB of it were copied from release to release (commcare-cloud PR #3188, PR #3212).
#[test]
fn a_deploy_of_one_component_touches_nothing_of_another_on_the_same_hosts() {
    let components = "[components.formplayer]\nsource = { dir = \"formplayer\" }\n\
                      [components.touchforms]\nsource = { dir = \"code\" }\nrelease = { keep = 1 }\n";
    let site = Site::new("web1", &format!("[release]\nkeep = 1\n{components}"));
    site.write("formplayer/formplayer.jar", "jar\n");
    site.relm("deploy test formplayer").ends(0);
    let home = site.host("web1").path("components/formplayer");
    let jar = home.join("current").canonicalize().expect("a release");
    let mut program = Command::new("tail");
    let mut program = program
        .args(["-f", "formplayer.jar"])
        .current_dir(&jar)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("a program");
    let before = everything_below(&home);
    // The main application, and a component beside it.
    for of in ["test", "test touchforms"] {
        let base = site.host("web1").path(if of == "test" { "" } else { "components/touchforms" });
        let live = || fs::read_link(base.join("current")).expect("a link");
        site.relm(&format!("deploy {of}")).ends(0);
        let first = live();
        site.relm(&format!("deploy {of}")).ends(0);
        site.relm(&format!("rollback {of}")).ends(0);
        assert_eq!(live(), first);
        site.relm(&format!("deploy {of}")).ends(0);
        site.relm(&format!("clean-releases {of} --keep 1")).ends(0);
    }
    // The lock of its own deploy may still have been on its way out.
    let is_its = |path: &PathBuf| !path.ends_with(".relm") && !path.to_string_lossy().contains("/.relm/lock");
    let after = everything_below(&home);
    let changed: Vec<_> = before
        .keys()
        .chain(after.keys())
        .filter(|path| is_its(path) && before.get(*path) != after.get(*path))
        .collect();
    assert!(changed.is_empty(), "of the other component: {changed:?}");
    let pid = program.id().to_string();
    let stands = fs::read_link(format!("/proc/{pid}/cwd")).expect("a process");
    kill(&pid, "TERM");
    program.wait().expect("an end");
    assert_eq!((stands, fs::read(jar.join("formplayer.jar")).expect("it")), (jar.clone(), b"jar\n".to_vec()));
}

/// *What the release before had installed was still there.* Virtualenvs were cloned, and a package that nobody asked for any
/// more broke the deploy; scripts ran the old release's python (commcare-cloud PR #4267, PR #3424).
#[test]
fn a_virtualenv_has_what_its_release_asks_for_and_no_path_of_another() {
    let site = crate::python::site("installer = \"uv\"\nroles = [\"web\"]");
    crate::python::offer_uv(&site);
    let say = |command: &str| crate::python::say(&site, command);
    let nothing_of = |older: &str| {
        assert_eq!(say(&format!("grep -rlF {older} python_env | head -n 3; true")), "", "paths of {older}");
    };
    let first = site.relm("deploy").ends(0);
    assert!(first.stderr.contains('✔'), "{}", first.stderr);
    let first = site.host("web1").current().expect("a release");
    // The same requirements: a likeness of the first one, with paths of its own.
    site.relm("deploy -v").ends(0).says(&[&format!("reused the virtualenv of {first}")]);
    nothing_of(&first);
    assert_eq!(say("python_env/bin/shoplib-say"), "1.0\n");
    let second = site.host("web1").current().expect("a release");
    site.write("code/requirements.txt", "shopdep==2.0\n");
    site.relm("deploy").ends(0);
    nothing_of(&second);
    assert_eq!(say("python_env/bin/shopdep-say"), "2.0\n");
    assert_eq!(say("python_env/bin/python -c 'import shoplib' 2>/dev/null || echo absent"), "absent\n");
}
