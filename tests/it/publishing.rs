//! Paths of the release published at places outside of it.

use std::fs;
use std::os::unix::fs::symlink;

use crate::resume::{WAITS, killed};
use crate::site::{Site, operation};

fn site(mode: &str, settings: &str) -> Site {
    let table = format!("[[publish]]\nfrom = \"share/docroot\"\nto = \"~/docroot\"\nmode = \"{mode}\"\n{settings}");
    let last = operation("last", "after_flip", "", "[ ! -e \"$SITE/broken\" ]");
    let site = Site::new("web1", &format!("{table}{last}"));
    site.write("code/share/docroot/css/one.css", "one\n");
    site.write("code/share/docroot/index.html", "first\n");
    site
}

/// Each file below the place with what it says.
fn docroot(site: &Site) -> Vec<String> {
    let root = site.path("hosts/web1/docroot");
    let found = std::process::Command::new("sh")
        .args(["-c", "find -L . -type f | sort | while read -r file; do echo \"$file $(cat \"$file\")\"; done"])
        .current_dir(root)
        .output()
        .expect("sh");
    String::from_utf8(found.stdout).expect("text").lines().map(str::to_owned).collect()
}

/// The second release: one file new, one gone, one other.
fn second(site: &Site) {
    fs::remove_file(site.path("code/share/docroot/css/one.css")).expect("a file");
    site.write("code/share/docroot/js/two.js", "two\n");
    site.write("code/share/docroot/index.html", "second\n");
}

#[test]
fn a_place_that_was_taken_out_of_the_file_is_told() {
    let site = site("link", "");
    site.deploy();
    let told = "docroot was published and is not in Releases.toml any more";
    assert!(!site.relm("check").ends(0).stdout.contains(told));
    site.configure("");
    site.relm("deploy").ends(0).says(&[told, "Put its [[publish]] back, or remove it"]);
    let check = site.relm("check").ends(0).stdout;
    assert!(check.contains(&format!("web1: note: {}", site.path("hosts/web1/docroot").display())), "{check}");
    fs::remove_file(site.path("hosts/web1/docroot")).expect("a link");
    assert!(!site.relm("check").ends(0).stdout.contains(told));
}

#[test]
fn a_mirror_takes_away_what_it_brought_and_nothing_else() {
    let site = site("mirror", "exclude = [\"tmp\"]\n");
    site.write("code/share/docroot/tmp/x", "not published\n");
    site.write("hosts/web1/docroot/uploads/theirs", "theirs\n");
    site.write("hosts/web1/docroot/index.html", "of before\n");
    let before = docroot(&site);
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(docroot(&site), before, "the first deploy failed");
    fs::remove_file(site.path("broken")).expect("a file");
    site.deploy();
    let first = ["./css/one.css one", "./index.html first", "./uploads/theirs theirs"];
    assert_eq!(docroot(&site), first);
    second(&site);
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(docroot(&site), first, "put back");
    fs::remove_file(site.path("broken")).expect("a file");
    site.relm("deploy --resume").ends(0);
    assert_eq!(docroot(&site), ["./index.html second", "./js/two.js two", "./uploads/theirs theirs"]);
    assert!(!site.path("hosts/web1/docroot/css").exists(), "an empty directory is left");
    site.relm("rollback").ends(0);
    assert_eq!(docroot(&site), first);
    // What somebody changed there is not relm's to take away; what it brought stands again with the next release.
    site.write("hosts/web1/docroot/css/one.css", "edited\n");
    site.relm("deploy --verbose").ends(0).says(&["docroot/css/one.css was edited and is left where it is"]);
    let all = ["./css/one.css edited", "./index.html second", "./js/two.js two", "./uploads/theirs theirs"];
    assert_eq!(docroot(&site), all);
    fs::remove_file(site.path("code/share/docroot/index.html")).expect("a file");
    site.deploy();
    assert_eq!(docroot(&site)[1], "./index.html of before", "what stood there first");
}

#[test]
fn a_link_leads_to_the_live_release_and_back() {
    let site = site("link", "");
    site.write("hosts/web1/docroot/index.html", "theirs\n");
    let refused = site.relm("deploy").ends(1);
    refused.says(&["check_publish", "docroot is not relm's: move it away", "nothing is live yet"]);
    fs::remove_dir_all(site.path("hosts/web1/docroot")).expect("a directory");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert!(fs::symlink_metadata(site.path("hosts/web1/docroot")).is_err(), "the first deploy failed");
    fs::remove_file(site.path("broken")).expect("a file");
    site.deploy();
    assert_eq!(docroot(&site), ["./css/one.css one", "./index.html first"]);
    second(&site);
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(docroot(&site), ["./css/one.css one", "./index.html first"]);
    fs::remove_file(site.path("broken")).expect("a file");
    let live = site.deploy();
    let link = fs::read_link(site.path("hosts/web1/docroot")).expect("a link");
    assert_eq!(link, site.host("web1").release(&live).join("share/docroot"));
    site.relm("rollback").ends(0);
    assert_eq!(docroot(&site), ["./css/one.css one", "./index.html first"]);
}

#[test]
fn an_overlay_takes_nothing_away() {
    let site = site("overlay", "");
    site.write("hosts/web1/docroot/index.html", "of before\n");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(docroot(&site), ["./index.html of before"]);
    fs::remove_file(site.path("broken")).expect("a file");
    site.deploy();
    second(&site);
    site.deploy();
    let both = ["./css/one.css one", "./index.html second", "./js/two.js two"];
    assert_eq!(docroot(&site), both);
    site.write("code/share/docroot/three", "three\n");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(docroot(&site), both, "what only the failed release had");
    fs::remove_file(site.path("broken")).expect("a file");
    site.relm("rollback").ends(0);
    assert_eq!(docroot(&site), ["./css/one.css one", "./index.html first", "./js/two.js two"]);
}

#[test]
fn nothing_is_published_through_links_or_without_the_path() {
    let site = site("mirror", "");
    fs::remove_dir_all(site.path("code/share/docroot")).expect("a directory");
    site.relm("deploy").ends(1).says(&["check_publish", "the release has no share/docroot"]);
    symlink("/etc", site.path("code/share/docroot")).expect("a link");
    site.relm("deploy")
        .ends(1)
        .says(&["check_publish", "is a link of the release, and relm publishes nothing behind it"]);
    fs::remove_file(site.path("code/share/docroot")).expect("a link");
    site.write("code/share/docroot/css/one.css", "one\n");
    fs::create_dir_all(site.path("hosts/web1/docroot")).expect("a directory");
    symlink(site.path("home"), site.path("hosts/web1/docroot/css")).expect("a link");
    let refused = site.relm("deploy").ends(1);
    refused.says(&["docroot/css is a link, and relm publishes nothing behind it", "nothing is live yet"]);
    assert!(!site.path("home/one.css").exists());
}

#[test]
fn a_first_deploy_that_was_killed_is_taken_back_when_its_resume_fails() {
    let slow = operation("slow", "after_flip", "", WAITS);
    let site = site("mirror", &slow);
    site.write("Releases.toml", format!("{}[lock]\ngrace = \"1s\"\n", site.read("Releases.toml")));
    killed(&site, "web1");
    assert_eq!(docroot(&site).len(), 2);
    site.write("broken", "");
    site.relm("deploy --resume").ends(1);
    assert_eq!(docroot(&site), [""; 0]);
}

#[test]
fn a_link_that_becomes_a_mirror_leaves_the_release_it_led_to_alone() {
    let site = site("link", "");
    let first = site.deploy();
    second(&site);
    let file = site.read("Releases.toml").replace("\"link\"", "\"mirror\"");
    site.write("Releases.toml", &file);
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(docroot(&site), ["./css/one.css one", "./index.html first"]);
    fs::remove_file(site.path("broken")).expect("a file");
    site.deploy();
    assert_eq!(docroot(&site), ["./index.html second", "./js/two.js two"]);
    let tree = site.host("web1").release(&first).join("share/docroot");
    assert_eq!(fs::read_to_string(tree.join("index.html")).expect("a file"), "first\n");
    assert!(!tree.join("js").exists());
    // Nor does a link that somebody else made lead there.
    symlink(site.host("web1").path("current/share"), site.path("hosts/web1/theirs")).expect("a link");
    site.write("Releases.toml", file.replace("~/docroot", "~/theirs/docroot"));
    site.relm("deploy").ends(1).says(&["check_publish", "theirs/docroot is inside of what relm keeps itself"]);
}

#[test]
fn what_stood_there_is_kept_each_time_anew() {
    let site = site("mirror", "");
    site.write("home/theirs", "of somebody\n");
    fs::create_dir_all(site.path("hosts/web1/docroot")).expect("a directory");
    let index = site.path("hosts/web1/docroot/index.html");
    symlink(site.path("home/theirs"), &index).expect("a link");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    fs::remove_file(&index).expect("a link");
    fs::write(&index, "of before\n").expect("a file");
    site.relm("deploy").ends(1);
    assert_eq!(docroot(&site), ["./index.html of before"]);
    assert_eq!(site.read("home/theirs"), "of somebody\n", "written through the copy of the link");
    fs::remove_file(&index).expect("a file");
    site.relm("deploy").ends(1);
    assert_eq!(docroot(&site), [""; 0], "a copy of long ago");
}

#[test]
fn what_somebody_edited_and_a_release_overwrites_is_kept() {
    let site = site("mirror", "");
    site.deploy();
    site.write("hosts/web1/docroot/index.html", "by hand\n");
    second(&site);
    site.write("broken", "");
    site.relm("deploy --verbose").ends(1).says(&["docroot/index.html was edited by hand; what it said is in"]);
    assert_eq!(docroot(&site), ["./css/one.css one", "./index.html by hand"]);
    fs::remove_file(site.path("broken")).expect("a file");
    let live = site.deploy();
    assert_eq!(docroot(&site), ["./index.html second", "./js/two.js two"]);
    let kept = site.host("web1").path(".relm/publish");
    let found = std::process::Command::new("grep").args(["-rl", "by hand"]).arg(kept).output().expect("grep");
    let found = String::from_utf8(found.stdout).expect("text");
    assert!(found.contains(&format!("/edited/{live}/index.html")), "{found}");
}

#[test]
fn a_file_can_become_a_directory_in_a_mirror_and_the_reverse() {
    let site = site("mirror", "");
    site.deploy();
    fs::remove_dir_all(site.path("code/share/docroot/css")).expect("a directory");
    fs::remove_file(site.path("code/share/docroot/index.html")).expect("a file");
    site.write("code/share/docroot/css", "a file\n");
    site.write("code/share/docroot/index.html/en", "a directory\n");
    site.deploy();
    assert_eq!(docroot(&site), ["./css a file", "./index.html/en a directory"]);
    site.relm("rollback").ends(0);
    assert_eq!(docroot(&site), ["./css/one.css one", "./index.html first"]);
}

#[test]
fn an_overlay_that_fails_leaves_what_it_wrote_over() {
    let site = site("overlay", "");
    site.deploy();
    fs::remove_file(site.path("code/share/docroot/css/one.css")).expect("a file");
    site.deploy();
    site.write("code/share/docroot/css/one.css", "another\n");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(docroot(&site), ["./css/one.css one", "./index.html first"]);
}

#[test]
fn an_older_release_is_published_as_it_was_then() {
    let site = site("mirror", "exclude = [\"tmp\"]\n");
    site.write("code/share/docroot/tmp/x", "not published\n");
    site.deploy();
    let first = ["./css/one.css one", "./index.html first"];
    fs::rename(site.path("code/share/docroot"), site.path("code/public")).expect("a directory");
    site.write("code/public/index.html", "second\n");
    let file = site.read("Releases.toml").replace("share/docroot", "public").replace("exclude = [\"tmp\"]\n", "");
    site.write("Releases.toml", file);
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(docroot(&site), first, "put back");
    fs::remove_file(site.path("broken")).expect("a file");
    site.deploy();
    assert_eq!(docroot(&site), ["./css/one.css one", "./index.html second", "./tmp/x not published"]);
    site.relm("rollback").ends(0);
    assert_eq!(docroot(&site), first);
}

#[test]
fn a_rollback_to_before_the_table_leaves_what_is_public() {
    for mode in ["mirror", "link"] {
        let site = Site::new("web1", "");
        let before = site.deploy();
        let table = format!("[[publish]]\nfrom = \"public\"\nto = \"~/docroot\"\nmode = \"{mode}\"\n");
        site.configure(&table);
        site.write("code/public/index.html", "public\n");
        site.deploy();
        let done = site.relm("rollback").ends(0);
        done.says(&["docroot stays as it is", &format!("{before} has no public")]);
        assert_eq!(docroot(&site), ["./index.html public"], "{mode}");
    }
}

#[test]
fn a_release_that_a_link_leads_to_stays_when_the_table_is_gone() {
    let site = site("link", "[release]\nkeep = 1\n");
    let published = site.deploy();
    site.configure("[release]\nkeep = 1\n");
    site.deploy();
    site.relm("deploy").ends(0).says(&[&format!("{published} stays"), "docroot leads to it"]);
    assert_eq!(docroot(&site), ["./css/one.css one", "./index.html first"]);
    fs::remove_file(site.path("hosts/web1/docroot")).expect("a link");
    site.relm("clean-releases").ends(0);
    assert!(!site.host("web1").release(&published).exists());
}

#[test]
fn nothing_is_published_into_what_relm_keeps() {
    let site = Site::new("web1", "[[publish]]\nfrom = \"public\"\nto = \"~/www\"\nmode = \"overlay\"\n");
    site.write("code/public/elsewhere", "fine\n");
    let live = site.deploy();
    assert_eq!(site.read("hosts/web1/www/elsewhere"), "fine\n");
    site.write("code/public/test/.relm/history.jsonl", "forged\n");
    let refused = site.relm("deploy").ends(1);
    refused.says(&["check_publish", "public would be written into what relm keeps itself"]);
    assert_eq!(site.live(), live);
}
