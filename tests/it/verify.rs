//! `relm verify`: whatever is changed in a release is told, and nothing else is.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::{Value, json};

use crate::site::{Site, operation};

/// What `verify --json` tells of web1, as path, what, step.
#[track_caller]
fn differences(site: &Site, code: i32) -> Vec<(String, String, String)> {
    let report = site.relm("verify --json").ends(code).report();
    assert_eq!(report["matches"], json!(code == 0), "{report}");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let all = report["hosts"][0]["differences"].as_array().expect("differences");
    all.iter().map(|one| (text(&one["path"]), text(&one["what"]), text(&one["step"]))).collect()
}

#[track_caller]
fn assert_told(site: &Site, wanted: &[(&str, &str, &str)]) {
    let found = differences(site, i32::from(!wanted.is_empty()));
    let found: Vec<(&str, &str, &str)> =
        found.iter().map(|(path, what, step)| (path.as_str(), what.as_str(), step.as_str())).collect();
    assert_eq!(found, wanted);
}

fn mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

const ODD: [&str; 9] = [
    "-dash",
    "back\\slash",
    "ends in newline\n",
    "new\nline",
    "tab\there",
    "ünïcödé ☃",
    "with space",
    " a: FAILED",
    "\\n",
];

/// Operations that do to the tree whatever operations do.
fn busy() -> String {
    let settings =
        "[release]\nshared_dirs = [\"media\"]\nshared_files = [\"conf/local\"]\ncopy_from_current = [\"modules\"]\n";
    let build = "mkdir -p out modules && echo made > out/made && ln -s made out/link && cp app.txt 'out/odd\nname' &&\n\
        [ -e modules/a ] || echo a > modules/a\nmkdir -p __pycache__ && echo x > __pycache__/m.pyc";
    let edit = "echo two >> app.txt && rm gone.txt && rm -r tree && mv moved.txt 'moved to' && chmod 600 secret && echo again > out/made";
    [
        settings.to_owned(),
        operation("build", "prepare", "", build),
        operation("edit", "prepare", "", edit),
        operation("before", "before_flip", "", "echo before > before"),
        operation("restart", "after_flip", "", "mkdir -p tmp && date > tmp/restart.txt"),
        operation("announce", "finish", "", "echo said > said"),
    ]
    .concat()
}

fn busy_site() -> Site {
    let site = Site::new("web1 web2", &busy());
    for name in ODD {
        site.write(&format!("code/odd/{name}"), name);
        site.write(&format!("code/odd {name}/x"), name);
    }
    for name in ["gone.txt", "tree/a", "tree/b/c", "moved.txt", "secret", "media/logo", "conf/local", "conf/other"] {
        site.write(&format!("code/{name}"), name);
    }
    symlink("app.txt", site.path("code/link")).expect("a link");
    for host in site.hosts() {
        fs::create_dir_all(host.path("shared/conf")).expect("a directory");
        fs::write(host.path("shared/conf/local"), "local").expect("a file");
    }
    site
}

#[test]
fn what_nobody_touched_is_as_it_was_deployed() {
    let site = busy_site();
    for _ in 0..2 {
        let name = site.deploy();
        assert_told(&site, &[]);
        let text = site.relm("verify test").ends(0).stdout;
        assert_eq!(text, ["web1", "web2"].map(|host| format!("{host}: {name} is as it was deployed\n")).concat());
    }
    // What lies behind a link to shared/ is no part of the release, and neither is what Python compiles.
    let live = site.host("web1").path("current");
    fs::write(live.join("media/upload"), "a user's").expect("a file");
    fs::create_dir(live.join("odd/__pycache__")).expect("a directory");
    fs::write(live.join("odd/__pycache__/m.cpython-312.pyc"), "x").expect("a file");
    fs::write(live.join("old.pyc"), "x").expect("a file");
    // The same content again is the same code.
    fs::write(live.join("conf/other"), "conf/other").expect("a file");
    assert_told(&site, &[]);
}

#[test]
fn each_kind_of_difference_is_told_with_its_step() {
    let site = busy_site();
    site.deploy();
    let live = site.host("web1").path("current");
    fs::write(live.join("conf/other"), "conf/OTHER").expect("a file");
    fs::remove_file(live.join("odd/-dash")).expect("gone");
    mode(live.join("odd/with space"), 0o755);
    fs::remove_file(live.join("link")).and_then(|()| symlink("odd", live.join("link"))).expect("a link");
    fs::remove_file(live.join("odd with space/x"))
        .and_then(|()| fs::create_dir(live.join("odd with space/x")))
        .expect("replaced");
    fs::write(live.join("app.txt"), "three").expect("a file");
    fs::write(live.join("gone.txt"), "gone.txt").expect("a file");
    mode(live.join("secret"), 0o644);
    fs::write(live.join("out/odd\nname"), "other").expect("a file");
    fs::remove_file(live.join("out/link")).and_then(|()| symlink("MADE", live.join("out/link"))).expect("a link");
    fs::remove_file(live.join("tmp/restart.txt")).expect("gone");
    fs::remove_file(live.join("media")).and_then(|()| fs::create_dir(live.join("media"))).expect("replaced");
    fs::write(live.join("stranger"), "").expect("a file");
    assert_told(
        &site,
        &[
            ("app.txt", "edited", "edit"),
            ("conf/other", "edited", "upload_code"),
            ("gone.txt", "extra", ""),
            ("link", "retargeted", "upload_code"),
            ("media", "replaced", "link_shared"),
            ("odd with space/x", "replaced", "upload_code"),
            ("odd/-dash", "missing", "upload_code"),
            ("odd/with space", "mode", "upload_code"),
            ("out/link", "retargeted", "build"),
            ("out/odd\nname", "edited", "build"),
            ("secret", "mode", "edit"),
            ("stranger", "extra", ""),
            ("tmp/restart.txt", "missing", "restart"),
        ],
    );
    let done = site.relm("verify").ends(1);
    for words in ["out/odd\\nname", "missing", "web1: ", "differs in 13 paths", "web2: ", "is as it was deployed"] {
        assert!(done.stdout.contains(words), "{words}:\n{}", done.stdout);
    }
    site.relm("verify --hosts web2").ends(0);
}

#[test]
fn odd_names_are_told_as_they_are() {
    let site = Site::new("web1", "");
    for name in ODD {
        site.write(&format!("code/{name}"), format!("content of {name}"));
    }
    site.deploy();
    let live = site.host("web1").path("current");
    for name in ODD {
        fs::write(live.join(name), format!("CONTENT of {name}")).expect("a file");
        assert_told(&site, &[(name, "edited", "upload_code")]);
        fs::remove_file(live.join(name)).expect("gone");
        assert_told(&site, &[(name, "missing", "upload_code")]);
        fs::write(live.join(name), format!("content of {name}")).expect("a file");
        fs::write(live.join(format!("{name}+")), "").expect("a file");
        assert_told(&site, &[(&format!("{name}+"), "extra", "")]);
        fs::remove_file(live.join(format!("{name}+"))).expect("gone");
        mode(live.join(name), 0o644);
        assert_told(&site, &[]);
    }
}

/// Content that changed although nothing else did, as on a failing disk.
#[test]
fn code_is_read_and_not_only_looked_at() {
    let site = Site::new("web1", "");
    site.deploy();
    let file = site.host("web1").path("current/app.txt");
    let before = fs::metadata(&file).and_then(|metadata| metadata.modified()).expect("a time");
    fs::write(&file, "two\n").expect("a file");
    fs::File::options().write(true).open(&file).and_then(|file| file.set_modified(before)).expect("a time");
    assert_told(&site, &[("app.txt", "edited", "upload_code")]);
}

#[test]
fn a_copy_from_the_live_release_belongs_to_its_step() {
    let site = Site::new("web1", "[release]\ncopy_from_current = [\"modules\"]\n");
    let first = site.deploy();
    let modules = site.host("web1").release(&first).join("modules");
    fs::create_dir(&modules).and_then(|()| fs::write(modules.join("a"), "a")).expect("a file");
    site.deploy();
    assert_told(&site, &[]);
    fs::write(site.host("web1").path("current/modules/a"), "b").expect("a file");
    assert_told(&site, &[("modules/a", "edited", "copy_from_current")]);
    let named = site.relm_with(["verify", "--release", &first, "--json"]).ends(1).report();
    assert_eq!(named["hosts"][0]["release"], first.as_str());
    assert_eq!(named["hosts"][0]["differences"][0], json!({ "path": "modules", "what": "extra", "step": "" }));
}

/// uv links files of a virtualenv from its cache, and with each deploy more of them.
#[test]
fn another_hard_link_is_no_difference() {
    let site = Site::new("web1", &operation("link", "prepare", "", "echo x > single && ln \"$SITE/cache\" linked"));
    site.write("cache", "from the cache");
    site.deploy();
    let live = site.host("web1").path("current");
    fs::hard_link(site.path("cache"), site.path("one more")).expect("a link");
    fs::hard_link(live.join("single"), site.path("backup")).expect("a link");
    assert_told(&site, &[]);
    fs::write(live.join("linked"), "FROM THE CACHE").expect("a file");
    fs::write(live.join("single"), "y\n").expect("a file");
    assert_told(&site, &[("linked", "edited", "link"), ("single", "edited", "link")]);
}

#[test]
fn a_virtualenv_is_sealed() {
    let site = Site::new("web1", "[python]\ncommand = \"true\"\ninstaller = \"pip\"\n");
    site.deploy();
    site.relm_with(["run", "--", "python_env/bin/python", "-c", "import json"]).ends(0);
    assert_told(&site, &[]);
    let live = site.host("web1").path("current/python_env");
    fs::write(live.join("pyvenv.cfg"), "").expect("a file");
    fs::remove_file(live.join("bin/python")).expect("gone");
    assert_told(
        &site,
        &[
            ("python_env/bin/python", "missing", "build_virtualenv"),
            ("python_env/pyvenv.cfg", "edited", "build_virtualenv"),
        ],
    );
}

#[test]
fn long_lists_are_cut_for_people_and_whole_for_programs() {
    let site = Site::new("web1", "");
    site.deploy();
    for at in 0..50 {
        fs::write(site.host("web1").path("current").join(format!("x{at}")), "").expect("a file");
    }
    let text = site.relm("verify").ends(1).stdout;
    assert!(text.contains("differs in 50 paths, 20 are shown"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains(" extra ")).count(), 20, "{text}");
    assert_eq!(differences(&site, 1).len(), 50);
}

#[test]
fn a_host_that_cannot_tell_is_named() {
    let site = Site::new("web1 web2 web3", "");
    site.relm("verify").ends(3);
    let name = site.deploy();
    let [web1, web2, web3] = ["web1", "web2", "web3"].map(|host| site.host(host));
    fs::remove_file(web2.record_file(&name, "manifest")).expect("gone");
    fs::write(web1.path("current/app.txt"), "x").expect("a file");
    let manifest = web3.record_file(&name, "manifest");
    let text = fs::read_to_string(&manifest).expect("a manifest").replace("app.txt", "app.TXT");
    fs::write(&manifest, text).expect("a file");
    let report = site.relm("verify --json").ends(3).report();
    let trouble = |at: usize| report["hosts"][at]["trouble"].as_str().unwrap_or_default().to_owned();
    assert!(trouble(1).contains("no manifest") && trouble(2).contains("not the one that was sent"), "{report}");
    assert_eq!(report["hosts"][0]["differences"][0]["path"], "app.txt");
    site.relm("verify --release 2020-01-01_00.00.00").ends(3).says(&["no host has"]);
    fs::rename(site.path("hosts/web2"), site.path("away")).expect("a move");
    site.write("hosts/web2", "a file, not a directory");
    site.relm("verify --hosts web2").ends(3);
}

#[test]
fn a_release_that_was_never_live_can_be_verified() {
    let site = busy_site();
    site.relm("setup-release").ends(0);
    let name = site.host("web1").releases().pop().expect("a release");
    site.relm_with(["verify", "--release", &name]).ends(0);
    site.relm_with(["deploy", "--release", &name]).ends(0);
    assert_told(&site, &[]);
}
