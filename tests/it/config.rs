//! `relm config`: what holds for an environment.

use crate::site::{Site, logged};

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
