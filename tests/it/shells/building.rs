//! What is added to the code: shared files, copies from the live release, a virtualenv.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use relm::engine::Operation as _;
use relm::fleet::Targets;
use relm::operations::{BuildVirtualenv, CopyFromCurrent, LinkShared};

use super::stage::{Shell, Stage, Tools, ended, record};

super::under_every_shell!(
    shared_places_are_linked,
    a_missing_shared_file_is_told,
    what_the_code_ships_fills_a_shared_directory,
    copies_from_the_live_release,
    half_a_copy_is_made_anew,
    nothing_is_done_behind_a_link_of_the_code,
    a_virtualenv_that_cannot_be_built,
);

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

async fn shared_places_are_linked(stage: Stage) {
    let name = stage.claimed(0).await.name;
    let files = ["settings.py", "conf/deep/local settings.py", "-f"];
    for file in files {
        let path = stage.path("shared").join(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, file).expect("a file");
    }
    let release = stage.path(&format!("releases/{name}"));
    fs::write(release.join("settings.py"), "the code's own").expect("a file");
    let dirs = ["media", "var/it's $HOME", "new\nline", "-rf"];
    let operation = LinkShared { dirs: strings(&dirs), files: strings(&files) };
    for round in 0..2 {
        ended(&stage.run(&operation, &name).await, 0);
        for file in files {
            assert_eq!(fs::read_to_string(release.join(file)).expect("a file"), file, "round {round}");
        }
        for dir in dirs {
            assert!(release.join(dir).is_symlink() && release.join(dir).is_dir(), "{dir} in round {round}");
            let (there, shared) = (release.join(dir).canonicalize(), stage.path("shared").join(dir).canonicalize());
            assert_eq!(there.expect("a path"), shared.expect("a path"));
        }
    }
    assert_eq!(
        fs::read_link(release.join("var/it's $HOME")).expect("a link").to_str(),
        Some("../../../shared/var/it's $HOME")
    );
    fs::write(stage.path("shared/media/upload"), "kept").expect("a file");
    ended(&stage.run(&operation, &name).await, 0);
    assert_eq!(stage.read("shared/media/upload"), "kept");
}

async fn a_missing_shared_file_is_told(stage: Stage) {
    let name = stage.claimed(0).await.name;
    let operation = LinkShared { dirs: strings(&["media"]), files: strings(&["a.py", "b.py"]) };
    let exit = stage.run(&operation, &name).await;
    ended(&exit, 1);
    for file in ["a.py", "b.py"] {
        assert!(exit.stderr.contains(&format!("the shared file {file} is missing on web1")), "{exit:?}");
    }
    fs::write(stage.path("shared/odd"), "").expect("a file");
    let exit = stage.run(&LinkShared { dirs: strings(&["odd"]), files: Vec::new() }, &name).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains("shared/odd is not a directory"), "{exit:?}");
    ended(&stage.run(&LinkShared { dirs: Vec::new(), files: Vec::new() }, &name).await, 0);
}

async fn what_the_code_ships_fills_a_shared_directory(stage: Stage) {
    let name = stage.claimed(0).await.name;
    let shipped = stage.path(&format!("releases/{name}/media/in"));
    fs::create_dir_all(&shipped).expect("a directory");
    fs::write(shipped.join("run"), "x").expect("a file");
    fs::set_permissions(shipped.join("run"), fs::Permissions::from_mode(0o750)).expect("a mode");
    symlink("nowhere", shipped.join("dangling")).expect("a link");
    symlink("run", shipped.join("link")).expect("a link");
    let operation = LinkShared { dirs: strings(&["media"]), files: Vec::new() };
    ended(&stage.run(&operation, &name).await, 0);
    let shared = stage.path("shared/media/in");
    assert_eq!(shared.join("run").metadata().expect("metadata").permissions().mode() & 0o777, 0o750);
    assert_eq!(fs::read_link(shared.join("dangling")).expect("a link").to_str(), Some("nowhere"));
    assert_eq!(fs::read_link(shared.join("link")).expect("a link").to_str(), Some("run"));
}

async fn copies_from_the_live_release(stage: Stage) {
    let (before, name) = (stage.with_version(0).await.name, stage.with_version(1).await.name);
    let old = stage.path(&format!("releases/{before}"));
    let paths = ["node_modules", "deep/er/with 'space'", "-x", "dangling", "VERSION", "absent"];
    for dir in &paths[..3] {
        fs::create_dir_all(old.join(dir)).expect("a directory");
        fs::write(old.join(dir).join("file"), dir).expect("a file");
        symlink("file", old.join(dir).join("link")).expect("a link");
    }
    symlink("nowhere", old.join("dangling")).expect("a link");
    let operation = CopyFromCurrent { paths: strings(&paths) };
    let work = operation.work(&stage.on(Some(&name), Some(&before)));
    let exit = stage.work(&work).await;
    ended(&exit, 0);
    assert_eq!(exit.stdout, "VERSION: the code has its own\nabsent: not in the live release\n");
    let new = stage.path(&format!("releases/{name}"));
    for dir in &paths[..3] {
        assert_eq!(fs::read_to_string(new.join(dir).join("file")).expect("a file"), *dir);
        assert!(new.join(dir).join("link").is_symlink());
    }
    assert_eq!(fs::read_link(new.join("dangling")).expect("a link").to_str(), Some("nowhere"));
    assert_eq!(fs::read_to_string(new.join("VERSION")).expect("a file"), name.as_str());
    ended(&stage.work(&work).await, 0);
    let exit = stage.work(&operation.work(&stage.on(Some(&name), None))).await;
    ended(&exit, 91);
    assert_eq!(exit.stdout, "nothing is live yet\n");
}

async fn nothing_is_done_behind_a_link_of_the_code(stage: Stage) {
    let (before, name) = (stage.with_version(0).await.name, stage.with_version(1).await.name);
    let (old, new) = (stage.path(&format!("releases/{before}")), stage.path(&format!("releases/{name}")));
    let outside = stage.path("outside");
    fs::create_dir_all(outside.join("in/media")).expect("a directory");
    fs::create_dir_all(old.join("a b/in/cache")).expect("a directory");
    fs::create_dir_all(new.join("a b")).expect("a directory");
    symlink(outside.join("in"), new.join("a b/in")).expect("a link");
    symlink(&outside, old.join("out")).expect("a link");
    let said = "a b/in is a link in the code, and relm changes nothing behind it";
    let link = LinkShared { dirs: strings(&["a b/in/media"]), files: Vec::new() };
    let exit = stage.run(&link, &name).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains(said), "{exit:?}");
    let copy = |paths: &[&str]| CopyFromCurrent { paths: strings(paths) }.work(&stage.on(Some(&name), Some(&before)));
    let exit = stage.work(&copy(&["a b/in/cache"])).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains(said), "{exit:?}");
    let exit = stage.work(&copy(&["out/in/media"])).await;
    ended(&exit, 0);
    assert!(exit.stdout.contains("behind a link in the live release"), "{exit:?}");
    assert!(outside.join("in/media").is_dir() && !outside.join("in/media").is_symlink());
    assert_eq!(fs::read_dir(outside.join("in")).expect("a directory").count(), 1);
    assert!(!new.join("out").exists());
}

/// What a killed attempt leaves has the name under which copies are made.
async fn half_a_copy_is_made_anew(stage: Stage) {
    let (before, name) = (stage.with_version(0).await.name, stage.with_version(1).await.name);
    let (old, new) = (stage.path(&format!("releases/{before}")), stage.path(&format!("releases/{name}")));
    fs::create_dir_all(old.join("modules/a")).expect("a directory");
    fs::create_dir_all(new.join(".relm/half")).expect("a directory");
    let copy = CopyFromCurrent { paths: strings(&["modules"]) };
    ended(&stage.work(&copy.work(&stage.on(Some(&name), Some(&before)))).await, 0);
    assert!(new.join("modules/a").is_dir() && !new.join("modules/half").exists() && !new.join(".relm").exists());
    fs::create_dir_all(stage.path(&format!("shared/.relm-{name}/half"))).expect("a directory");
    let link = LinkShared { dirs: strings(&["modules"]), files: Vec::new() };
    ended(&stage.run(&link, &name).await, 0);
    let shared: Vec<_> = fs::read_dir(stage.path("shared")).expect("a directory").collect();
    assert_eq!(shared.len(), 1, "{shared:?}");
    assert!(stage.path("shared/modules/a").is_dir() && !stage.path("shared/modules/half").exists());
}

fn virtualenv(python: &str, packages: &'static str, sources: &[&str]) -> BuildVirtualenv {
    BuildVirtualenv {
        targets: Targets::all(),
        python: python.to_owned(),
        installer: "pip",
        packages,
        sources: strings(sources),
        index: None,
        args: Vec::new(),
        post: Vec::new(),
        offline: None,
        reuse: "pinned",
        brings: None,
    }
}

/// A program that passes for Python: it says what it was asked, and makes an environment that does the same. The
/// Busybox stages have no other, and none of the tests below needs one.
const PYTHON: &str = r#"#!/bin/sh
echo "python $*"
case "$*" in "-m venv "*) for last; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python"; cp "$0" "$last/bin/pip" ;; esac
"#;

async fn a_virtualenv_that_cannot_be_built(stage: Stage) {
    let name = stage.claimed(0).await.name;
    let release = stage.path(&format!("releases/{name}"));
    let python = stage.home().join("my python");
    fs::write(&python, PYTHON).expect("a file");
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).expect("a mode");
    let python = python.to_str().expect("utf-8");
    let cases = [
        (virtualenv("no-such-python", "requirements", &[]), "no-such-python is not on this host"),
        (virtualenv(python, "requirements", &["with space.txt"]), "the release has no with space.txt"),
        (virtualenv(python, "project", &[]), "the release has no pyproject.toml"),
        (BuildVirtualenv { installer: "uv", ..virtualenv(python, "project", &[]) }, "uv is not on this host"),
        (virtualenv(python, "command", &["echo no >&2; exit 4"]), "no"),
    ];
    for (operation, words) in cases {
        if operation.installer == "uv" && stage.sh("command -v uv").await.status.success() {
            continue;
        }
        let exit = stage.run(&operation, &name).await;
        assert!(!exit.status.success() && exit.stderr.contains(words), "{words}: {exit:?}");
    }
    fs::write(release.join("with space.txt"), "").expect("a file");
    fs::write(release.join("-r.txt"), "").expect("a file");
    let asks = BuildVirtualenv {
        args: strings(&["--no-deps", "a b", "$HOME"]),
        ..virtualenv(python, "requirements", &["with space.txt", "./-r.txt"])
    };
    let exit = stage.run(&asks, &name).await;
    ended(&exit, 0);
    let wanted = "install --no-compile --no-warn-script-location --no-deps a b $HOME -r with space.txt -r ./-r.txt\n";
    assert!(exit.stdout.contains(wanted), "{exit:?}");
    fs::write(release.join("uv.lock"), "").expect("a file");
    fs::write(release.join("pyproject.toml"), "").expect("a file");
    let exit = stage.run(&virtualenv(python, "project", &[]), &name).await;
    assert!(!exit.status.success() && exit.stderr.contains("uv.lock needs uv"), "{exit:?}");
    let command = virtualenv(python, "command", &["cd /; echo \"$VIRTUAL_ENV\"; command -v python; exit 0"]);
    let exit = stage.run(&command, &name).await;
    ended(&exit, 0);
    let env = release.join("python_env").display().to_string();
    assert!(exit.stdout.contains(&format!("{env}\n{env}/bin/python\n")), "{exit:?}");
}

#[tokio::test]
async fn a_real_virtualenv() {
    let stage = Stage::new(Shell::Dash, Tools::Coreutils);
    let name = stage.claimed(0).await.name;
    let release = stage.path(&format!("releases/{}", record(0).name));
    fs::write(release.join("requirements.txt"), "# nothing\n").expect("a file");
    let exit = stage.run(&virtualenv("python3", "requirements", &["requirements.txt"]), &name).await;
    ended(&exit, 0);
    assert!(release.join("python_env/bin/python").exists());
}
