//! What a release holds beside its source: patches on top of the commit, and other repositories.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::site::{Site, operation};

fn git(directory: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]);
    let output = command.args(args).current_dir(directory).env("GIT_CONFIG_GLOBAL", "/dev/null").output().expect("git");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
}

fn commit(site: &Site, repository: &str, text: &str) -> String {
    let directory = site.path(repository);
    site.write(&format!("{repository}/app.txt"), text);
    if !directory.join(".git").exists() {
        git(&directory, &["init", "-q"]);
    }
    git(&directory, &["add", "."]);
    git(&directory, &["commit", "-q", "-m", "it"]);
    git(&directory, &["rev-parse", "HEAD"])
}

/// A repository with a patch that makes `one` to `two`.
fn site(source: &str, more: &str) -> Site {
    let site = Site::new("web1", more);
    let file = site.read("Releases.toml").replace("dir = \"code\"", &format!("git = \"code\"\n{source}"));
    site.write("Releases.toml", file);
    commit(&site, "code", "one\n");
    site.write("code/app.txt", "two\n");
    let patch = git(&site.path("code"), &["diff"]);
    git(&site.path("code"), &["checkout", "-q", "--", "."]);
    site.write("fixes/a.patch", format!("{patch}\n"));
    site
}

#[test]
fn patches_stand_in_the_release_and_in_its_record() {
    let site = site("patches = [\"fixes/a.patch\"]", "");
    let live = site.deploy();
    assert_eq!(site.host("web1").read("app.txt"), "two\n");
    let record = site.host("web1").record(&live);
    assert_eq!(record["added"][0]["kind"], "patch", "{record}");
    assert_eq!(record["added"][0]["path"], "fixes/a.patch");
    assert_eq!(record["commit"].as_str().map(str::len), Some(40));
    let hash = record["added"][0]["sha256"].as_str().expect("a hash").to_owned();
    let releases = site.relm("releases").ends(0);
    assert!(releases.stdout.contains(&format!("+ fixes/a.patch {}", &hash[..10])), "{}", releases.stdout);
    assert_eq!(site.relm("releases --json").report()["releases"][0]["added"][0]["sha256"], hash.as_str());
    assert_eq!(git(&site.path("code"), &["status", "--porcelain"]), "", "the repository is as it was");
    commit(&site, "code", "three\n");
    site.relm("deploy").ends(1).says(&["the patch fixes/a.patch does not apply", "app.txt"]);
    assert_eq!(site.live(), live);
}

#[test]
fn another_repository_keeps_its_commit_in_a_resumed_deploy() {
    let extra = "[[source.extra]]\ngit = \"theme\"\nref = \"main\"\npath = \"themes/it\"\n";
    let site = site(extra, &operation("last", "prepare", "", "[ ! -e \"$SITE/broken\" ]"));
    let first = commit(&site, "theme", "blue\n");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    let host = site.host("web1");
    let name = host.releases().pop().expect("a release");
    assert_eq!(host.record(&name)["added"][0]["commit"], first.as_str());
    // What was sent is lost, and the branch has moved on.
    fs::remove_file(host.release(&name).join("themes/it/app.txt")).expect("a file");
    commit(&site, "theme", "red\n");
    fs::remove_file(site.path("broken")).expect("a file");
    site.relm("deploy --resume").ends(0);
    assert_eq!((host.read("themes/it/app.txt"), host.read("app.txt")), ("blue\n".to_owned(), "one\n".to_owned()));
    site.deploy();
    assert_eq!(host.read("themes/it/app.txt"), "red\n");
    let text = site.read("Releases.toml").replace("path = \"themes/it\"", "path = \"app.txt\"");
    site.write("Releases.toml", text);
    site.relm("deploy").ends(1).says(&["the source has app.txt itself"]);
}
