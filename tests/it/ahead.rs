//! What is live is copied while relm is told of it, and only what is wanted of that copy becomes a release.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use crate::shells::listing;
use crate::site::{OnHost, Site, operation};

/// One host whose `cp` writes down where it copies to.
fn site(settings: &str) -> Site {
    let site = Site::new("web1", settings);
    site.shadow("cp", "echo \"$*\" >>\"$SITE/copies\"\nexec \"$REAL\" \"$@\"");
    site.write("code/same", "as it was");
    site.write("code/changed", "old");
    site.write("code/gone", "old");
    site.write("code/old dir/in/it", "old");
    site.write("code/f to d", "old");
    site.write("code/d to f/in", "old");
    site.write("code/l to f/in", "old");
    site.write("code/back\\slash", "as it was");
    fs::create_dir_all(site.path("code/empty")).expect("a directory");
    symlink("same", site.path("code/link")).expect("a link");
    site
}

fn change(site: &Site) {
    let gone = |path: &str| fs::remove_dir_all(site.path(path)).expect("a directory");
    site.write("code/changed", "new");
    site.write("code/new dir/deep/new", "new");
    fs::remove_file(site.path("code/gone")).expect("a file");
    gone("code/old dir");
    gone("code/empty");
    fs::remove_file(site.path("code/f to d")).expect("a file");
    site.write("code/f to d/in", "new");
    gone("code/d to f");
    site.write("code/d to f", "new");
    gone("code/l to f");
    symlink("changed", site.path("code/l to f")).expect("a link");
    fs::remove_file(site.path("code/link")).expect("a link");
    site.write("code/link", "a file now");
}

/// Where `cp` copied to since the last time: beside the releases, into one of them.
fn copies(site: &Site) -> (bool, bool) {
    let told = fs::read_to_string(site.path("copies")).unwrap_or_default();
    fs::write(site.path("copies"), "").expect("a file");
    let to = |place: &str| told.lines().any(|line| line.contains("--parents") && line.contains(place));
    (to("/releases/.ahead-"), to("/releases/2"))
}

/// A deploy upon what is live: what goes wrong with that costs an upload of everything, and comes out right all the same.
fn deployed_upon(site: &Site) -> String {
    let done = site.relm("deploy --json").ends(0);
    assert!(!done.stdout.contains("sending everything"), "{}", done.stdout);
    site.live()
}

fn hidden(host: &OnHost) -> Vec<String> {
    let entries = fs::read_dir(host.path("releases")).expect("releases").map(|entry| entry.expect("an entry"));
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with('.')).collect()
}

fn has_one_name_each(root: &Path) -> bool {
    listing(root).iter().all(|(path, _)| {
        let entry = root.join(path).symlink_metadata().expect("metadata");
        entry.is_dir() || entry.nlink() == 1
    })
}

#[test]
fn every_kind_of_change_comes_out_right() {
    let site = site("");
    let (first, host) = (site.deploy(), site.host("web1"));
    let was = listing(&host.release(&first));
    copies(&site);
    let second = deployed_upon(&site);
    assert_eq!(copies(&site), (true, false), "nothing changed");
    assert_eq!(listing(&host.release(&second)), listing(&site.path("code")));
    change(&site);
    let third = deployed_upon(&site);
    assert_eq!(copies(&site), (true, false), "much changed");
    assert_eq!(listing(&host.release(&third)), listing(&site.path("code")));
    assert!(has_one_name_each(&host.release(&third)));
    assert_eq!(listing(&host.release(&first)), was, "what it came from is as it was");
    assert_eq!(hidden(&host), [""; 0]);
    site.relm(&format!("verify test --release {third}")).ends(0);
}

#[test]
fn what_is_in_the_live_release_besides_its_code_is_not_copied() {
    let site = site(&operation("make", "prepare", "", "mkdir -p made && echo made >made/file && echo x >>same.pyc"));
    site.deploy();
    site.configure("");
    let second = deployed_upon(&site);
    assert_eq!(listing(&site.host("web1").release(&second)), listing(&site.path("code")));
}

#[test]
fn what_was_done_to_the_live_release_does_not_slip_in() {
    let site = site("");
    let (first, host) = (site.deploy(), site.host("web1"));
    fs::write(host.release(&first).join("same"), "as it isn't").expect("a file");
    let done = site.relm("deploy --json").ends(0);
    assert!(done.stdout.contains("has been changed by hand: 1 file; sending everything"), "{}", done.stdout);
    assert_eq!(listing(&host.release(&site.live())), listing(&site.path("code")));
    assert_eq!(hidden(&host), [""; 0]);
}

#[test]
fn a_copy_that_fails_is_made_once_more() {
    let site = site("");
    site.deploy();
    site.shadow(
        "cp",
        "case \"$*\" in *.ahead-*) exit 1 ;; esac\necho \"$*\" >>\"$SITE/copies\"\nexec \"$REAL\" \"$@\"",
    );
    change(&site);
    let second = deployed_upon(&site);
    assert_eq!(copies(&site), (false, true));
    assert_eq!(listing(&site.host("web1").release(&second)), listing(&site.path("code")));
    assert_eq!(hidden(&site.host("web1")), [""; 0]);
}

/// Without looking again and again, which many hosts on one machine would feel; where that cannot be had, by doing so.
#[test]
fn a_slow_copy_is_waited_for() {
    let site = site("");
    site.deploy();
    site.shadow(
        "cp",
        "case \"$*\" in *--parents*) \"$SITE/slow\" 2 ;; esac\necho \"$*\" >>\"$SITE/copies\"\nexec \"$REAL\" \"$@\"",
    );
    symlink("/bin/sleep", site.path("slow")).expect("a link");
    site.shadow("sleep", "echo \"$*\" >>\"$SITE/slept\"\nexec \"$REAL\" \"$@\"");
    for without in [false, true] {
        if without {
            site.shadow("mkfifo", "exit 1");
        }
        copies(&site);
        deployed_upon(&site);
        assert_eq!(copies(&site), (true, false));
        let slept = fs::read_to_string(site.path("slept")).unwrap_or_default();
        assert_eq!(slept.contains("0.02"), without, "{slept}");
    }
}

/// Whoever copies dies, and leaves what it had begun.
#[test]
fn a_copy_that_is_killed_is_not_waited_for() {
    let site = site("");
    let first = site.deploy();
    let dies = "case \"$*\" in *.ahead-*) sleep 1; copier=$(cat \"$SITE\"/hosts/web1/www/test/releases/.ahead-*/copier); kill -9 ${copier% *} $PPID $$ ;; esac";
    site.shadow("cp", &format!("echo \"$*\" >>\"$SITE/copies\"\n{dies}\nexec \"$REAL\" \"$@\""));
    copies(&site);
    let second = deployed_upon(&site);
    assert_ne!(first, second);
    assert_eq!(copies(&site), (true, true));
    assert_eq!(listing(&site.host("web1").release(&second)), listing(&site.path("code")));
    assert_eq!(hidden(&site.host("web1")), [""; 0]);
}

#[test]
fn a_run_that_is_refused_leaves_nothing() {
    let site = site("");
    let (first, host) = (site.deploy(), site.host("web1"));
    site.shadow("cp", "case \"$*\" in *--parents*) sleep 1 ;; esac\nexec \"$REAL\" \"$@\"");
    site.configure("[env.test]\nconfirm = true\n");
    site.relm("deploy").ends(3);
    assert_eq!((hidden(&host), host.releases()), (Vec::new(), vec![first.clone()]));
    site.configure(&operation("no", "check", "", "exit 1"));
    site.relm("deploy").ends(1);
    assert_eq!((hidden(&host), host.releases()), (Vec::new(), vec![first]));
}

/// What copies many files is several processes, and none of them goes on when the run is over.
#[test]
fn a_run_that_is_refused_ends_what_copies() {
    let site = Site::new("web1", "");
    for n in 0..6000 {
        site.write(&format!("code/{}/{n}", n % 50), "x");
    }
    let (first, host) = (site.deploy(), site.host("web1"));
    site.configure(&operation("no", "check", "", "exit 1"));
    for _ in 0..3 {
        site.relm("deploy").ends(1);
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert_eq!((hidden(&host), host.releases()), (Vec::new(), vec![first.clone()]));
    }
}

#[test]
fn what_a_killed_run_left_goes_with_the_next() {
    let site = site("[release]\nkeep = 1\n");
    site.deploy();
    let host = site.host("web1");
    let left = host.path("releases/.ahead-left");
    for clean in ["deploy", "clean-releases"] {
        fs::create_dir_all(left.join("tree/half")).expect("a directory");
        let told = site.relm("check").ends(0);
        assert!(told.stdout.contains(".ahead-left was left by a run"), "{}", told.stdout);
        site.relm(clean).ends(0);
        assert_eq!(hidden(&host), [""; 0], "{clean}");
    }
}

/// What is read: whether in the background, and how much of it.
fn reads(site: &Site) -> Vec<(bool, usize)> {
    let told = fs::read_to_string(site.path("reads")).unwrap_or_default();
    fs::write(site.path("reads"), "").expect("a file");
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let read = told.lines().filter_map(|line| line.rsplit_once(' '));
    read.map(|(nice, files)| (number(nice) >= 5, number(files))).collect()
}

/// Where there is openssl, copies are read as soon as they are made, and only what has changed is read after that.
#[test]
fn copies_are_read_ahead() {
    let site = site("");
    // With such a name nothing is done in the quick way.
    fs::remove_file(site.path("code/back\\slash")).expect("a file");
    for (program, mode, words) in [("openssl", "dgst", 3), ("sha256sum", "-b", 1)] {
        let count = format!("echo \"$(nice) $(($# - {words}))\" >>\"$SITE/reads\"");
        site.shadow(program, &format!("case $1 in {mode}) {count} ;; esac\nexec \"$REAL\" \"$@\""));
    }
    site.deploy();
    assert_eq!(reads(&site), [(false, 8)], "nothing to copy from");
    deployed_upon(&site);
    assert_eq!(reads(&site), [(true, 8)], "nothing changed");
    change(&site);
    let third = deployed_upon(&site);
    assert_eq!(reads(&site), [(true, 8), (false, 5)], "what was sent");
    assert_eq!(listing(&site.host("web1").release(&third)), listing(&site.path("code")));
}

/// A file that is touched behind the back of what has read it is read again, whatever its size and time say; and whatever
/// else stands there otherwise than it was sent is seen, with plain names in one pass.
#[test]
fn what_is_touched_after_it_was_read_is_seen() {
    let site = site("");
    fs::remove_file(site.path("code/back\\slash")).expect("a file");
    site.deploy();
    for meddle in [
        "touch -r same \"$SITE/time\"; printf \"as it isn\" >same; touch -r \"$SITE/time\" same",
        "echo more >more",
        "rm same",
        "chmod 600 same",
        "ln same another",
        "rm link; ln -s changed link",
        "rmdir empty",
        "mkdir full",
    ] {
        let once =
            format!("case $PWD in */releases/2*) mkdir \"$SITE/meddled\" 2>/dev/null && {{ {meddle}; }} ;; esac");
        site.shadow("find", &format!("{once}\nexec \"$REAL\" \"$@\""));
        let done = site.relm("deploy --json").ends(0);
        fs::remove_dir(site.path("meddled")).expect(meddle);
        assert!(done.stdout.contains("has been changed by hand: "), "{meddle}: {}", done.stdout);
        assert_eq!(listing(&site.host("web1").release(&site.live())), listing(&site.path("code")), "{meddle}");
    }
}
