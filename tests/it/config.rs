//! `relm config`: what holds for an environment.

use crate::site::{Site, logged, operation};

#[test]
fn what_holds_is_printed_without_secrets_and_deploys_as_the_file_does() {
    let settings = logged("build", "prepare", "secrets = [\"TOKEN\"]")
        + "[secrets]\nTOKEN = { file = \"token\" }\n[release]\nkeep = 2\n\
           [[templates]]\nsrc = \"a.conf\"\ndest = \"conf\"\n[env.base]\nrelease = { keep = 4 }\n\
           [env.test]\ninherits = \"base\"\n\
           [[env.test.templates]]\nsrc = \"b.conf\"\ndest = \"conf\"\n";
    let site = Site::new("web1=web db1=db", "");
    for (file, text) in [("token", "wonderful-8841\n"), ("a.conf", "a"), ("b.conf", "b")] {
        site.write(file, text);
    }
    site.configure(&settings);
    let whole = site.relm("config test").ends(0).stdout;
    assert!(
        whole.contains("keep = 4") && whole.contains("root = \"www\"") && whole.contains("grace = \"10s\""),
        "{whole}"
    );
    assert!(
        whole.contains("file = \"token\"") && !whole.contains("wonderful") && !whole.contains("inherits"),
        "{whole}"
    );
    let json = site.relm("config --json").ends(0).report();
    assert_eq!((&json["release"]["keep"], &json["env"]["test"]["hosts"]["db1"]["roles"][0]), (&4.into(), &"db".into()));
    let origin = site.relm("config test --origin").ends(0).stdout;
    let line = site.read("Releases.toml").lines().position(|line| line.contains("keep = 4")).expect("a line") + 1;
    assert!(origin.contains(&format!("{:<10}release.keep = 4\n", format!("line {line}"))), "{origin}");
    assert!(origin.contains("default   release.root = \"www\"\n") && !origin.contains("wonderful"), "{origin}");
    site.write("Releases.toml", &whole);
    assert_eq!(site.relm("config").ends(0).stdout, whole);
    site.deploy();
    assert_eq!((site.take_log().len(), site.host("db1").read("conf")), (2, "b".to_owned()));
    site.relm("config nowhere").ends(2).says(&["nowhere"]);
}

#[test]
fn a_setting_is_set_for_one_run() {
    let site = Site::new("web1=web db1=db", "");
    site.configure(&(logged("build", "prepare", "") + "[release]\nkeep = 5\n"));
    let origin = site.relm("config --origin --set release.keep=2 --set release.root=www").ends(0).stdout;
    assert!(origin.contains("--set     release.keep = 2\n") && origin.contains("--set     release.root"), "{origin}");
    for _ in 0..3 {
        site.deploy();
    }
    assert_eq!(site.host("web1").releases().len(), 3);
    // For this run alone; and the history knows.
    site.relm("deploy --set release.keep=2").ends(0);
    assert_eq!(site.host("web1").releases().len(), 2);
    assert!(site.relm("history").ends(0).stdout.contains("--set: release.keep = 2"), "{}", site.relm("history").stdout);
    site.deploy();
    assert_eq!(site.host("web1").releases().len(), 3);
    let live = site.live();
    site.relm("deploy --set release.keep=0").ends(2).says(&["--set:1:16", "release.keep = 0"]);
    site.relm("deploy --set relaese.keep=1").ends(2).says(&["relaese", "did you mean `release`"]);
    site.relm("deploy --set release.keep").ends(2).says(&["such as release.keep=5"]);
    site.relm("clean-releases --set operations.nope.run=x").ends(2).says(&["no [[operations]] of test", "--set:1:12"]);
    assert_eq!(site.live(), live);
}

#[test]
fn a_resumed_run_goes_by_what_is_set_then() {
    let site = Site::new("web1=web", "");
    let settings = "echo \"$MODE\" >>\"$SITE/log\"";
    let last = operation("last", "prepare", "", "[ -e \"$SITE/go\" ]");
    site.configure(&(operation("build", "prepare", "", settings) + &last + "[environment]\nMODE = \"file\"\n"));
    let failed = site.relm("deploy --set environment.MODE=set").ends(1);
    let set = "--set 'environment.MODE = \"set\"'";
    failed.says(&[&format!("relm deploy test --resume {set}")]);
    site.write("go", "");
    let words = ["deploy", "--resume", "--set", "environment.MODE = \"set\""];
    assert!(!site.relm_with(words).ends(0).stderr.is_empty());
    assert_eq!(site.take_log(), ["set"], "it is done");
    std::fs::remove_file(site.path("go")).expect("a file");
    site.relm("deploy --set environment.MODE=set").ends(1);
    site.write("go", "");
    site.relm("deploy --resume").ends(0);
    assert_eq!(site.take_log(), ["set", "file"], "it is another step now");
    // Where nothing can be gone on with, and from one release back to another.
    let look = operation("ready", "check", "", "[ \"$MODE\" = file ]");
    site.configure(&(look + "[environment]\nMODE = \"file\"\n"));
    let failed = site.relm("deploy --set environment.MODE=set").ends(1);
    failed.says(&[&format!("relm deploy test {set}")]);
}

#[test]
fn what_goes_by_no_settings_takes_none() {
    let site = Site::new("web1=web", "");
    for command in ["tasks", "trust test web1", "init", "timings --log x"] {
        let refused = site.relm(&format!("{command} --set release.keep=2")).ends(2);
        refused.says(&["goes by no settings of an environment"]);
    }
    site.relm("status --set release.keep=2").ends(0);
}
