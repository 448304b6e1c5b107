//! `relm diff`: what a deploy would change; and the notes that come with commits.

use std::fs;

use crate::knowing::{commit, git, site, two_environments};
use crate::site::Site;

const MORE: &str = "[python]\nrequirements = [\"requirements.txt\"]\nroles = [\"nobody\"]\n";

#[test]
fn commits_files_and_steps_of_a_deploy_are_told() {
    let site = site(
        "git = \"code\"",
        "[[operations]]\nname = \"migrate\"\nphase = \"prepare\"\nrun = \"true\"\n\
        migrate = { sql = \"schema\" }\n",
    );
    site.write("code/schema/1.sql", "select 1");
    commit(&site, "one and its schema");
    let first = site.relm("diff --json").ends(0).report();
    assert_eq!(
        (&first["from"], &first["files"]["added"]),
        (&serde_json::Value::Null, &serde_json::json!(["app.txt", "schema/1.sql"]))
    );
    let live = site.deploy();
    assert!(site.relm("diff").ends(0).stdout.contains("the very same code"));
    site.write("code/schema/2.sql", "select 2");
    site.write("code/shop/migrations/more/0002_price.py", "");
    let head = commit(&site, "two\n\nDeployment: clear the cache\n  of both shops");
    let report = site.relm("diff --json").ends(0).report();
    assert_eq!((&report["from"]["release"], &report["to"]["commit"]), (&live.clone().into(), &head.clone().into()));
    assert_eq!(report["commits"][0]["subject"], "two");
    assert_eq!(report["commits"].as_array().expect("commits").len(), 1);
    assert_eq!(report["lost"], serde_json::json!([]));
    assert_eq!(report["notes"][0]["note"], "clear the cache\n  of both shops");
    assert_eq!(report["files"]["changed"], serde_json::json!(["app.txt"]));
    assert_eq!(report["migrations"], serde_json::json!(["schema/2.sql", "shop/migrations/more/0002_price.py"]));
    let steps: Vec<&str> =
        report["steps"].as_array().expect("steps").iter().map(|s| s["name"].as_str().expect("a name")).collect();
    assert!(
        steps.contains(&"upload_code") && steps.contains(&"migrate") && steps.contains(&"flip_current"),
        "{steps:?}"
    );
    site.relm("diff").ends(0).shows(&[
        "1 commit comes",
        "clear the cache",
        "files: 2 added, 1 changed, 0 removed",
        "changed   app.txt",
        "flip_current",
    ]);
    // Nothing was begun, and nobody was asked to leave.
    assert_eq!((site.live(), site.host("web1").releases()), (live.clone(), vec![live]));
    // Backwards: what is live would go.
    site.deploy();
    let back = site.relm("diff --ref HEAD~1 --json").ends(0).report();
    assert_eq!((&back["commits"], &back["lost"][0]["id"]), (&serde_json::json!([]), &head.into()));
}

#[test]
fn a_directory_is_compared_by_its_files() {
    let site = Site::new("web1=web", MORE);
    site.write("code/requirements.txt", "flask==1\nsix\n");
    site.configure("");
    site.deploy();
    site.configure(&MORE.replace("nobody", "web"));
    site.write("code/requirements.txt", "Flask==2 --hash=sha256:0\nredis>=5\n# no six\n");
    site.write("code/new.txt", "");
    let report = site.relm("diff --json").ends(0).report();
    assert_eq!((&report["commits"], &report["unknown"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    assert_eq!(report["files"]["added"], serde_json::json!(["new.txt"]));
    assert_eq!(report["requirements"], serde_json::json!(["requirements.txt"]));
    let packages = |name: &str, before: Option<&str>, after: Option<&str>| serde_json::json!({ "name": name, "before": before, "after": after });
    let changed = [
        packages("flask", Some("1"), Some("2")),
        packages("redis", None, Some(">=5")),
        packages("six", Some(""), None),
    ];
    assert_eq!(report["packages"], serde_json::json!(changed));
    let told = site.relm("diff").ends(0).stdout;
    assert!(told.contains("  changed   flask   1 → 2\n"), "{told}");
    // Another machine has never seen that tree: a host is asked.
    fs::remove_dir_all(site.path("home/.cache")).expect("a cache");
    assert_eq!(site.relm("diff --json").ends(0).report()["files"], report["files"]);
}

/// What is live in each is asked of its hosts.
#[test]
fn packages_of_two_environments_are_told() {
    // Neither of them installs anything.
    let site = two_environments(&MORE.replace("nobody", "py"));
    let other = "\n[env.other.hosts]\np1 = { address = \"local:hosts/p1\", roles = [\"py\"] }\n";
    site.write("Releases.toml", site.read("Releases.toml") + other);
    site.write("code/requirements.txt", "flask==1\n");
    commit(&site, "flask");
    site.relm("deploy test").ends(0);
    site.write("code/requirements.txt", "flask==2\n");
    commit(&site, "flask 2");
    site.relm("deploy stage").ends(0);
    site.write("code/requirements.txt", "flask==3\n");
    commit(&site, "flask 3");
    let package = |report: &serde_json::Value| report["packages"][0].clone();
    let wanted = |before: &str, after: &str| serde_json::json!({ "name": "flask", "before": before, "after": after });
    assert_eq!(package(&site.relm("diff test stage --json").ends(0).report()), wanted("1", "2"));
    assert_eq!(package(&site.relm("diff stage test --json").ends(0).report()), wanted("2", "1"));
    assert_eq!(package(&site.relm("diff test --ref main --json").ends(0).report()), wanted("1", "3"));
}

#[test]
fn environments_are_compared_by_what_is_live_in_each() {
    let site = two_environments("");
    site.relm("diff test stage").ends(3).says(&["nothing is live in stage yet"]);
    site.relm("deploy test").ends(0);
    commit(&site, "two");
    let head = commit(&site, "three");
    site.relm("deploy stage").ends(0);
    commit(&site, "four");
    let report = site.relm("diff test stage --json").ends(0).report();
    let subjects: Vec<&str> = report["commits"]
        .as_array()
        .expect("commits")
        .iter()
        .map(|one| one["subject"].as_str().expect("text"))
        .collect();
    assert_eq!((subjects.as_slice(), &report["to"]["commit"]), (&["three", "two"][..], &head.into()));
    let told = site.relm("diff test stage").ends(0).stdout;
    assert!(told.contains("2 commits come") && told.contains("relm promote stage test"), "{told}");
    let told = site.relm("diff stage test").ends(0).stdout;
    assert!(told.contains("2 commits are live and would go"), "{told}");
    site.relm("diff test test").ends(2);
    site.relm("diff test nowhere").ends(2);
}

#[test]
fn notes_of_commits_are_shown_and_have_to_be_acknowledged() {
    let site = site("git = \"code\"", "[guards]\nnotes = \"confirm\"\n");
    // Before a first deploy nothing is new.
    let first = site.deploy();
    commit(&site, "two\n\nDeployment: clear the cache");
    commit(&site, "three");
    let done = site.relm("deploy").ends(3);
    done.says(&["clear the cache", "this deploy comes with 1 note", "relm deploy --consent notes="]);
    assert_eq!((site.live(), site.host("web1").releases()), (first.clone(), vec![first]));
    assert!(site.relm("deploy --dry-run").ends(0).stdout.contains("clear the cache"));
    site.relm_with(["deploy", "--consent", "notes=Ann: it is cleared"]).ends(0).says(&["clear the cache"]);
    let history = site.relm("history --json").ends(0).report();
    assert_eq!(history["entries"][0]["consents"][0]["words"], "Ann: it is cleared");
    // What came from no commit may lack any of them.
    site.relm("deploy --dir code --yes").ends(0);
    commit(&site, "three and a half");
    site.relm("deploy").ends(3).says(&["was made from no commit: which commits come cannot be told"]);
    let report = site.relm("diff --json").ends(0).report();
    assert!(report["unknown"].as_str().expect("a reason").contains("no commit"), "{report}");
    site.relm("deploy --yes").ends(0);
    // They have come; those of the next commits have not.
    commit(&site, "four");
    site.deploy();
    commit(&site, "five\n\nDeployment:\n- stop it\n- start it");
    site.relm("deploy --yes").ends(0).says(&["- stop it", "- start it"]);
    // History that is gone may hold some.
    git(&site.path("code"), &["checkout", "-q", "--orphan", "other"]);
    git(&site.path("code"), &["commit", "-q", "-m", "six"]);
    git(&site.path("code"), &["remote", "remove", "origin"]);
    git(&site.path("code"), &["branch", "-q", "-D", "main"]);
    git(&site.path("code"), &["reflog", "expire", "--expire=now", "--all"]);
    git(&site.path("code"), &["gc", "-q", "--prune=now"]);
    site.relm("deploy").ends(3).says(&["which commits come cannot be told"]);
}
