//! Files filled in for a host, in the release and outside of it; files sourced before commands.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use relm::engine::Operation as _;
use relm::fleet::Targets;
use relm::operations::{PlaceFiles, Publish, Published, RunCommand, WriteTemplates};
use relm::template::{FilledFile, Template, Wording};
use relm::transport::Exit;

use super::stage::{Stage, ended};

super::under_every_shell!(
    files_come_to_their_places_and_go_back,
    nothing_goes_that_could_not_be_looked_at,
    what_can_be_put_back_is,
    commands_see_what_is_sourced,
    what_is_published_goes_with_its_release,
);

fn template(dest: &str, text: &str) -> FilledFile {
    FilledFile {
        dest: dest.to_owned(),
        template: Wording::Beside(Template::new(dest, text, &["host", "release"]).expect("a template")),
        mode: "0640".to_owned(),
        owner: String::new(),
        targets: Targets::all(),
        check: Some("test -s \"$RELM_FILE\"".to_owned()),
        secrets: Vec::new(),
        becoming: None,
    }
}

fn write(files: Vec<FilledFile>) -> WriteTemplates {
    WriteTemplates { files, app: "shop".to_owned(), reference: "main".to_owned(), tree: String::new() }
}

/// Takes them to their places, or back.
async fn place(
    stage: &Stage,
    release: &relm::release::Record,
    before: Option<&relm::release::Record>,
    back: bool,
) -> Exit {
    let on = stage.on(Some(&release.name), before.map(|record| &record.name));
    let place = PlaceFiles::default();
    let work = if back { place.undo(&on).expect("an inverse") } else { place.work(&on) };
    stage.work(&work).await
}

async fn files_come_to_their_places_and_go_back(stage: Stage) {
    let outside = stage.home().join("etc/it's [a].conf");
    let read = || fs::read_to_string(&outside).ok();
    let (first, second, third) =
        (stage.with_version(0).await, stage.with_version(1).await, stage.with_version(2).await);
    ended(&place(&stage, &first, None, false).await, 90);
    let both = |text: &str| vec![template("~/etc/it's [a].conf", text), template("a b/c", "{{ host }}\n")];
    ended(&stage.run(&write(both("one\n")), &first.name).await, 0);
    assert_eq!(stage.read(&format!("releases/{}/a b/c", first.name)), "web1\n");
    assert_eq!(read(), None, "not before the switch");
    ended(&place(&stage, &first, None, false).await, 0);
    assert_eq!(read().as_deref(), Some("one\n"));
    assert_eq!(fs::metadata(&outside).expect("a file").permissions().mode() & 0o7777, 0o640);
    ended(&place(&stage, &first, None, true).await, 0);
    assert_eq!(read(), None);
    ended(&place(&stage, &first, None, true).await, 90);
    ended(&place(&stage, &first, None, false).await, 0);
    ended(&stage.run(&write(both("two\n")), &second.name).await, 0);
    ended(&place(&stage, &second, Some(&first), false).await, 0);
    ended(&place(&stage, &second, Some(&second), false).await, 0);
    assert_eq!(read().as_deref(), Some("two\n"));
    ended(&place(&stage, &second, Some(&second), true).await, 90);
    assert_eq!(read().as_deref(), Some("two\n"), "the host stays with it");
    ended(&place(&stage, &second, Some(&first), true).await, 0);
    assert_eq!(read().as_deref(), Some("one\n"));
    ended(&place(&stage, &second, Some(&first), false).await, 0);
    // A release without it, and back.
    let without = place(&stage, &third, Some(&second), false).await;
    ended(&without, 98);
    assert!(without.stdout.trim_end().ends_with(" was taken away: no template is for it any more"), "{without:?}");
    assert_eq!(read(), None);
    ended(&place(&stage, &third, Some(&second), true).await, 0);
    assert_eq!(read().as_deref(), Some("two\n"));
    let refused = stage.run(&write(vec![template("~/etc/x", "")]), &third.name).await;
    ended(&refused, 1);
    assert!(refused.stderr.contains("the check of ~/etc/x failed (exit code 1)"), "{refused:?}");
}

/// Runs the host's own program of that name, but not with those words.
fn fails_with(words: &str, program: &str) -> String {
    format!("case \" $* \" in *\" {words} \"*) exit 2 ;; esac\nPATH=${{PATH#*:}}\nexec {program} \"$@\"")
}

async fn nothing_goes_that_could_not_be_looked_at(stage: Stage) {
    let (first, second) = (stage.with_version(0).await, stage.with_version(1).await);
    let both = |text: &str| vec![template("~/etc/x ", text), template("~/etc/y", text)];
    let stands = |name: &str| fs::read_to_string(stage.home().join("etc").join(name)).ok();
    fs::create_dir(stage.home().join("etc")).expect("a directory");
    fs::write(stage.home().join("etc/x"), "theirs\n").expect("a file");
    ended(&stage.run(&write(both("one\n")), &first.name).await, 0);
    ended(&stage.run(&write(both("two\n")), &second.name).await, 0);
    ended(&place(&stage, &first, None, false).await, 0);
    ended(&place(&stage, &first, None, true).await, 0);
    assert_eq!((stands("x").as_deref(), stands("x "), stands("y")), (Some("theirs\n"), None, None));
    ended(&place(&stage, &first, None, false).await, 0);
    let ledger = stage.read(".relm/outside/ledger");
    stage.replaces("grep", &fails_with("-v", "grep"));
    ended(&place(&stage, &second, Some(&first), false).await, 1);
    assert_eq!(stage.read(".relm/outside/ledger"), ledger);
    stage.replaces("grep", &fails_with("nothing", "grep"));
    stage.replaces("find", "exit 1");
    ended(&place(&stage, &second, Some(&first), false).await, 1);
    assert_eq!(stands("y").as_deref(), Some("one\n"));
    stage.replaces("find", &fails_with("nothing", "find"));
    // A run that was cut short wrote down what it did not bring.
    fs::write(stage.path(".relm/outside/ledger"), ledger.replacen(|c: char| c != ' ', "0", 1)).expect("a file");
    ended(&place(&stage, &first, None, false).await, 90);
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(sorted(&stage.read(".relm/outside/ledger")), sorted(&ledger));
}

async fn what_can_be_put_back_is(stage: Stage) {
    let first = stage.with_version(0).await;
    let (a, b) = (stage.home().join("etc/a"), stage.home().join("etc/b"));
    ended(&stage.run(&write(vec![template("~/etc/a", "a\n"), template("~/etc/b", "b\n")]), &first.name).await, 0);
    ended(&place(&stage, &first, None, false).await, 0);
    fs::remove_file(&a).expect("a file");
    fs::create_dir(&a).expect("a directory");
    ended(&place(&stage, &first, None, true).await, 1);
    assert!(!b.exists(), "the first one kept it there");
    fs::remove_dir(&a).expect("a directory");
    ended(&place(&stage, &first, None, true).await, 0);
    // The same of what is published.
    let paths = ["~/p/1", "~/p/2"].map(|to| Published {
        mode: "mirror",
        from: "doc".to_owned(),
        to: to.to_owned(),
        exclude: Vec::new(),
        targets: Targets::all(),
    });
    let publish = Publish { paths: paths.into(), only_looks: false };
    let doc = stage.path(&format!("releases/{}/doc", first.name));
    fs::create_dir(&doc).expect("a directory");
    fs::write(doc.join("x"), "x\n").expect("a file");
    stage.replaces("find", "exit 1");
    ended(&stage.run(&publish, &first.name).await, 1);
    stage.replaces("find", &fails_with("nothing", "find"));
    ended(&stage.run(&publish, &first.name).await, 0);
    let back = publish.undo(&stage.on(Some(&first.name), Some(&first.name))).expect("an inverse");
    ended(&stage.work(&back).await, 90);
    assert!(stage.home().join("p/2/x").exists(), "the host stays with it");
    let back = publish.undo(&stage.on(None, None)).expect("an inverse");
    ended(&stage.work(&back).await, 90);
    fs::rename(stage.home().join("p/1"), stage.home().join("p/moved")).expect("a directory");
    fs::write(stage.home().join("p/1"), "in the way\n").expect("a file");
    let back = publish.undo(&stage.on(Some(&first.name), None)).expect("an inverse");
    ended(&stage.work(&back).await, 1);
    assert!(!stage.home().join("p/2").join("x").exists(), "the first one kept it there");
}

async fn commands_see_what_is_sourced(mut stage: Stage) {
    let record = stage.with_version(0).await;
    stage.host.source_files = vec!["~/it's.sh".to_owned(), "~/nowhere?".to_owned()];
    let command = RunCommand::new("greet", "sh -c 'echo \"<$GREETING>\"'");
    let refused = stage.run(&command, &record.name).await;
    ended(&refused, 126);
    assert!(refused.stderr.contains("it's.sh, one of source_files, cannot be read here"), "{refused:?}");
    fs::write(stage.home().join("it's.sh"), "GREETING='a  b'\necho printed; false\n").expect("a file");
    let exit = stage.run(&command, &record.name).await;
    ended(&exit, 0);
    assert_eq!((exit.stdout.as_str(), exit.stderr.as_str()), ("<a  b>\n", ""));
    let hostile = "alias echo='exit 3;'\nIFS=:\nset -f\nset -C\n";
    fs::write(stage.home().join("it's.sh"), hostile).expect("a file");
    let split = RunCommand::new("split", "words='a b'\nset -- $words /bi[n]\necho $# $3 >it\necho $# $3 >it\ncat it");
    let exit = stage.run(&split, &record.name).await;
    assert_eq!(exit.stdout, "3 /bin\n", "{exit:?}");
    for broken in ["GREETING=hidden\nif then", "GREETING=hidden\nexit 0", "echo ${HIDDEN?hidden}"] {
        fs::write(stage.home().join("it's.sh"), broken).expect("a file");
        let exit = stage.run(&command, &record.name).await;
        ended(&exit, 126);
        assert!(exit.stderr.contains("is nothing that sh can source"), "{exit:?}");
        assert!(!exit.stderr.contains("hidden"), "{exit:?}");
    }
}

async fn what_is_published_goes_with_its_release(stage: Stage) {
    let (first, second) = (stage.with_version(0).await, stage.with_version(1).await);
    let root = stage.home().join("it's here");
    let read = |path: &str| fs::read_to_string(root.join(path)).ok();
    let publish = |mode, to: &str, only_looks| Publish {
        paths: vec![Published {
            mode,
            from: "a b/doc".to_owned(),
            to: to.to_owned(),
            exclude: vec!["left out".to_owned()],
            targets: Targets::all(),
        }],
        only_looks,
    };
    let mirror = publish("mirror", "~/it's here", false);
    let tree = |record: &relm::release::Record, files: &[&str]| {
        for file in files {
            let path = stage.path(&format!("releases/{}/a b/doc/{file}", record.name));
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, format!("{file}\n")).expect("a file");
        }
    };
    ended(&stage.run(&publish("mirror", "~/x", true), &first.name).await, 1);
    tree(&first, &["-n", "deep/er/it's", "left out/x", "same"]);
    let link = stage.path(&format!("releases/{}/a b/doc/link", first.name));
    std::os::unix::fs::symlink("no where", &link).expect("a link");
    tree(&second, &["same", "other"]);
    fs::create_dir(&root).expect("a directory");
    fs::write(root.join("same"), "theirs\n").expect("a file");
    ended(&stage.run(&publish("mirror", "~/it's here", true), &first.name).await, 0);
    ended(&stage.run(&mirror, &first.name).await, 0);
    let back = mirror.undo(&stage.on(Some(&first.name), None)).expect("an inverse");
    ended(&stage.work(&back).await, 0);
    assert_eq!((read("same").as_deref(), read("-n")), (Some("theirs\n"), None), "as it was before any");
    ended(&stage.run(&mirror, &first.name).await, 0);
    ended(&stage.run(&mirror, &first.name).await, 90);
    assert_eq!(read("deep/er/it's").as_deref(), Some("deep/er/it's\n"));
    assert_eq!(read("-n").as_deref(), Some("-n\n"));
    assert_eq!(fs::read_link(root.join("link")).expect("a link").to_str(), Some("no where"));
    assert_eq!(read("left out/x"), None);
    ended(&stage.run(&mirror, &second.name).await, 0);
    assert_eq!((read("-n"), read("other").as_deref()), (None, Some("other\n")));
    assert!(!root.join("deep").exists() && fs::symlink_metadata(root.join("link")).is_err());
    let back = mirror.undo(&stage.on(Some(&second.name), None)).expect("an inverse");
    ended(&stage.work(&back).await, 0);
    ended(&stage.work(&back).await, 90);
    assert_eq!((read("deep/er/it's").as_deref(), read("other")), (Some("deep/er/it's\n"), None));
    let linked = publish("link", "~/l", false);
    ended(&stage.run(&linked, &first.name).await, 0);
    ended(&stage.run(&linked, &second.name).await, 0);
    let seen = fs::read_to_string(stage.home().join("l/other")).expect("a file");
    assert_eq!(seen, "other\n");
}
