//! What has changed since a deploy was begun: the file, the source, the hosts, what stands on them.

use std::fs;

use super::{did, failed_in_b, from_git, git, mend, newest};
use crate::site::{LOG, Site, logged, operation};

#[test]
fn what_changed_in_the_file_is_shown_and_run() {
    let plain = |name: &str, run: &str| operation(name, "prepare", "", &format!("{}; {run}", LOG.replace("OP", name)));
    let site = Site::new("web1", &(plain("a", "true") + &plain("b", "true") + &plain("c", "exit 1")));
    site.relm("deploy").ends(1);
    did(&site);
    site.configure(&(plain("a", "true") + &plain("c", "true") + &plain("d", "true")));
    let shown = site.relm("deploy --resume --dry-run").ends(0);
    let now = format!("c: its command has changed and is now `{}; true`", LOG.replace("OP", "c"));
    for words in [now.as_str(), "d: is new", "b: is not in Releases.toml any more"] {
        assert!(shown.stdout.contains(words), "{words}:\n{}", shown.stdout);
    }
    site.relm("deploy --resume").ends(0).says(&["c: its command has changed", "d: is new"]);
    assert_eq!(did(&site), ["web1 c", "web1 d"]);
}

#[test]
fn a_done_step_whose_command_changed_is_run_again() {
    let (site, _) = failed_in_b();
    let changed = operation("a", "prepare", "", &format!("true; {}", LOG.replace("OP", "a")));
    site.configure(&(changed + &logged("b", "prepare", "")));
    site.relm("deploy --resume").ends(0).says(&["a: its command has changed", "it is run again"]);
    assert_eq!(did(&site), ["web1 a", "web1 b"]);
}

/// What was built on its result may not be what it should be any more.
#[test]
fn what_stands_behind_a_changed_step_is_run_again_too() {
    let inputs = logged("same", "prepare", "inputs = [\"app.txt\"]");
    let rest = logged("b", "prepare", "") + &logged("c", "prepare", "") + &inputs;
    let site = Site::new("web1 web2", &(logged("a", "prepare", "") + &rest + &logged("d", "prepare", "")));
    site.write("broken-d-web2", "");
    site.relm("deploy").ends(1);
    mend(&site, "d", "web2");
    did(&site);
    let changed = operation("b", "prepare", "", &format!("true; {}", LOG.replace("OP", "b")));
    let settings = logged("a", "prepare", "") + &rest.replace(&logged("b", "prepare", ""), &changed);
    site.configure(&(settings + &logged("d", "prepare", "")));
    let shown = site.relm("deploy --resume --dry-run").ends(0).stdout;
    assert!(shown.contains("c: stands behind b and may build on it; it is run again"), "{shown}");
    site.relm("deploy --resume").ends(0);
    let all = ["b", "c", "d", "same"].map(|step| ["web1", "web2"].map(|host| format!("{host} {step}")));
    let mut all = all.concat();
    all.sort();
    assert_eq!(did(&site), all, "a stands before it");
}

#[test]
fn a_touched_file_is_sent_again_with_all_that_was_built_on_it() {
    let settings = "[release]\nshared_dirs = [\"media\"]\n".to_owned()
        + &logged("build", "prepare", "")
        + &logged("health", "after_flip", "");
    let site = Site::new("web1 web2", &settings);
    site.write("code/media/logo.txt", "logo\n");
    site.write("broken-health-web2", "");
    site.relm("deploy").ends(1);
    let name = newest(&site);
    mend(&site, "health", "web2");
    did(&site);
    fs::write(site.host("web2").release(&name).join("app.txt"), "meddled\n").expect("a file");
    site.relm("deploy --resume").ends(0).says(&["web2: app.txt edited"]);
    assert_eq!(did(&site), ["web1 health", "web2 build", "web2 health"]);
    assert_eq!(site.live(), name);
    assert_eq!(site.host("web2").read("app.txt"), "one\n");
    assert_eq!(site.host("web2").read("media/logo.txt"), "logo\n");
}

#[test]
fn a_source_that_changed_is_refused_where_it_is_still_needed() {
    let site = Site::new("web1", &logged("build", "prepare", ""));
    site.write("broken-build-web1", "");
    site.relm("deploy").ends(1);
    let name = newest(&site);
    mend(&site, "build", "web1");
    site.write("code/app.txt", "two\n");
    fs::write(site.host("web1").release(&name).join("app.txt"), "meddled\n").expect("a file");
    let done = site.relm("deploy --resume --json").ends(3).says(&["the source has changed", "dir code"]);
    assert_eq!(done.ending()["ending"], "nothing_changed");
    assert_eq!(site.host("web1").state(&name), "failed");
    site.write("code/app.txt", "one\n");
    site.relm("deploy --resume").ends(0);
    assert_eq!(site.host("web1").read("app.txt"), "one\n");
}

#[test]
fn a_branch_that_moved_is_fetched_by_its_commit() {
    let site = Site::new("web1 web2", &logged("build", "prepare", ""));
    from_git(&site);
    site.shadow("tar", "[ ! -e \"$SITE/cut\" ] || exit 1\nexec \"$REAL\" \"$@\"");
    site.write("cut", "");
    site.relm("deploy").ends(1);
    fs::remove_file(site.path("cut")).expect("a file");
    site.write("code/app.txt", "two\n");
    git(&site, &["commit", "-q", "-am", "two"]);
    site.relm("deploy --resume").ends(0);
    assert_eq!(site.host("web2").read("app.txt"), "one\n");
}

#[test]
fn a_live_release_that_was_touched_is_told_and_stays() {
    let site = Site::new("web1", &logged("announce", "finish", ""));
    site.write("broken-announce-web1", "");
    site.relm("deploy").ends(4);
    mend(&site, "announce", "web1");
    let name = site.live();
    fs::write(site.host("web1").release(&name).join("app.txt"), "meddled\n").expect("a file");
    site.relm("deploy --resume").ends(0).says(&["web1: app.txt edited", "stays as it is"]);
    assert_eq!(site.host("web1").read("app.txt"), "meddled\n");
}

#[test]
fn a_host_added_since_catches_up_and_one_removed_is_told() {
    let site = Site::new("web1 web2", &(logged("build", "prepare", "") + &logged("health", "after_flip", "")));
    site.write("broken-health-web2", "");
    site.relm("deploy").ends(1);
    let name = newest(&site);
    mend(&site, "health", "web2");
    did(&site);
    let file = site.read("Releases.toml");
    let file = file.replace("web1 = { address = \"local:hosts/web1\"", "web3 = { address = \"local:hosts/web3\"");
    site.write("Releases.toml", file);
    site.relm("deploy --resume").ends(0).says(&["web3 has nothing of this deploy yet", "web1 was part"]);
    assert_eq!(did(&site), ["web2 health", "web3 build", "web3 health"]);
    assert_eq!(site.host("web3").current(), Some(name.clone()));
    assert_eq!(site.host("web3").record(&name), site.host("web2").record(&name));
    assert_eq!(site.host("web1").current(), None);
}
