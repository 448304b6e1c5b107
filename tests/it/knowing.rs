//! What is known of a deploy afterwards: the version in the release, the tag in the repository, where the time went.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::site::{OnHost, Site, logged};

/// Runs git in a directory, with a person; returns what it prints.
pub(crate) fn git(directory: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]);
    let output = command.args(args).current_dir(directory).env("GIT_CONFIG_GLOBAL", "/dev/null").output().expect("git");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
}

/// A site whose code is a repository that was cloned from `origin.git`.
pub(crate) fn site(source: &str, more: &str) -> Site {
    let site = Site::new("web1 web2", more);
    let file = site.read("Releases.toml").replace("dir = \"code\"", source);
    site.write("Releases.toml", file);
    let (code, root) = (site.path("code"), site.path(""));
    git(&root, &["init", "-q", "--bare", "origin.git"]);
    git(&code, &["init", "-q"]);
    git(&code, &["remote", "add", "origin", "../origin.git"]);
    commit(&site, "one");
    site
}

pub(crate) fn commit(site: &Site, text: &str) -> String {
    site.write("code/app.txt", text);
    let code = site.path("code");
    git(&code, &["add", "."]);
    git(&code, &["commit", "-q", "-m", text]);
    git(&code, &["push", "-q", "origin", "HEAD:main"]);
    git(&code, &["rev-parse", "HEAD"])
}

#[test]
fn a_deploy_that_succeeded_is_tagged_and_nothing_else() {
    let source = "git = \"code\"\ntag = \"deployed-{env}-{release}\"\npush_tag = true";
    let site = site(source, &logged("restart", "after_flip", ""));
    let tags = |of: &str| git(&site.path(of), &["tag", "--list"]);
    site.write("broken-restart-web2", "");
    site.relm("deploy").ends(1);
    assert_eq!((tags("code"), tags("origin.git")), (String::new(), String::new()));
    fs::remove_file(site.path("broken-restart-web2")).expect("a file");
    let head = commit(&site, "two");
    let live = site.deploy();
    let tag = format!("deployed-test-{live}");
    assert_eq!((tags("code"), tags("origin.git")), (tag.clone(), tag.clone()));
    assert_eq!(git(&site.path("origin.git"), &["rev-parse", &format!("{tag}^{{commit}}")]), head);
    let told = git(&site.path("code"), &["tag", "--list", "--format=%(taggername) %(subject)"]);
    assert_eq!(told, format!("tester {live} on test"));
    site.relm("deploy").ends(0);
    site.relm("rollback").ends(0);
    assert_eq!(tags("code").lines().count(), 2, "a rollback deploys nothing new");
    // A repository of others is asked by its address.
    let address = format!("git = \"file://{}\"\nref = \"main\"", site.path("origin.git").display());
    let file = site.read("Releases.toml").replace("git = \"code\"", &address);
    site.write("Releases.toml", file);
    let live = site.deploy();
    assert!(tags("origin.git").contains(&format!("deployed-test-{live}")), "{}", tags("origin.git"));
    assert_eq!(tags("code").lines().count(), 2);
}

#[test]
fn whoever_is_told_of_a_deploy_hears_of_its_commits() {
    let site = site("git = \"code\"", "[[notify]]\nname = \"log\"\non = [\"start\"]\ncommand = \"cat > told\"\n");
    site.deploy();
    let new = commit(&site, "two");
    site.deploy();
    let told: serde_json::Value = serde_json::from_str(&site.read("told")).expect("JSON");
    assert_eq!(told["commits"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told["commits"][0]["id"], new);
}

#[test]
fn a_tag_that_cannot_be_set_or_pushed_is_a_note() {
    let site = site("git = \"code\"\ntag = \"v/{release}\"\npush_tag = true", "");
    fs::remove_dir_all(site.path("origin.git")).expect("a directory");
    let done = site.relm("deploy --json").ends(0);
    let note = done.json().into_iter().find_map(|event| event["message"].as_str().map(str::to_owned));
    let note = note.expect("a note");
    let wanted = format!("tag v/{}: it is set here, and could not be pushed: ", site.live());
    assert!(note.starts_with(&wanted), "{note}");
    assert_eq!(done.ending()["ending"], "succeeded");
    // A tag of the name `v` leaves no place for any below it.
    git(&site.path("code"), &["tag", "--delete", &format!("v/{}", site.live())]);
    git(&site.path("code"), &["tag", "v"]);
    site.relm("deploy").ends(0).says(&["tag v/", "cannot lock ref"]);
}

#[test]
fn a_file_for_other_programs_says_what_went_live() {
    let settings = format!("[release]\nrecord_file = \"RELEASES.txt\"\n{}", logged("health", "after_flip", ""));
    let site = Site::new("web1 web2", &settings);
    let [a, b] = [site.deploy(), site.deploy()];
    let told = |host: &OnHost| {
        let text = fs::read_to_string(host.path("RELEASES.txt")).expect("a file");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let wanted = |host: &OnHost, names: &[&String]| -> Vec<String> {
        names.iter().map(|name| host.release(name).display().to_string()).collect()
    };
    for host in site.hosts() {
        assert_eq!(told(&host), wanted(&host, &[&a, &b]));
    }
    site.write("broken-health-web2", "");
    site.relm("deploy").ends(1);
    for host in site.hosts() {
        assert_eq!(told(&host), wanted(&host, &[&a, &b]), "what was put back is taken out");
    }
    fs::remove_file(site.path("broken-health-web2")).expect("a file");
    site.relm("rollback").ends(0);
    for host in site.hosts() {
        assert_eq!(told(&host), wanted(&host, &[&a]));
    }
    // In doubt the flip counts.
    fs::remove_file(site.host("web1").path("RELEASES.txt")).expect("a file");
    fs::create_dir(site.host("web1").path("RELEASES.txt")).expect("a directory");
    site.relm("deploy").ends(0).says(&["! web1: ", "RELEASES.txt could not be written"]);
    let live = site.live();
    assert_eq!(told(&site.host("web2")), wanted(&site.host("web2"), &[&a, &live]));
}

#[test]
fn the_release_says_which_one_it_is_and_verify_knows() {
    let site = site("git = \"code\"", "[release]\nversion_file = \"static/VERSION.json\"\n");
    let head = git(&site.path("code"), &["rev-parse", "HEAD"]);
    let live = site.deploy();
    for host in site.hosts() {
        let version: Value = serde_json::from_str(&host.read("static/VERSION.json")).expect("JSON");
        let known = ["app", "env", "release", "ref", "commit"].map(|key| version[key].as_str().unwrap_or("-"));
        assert_eq!(known, ["shop", "test", &live, "main", &head]);
        assert_eq!(version["tree"], host.record(&live)["tree"]);
    }
    site.relm("verify").ends(0);
    fs::write(site.host("web1").release(&live).join("static/VERSION.json"), "{}").expect("a file");
    let verify = site.relm("verify").ends(1);
    assert!(
        verify.stdout.contains("static/VERSION.json") && verify.stdout.contains("write_version"),
        "{}",
        verify.stdout
    );
    // The code leads nothing of ours out of the release.
    fs::create_dir(site.path("outside")).expect("a directory");
    symlink(site.path("outside"), site.path("code/static")).expect("a link");
    commit(&site, "a link");
    site.relm("deploy").ends(1).says(&["static is a link in this release"]);
    assert_eq!(fs::read_dir(site.path("outside")).expect("a directory").count(), 0);
}

#[test]
fn verbose_tells_where_the_time_went_the_slowest_first() {
    let slow = |name: &str, seconds: &str| {
        let more = format!("[ $RELM_HOST = web1 ] || sleep {seconds}; sleep {seconds}");
        crate::site::operation(name, "prepare", "", &more)
    };
    let site = Site::new("web1 web2", &format!("{}{}", slow("fast", "0.1"), slow("slow", "0.6")));
    let said = site.relm("deploy -v").ends(0).stderr;
    let (_, took) = said.split_once("\n  took   ").unwrap_or_else(|| panic!("{said}"));
    let lines: Vec<Vec<&str>> = took.lines().map(|line| line.split_whitespace().collect()).collect();
    let of =
        |step: &str| lines.iter().position(|words| words.first() == Some(&step)).unwrap_or_else(|| panic!("{said}"));
    assert!(of("slow") < of("fast"), "{said}");
    assert_eq!((lines[of("slow")][1], lines[of("slow")][4]), ("web2", "web1"), "the slowest host first: {said}");
    assert!(!site.relm("deploy").ends(0).stderr.contains("  took "), "only who asks is told");
}

/// The same code for two environments.
pub(crate) fn two_environments(more: &str) -> Site {
    let site = site("git = \"code\"\nref = \"main\"", more);
    let file = site.read("Releases.toml");
    let stage = "\n[env.stage.hosts]\ns1 = { address = \"local:hosts/s1\", roles = [\"web\"] }\n";
    site.write("Releases.toml", file + stage);
    site
}

#[test]
fn what_is_live_in_one_environment_is_promoted_to_the_other_and_nothing_else() {
    let site = two_environments(&logged("restart", "after_flip", ""));
    site.relm("promote stage test").ends(3).says(&["no release is live on every host of stage"]);
    site.relm("deploy stage").ends(0);
    let there = crate::site::OnHost { base: site.path("hosts/s1/www/stage") };
    let first = there.current().expect("something is live");
    let commit = there.record(&first)["commit"].clone();
    // What came to the branch since is not what was tried.
    self::commit(&site, "two");
    site.relm("promote stage test --dry-run").ends(0);
    assert_eq!(site.host("web1").current(), None);
    site.relm("promote stage test").ends(0);
    let live = site.live();
    let record = site.host("web2").record(&live);
    assert_eq!((&record["commit"], &record["tree"]), (&commit, &there.record(&first)["tree"]));
    assert_eq!((&record["ref"], &record["source"]), (&"main".into(), &"main of code".into()));
    assert_eq!(record["message"], format!("{first} of stage"));
    assert_eq!(site.host("web1").read("app.txt"), "one");

    // Only what was live there: a private release was not, and what was rolled back from is no good.
    let file = site.read("Releases.toml");
    site.write("Releases.toml", format!("{file}\n[env.test.guards]\nref = \"confirm\"\n"));
    site.relm("promote stage test").ends(0);
    site.write(
        "Releases.toml",
        format!("{file}\n[env.test.guards]\nref = \"confirm\"\n[env.test.source]\nref = \"live\"\n"),
    );
    site.relm("promote stage test").ends(3).says(&["main is not live, which test is deployed from"]);
    site.write("Releases.toml", file);
    let live = site.live();
    let private = site.relm("setup-release stage").ends(0).stdout;
    let private = private.trim().rsplit('/').next().expect("a path").to_owned();
    site.relm(&format!("promote stage test --release {private}")).ends(3).says(&["was never live on s1 of stage"]);
    site.relm("deploy stage").ends(0);
    let second = there.current().expect("something is live");
    site.relm("rollback stage").ends(0);
    site.relm(&format!("promote stage test --release {second}")).ends(3).says(&["was rolled back from"]);
    assert_eq!(site.live(), live);
    site.relm("promote stage stage").ends(2).says(&["cannot be promoted to itself"]);
}

#[test]
fn an_environment_takes_only_code_that_has_been_live_where_it_comes_from() {
    let site = two_environments("");
    let file = site.read("Releases.toml");
    let only = |from: &str| site.write("Releases.toml", format!("{file}[env.test]\npromote_from = \"{from}\"\n"));
    only("test");
    site.relm("status test").ends(2).says(&["test cannot be promoted to itself"]);
    only("stag");
    site.relm("status test").ends(2).says(&["no environment \"stag\" to promote from", "did you mean `stage`?"]);
    only("stage");
    let refused = |line: &str, why: &str| {
        let remedy = "relm promote stage test";
        let done = site.relm(line).ends(3);
        done.says(&["test takes only code that has been live in stage: ", why, "--consent promote_from=", remedy]);
    };
    refused("deploy test", "no release of stage has this code");
    site.relm("deploy test --dry-run")
        .ends(0)
        .shows(&["would be refused: test takes only code", "--consent promote_from"]);
    // A private release has not been live, nor is one elsewhere allowed in by it.
    site.relm("setup-release stage").ends(0);
    refused("deploy test", "was never live on s1 of stage");
    let private = site.relm("setup-release test").ends(0).stdout;
    let private = private.trim().rsplit('/').next().expect("a path").to_owned();
    refused(&format!("deploy test --release {private}"), "was never live on s1 of stage");
    assert_eq!(site.host("web1").current(), None);
    site.relm("deploy stage").ends(0);
    site.relm("deploy test").ends(0);
    let first = site.live();
    site.relm("promote stage test").ends(0);
    // What was rolled back from there has failed there.
    commit(&site, "two");
    site.relm("deploy stage").ends(0);
    site.relm("rollback stage").ends(0);
    refused("deploy test", "was rolled back from on s1 of stage");
    // What has been live here goes live again whatever has become of it there; what is unknown there does not count.
    for record in fs::read_dir(site.path("hosts/s1/www/stage/.relm/releases")).expect("records") {
        fs::write(record.expect("a record").path().join("release.json"), "torn").expect("a file");
    }
    refused("deploy test", "what was live on s1 of stage cannot be told");
    fs::remove_dir_all(site.path("hosts/s1")).expect("a host");
    fs::write(site.path("hosts/s1"), "").expect("a file");
    refused("deploy test", "s1 of stage cannot say what is live");
    site.relm(&format!("deploy test --release {first}")).ends(0);
    assert_eq!(site.live(), first);
    site.relm_with(["deploy", "test", "--consent", "promote_from=Ann: the shop is down"]).ends(0);
    let history = site.relm("history test --json").ends(0).report();
    assert_eq!(history["entries"][0]["consents"][0]["name"], "promote_from");
    assert_eq!(site.host("web1").read("app.txt"), "two");
}

#[test]
fn another_tree_of_the_same_commit_is_refused() {
    let site = two_environments("");
    let file = site.read("Releases.toml");
    site.write("code/extra.txt", "extra");
    commit(&site, "extra");
    site.relm("deploy stage").ends(0);
    site.write("Releases.toml", file + "[env.test.source]\nexclude = [\"extra.txt\"]\n");
    site.relm("promote stage test").ends(3).says(&["is not what would be deployed: it has the tree"]);
    assert_eq!(site.host("web1").current(), None);
}

#[test]
fn a_deploy_that_has_not_come_to_its_end_is_not_promoted() {
    let site = two_environments(&logged("announce", "finish", ""));
    site.write("broken-announce-s1", "");
    site.relm("deploy stage").ends(4);
    site.relm("promote stage test").ends(3).says(&["has not come to its end on s1", "relm deploy stage --resume"]);
    fs::remove_file(site.path("broken-announce-s1")).expect("a file");
    site.relm("deploy stage --resume").ends(0);
    site.relm("promote stage test").ends(0);
    let (stage, live) = (crate::site::OnHost { base: site.path("hosts/s1/www/stage") }, site.live());
    let of_stage = stage.record(&stage.current().expect("something is live"));
    assert_eq!(of_stage["tree"], site.host("web1").record(&live)["tree"]);
}
