//! Files filled in for a host, in the release and outside of it; files sourced before commands.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use relm::engine::Operation as _;
use relm::fleet::Targets;
use relm::operations::{FilledFile, PlaceFiles, RunCommand, WriteTemplates};
use relm::template::Template;
use relm::transport::Exit;

use super::stage::{Stage, ended};

super::under_every_shell!(files_come_to_their_places_and_go_back, commands_see_what_is_sourced);

fn template(dest: &str, text: &str) -> FilledFile {
    FilledFile {
        dest: dest.to_owned(),
        template: Template::new(dest, text, &["host", "release"]).expect("a template"),
        mode: "0640".to_owned(),
        owner: String::new(),
        targets: Targets::all(),
        check: Some("test -s \"$RELM_FILE\"".to_owned()),
        secrets: Vec::new(),
    }
}

fn write(files: Vec<FilledFile>) -> WriteTemplates {
    WriteTemplates { files, app: "shop".to_owned(), reference: "main".to_owned() }
}

/// Takes them to their places, or back.
async fn place(
    stage: &Stage,
    release: &relm::release::Record,
    before: Option<&relm::release::Record>,
    back: bool,
) -> Exit {
    let on = stage.on(Some(&release.name), before.map(|record| &record.name));
    let work = if back { PlaceFiles.undo(&on).expect("an inverse") } else { PlaceFiles.work(&on) };
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
    // A run that goes on with it puts back what the first one found.
    ended(&place(&stage, &second, Some(&second), false).await, 0);
    assert_eq!(read().as_deref(), Some("two\n"));
    ended(&place(&stage, &second, Some(&second), true).await, 0);
    assert_eq!(read().as_deref(), Some("one\n"));
    ended(&place(&stage, &second, Some(&first), false).await, 0);
    // A release without it, and back.
    ended(&place(&stage, &third, Some(&second), false).await, 0);
    assert_eq!(read(), None);
    ended(&place(&stage, &third, Some(&second), true).await, 0);
    assert_eq!(read().as_deref(), Some("two\n"));
    let refused = stage.run(&write(vec![template("~/etc/x", "")]), &third.name).await;
    ended(&refused, 1);
    assert!(refused.stderr.contains("the check of ~/etc/x failed (exit code 1)"), "{refused:?}");
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
    for broken in ["GREETING=hidden\nif then", "GREETING=hidden\nexit 0", "echo ${HIDDEN?hidden}"] {
        fs::write(stage.home().join("it's.sh"), broken).expect("a file");
        let exit = stage.run(&command, &record.name).await;
        ended(&exit, 126);
        assert!(exit.stderr.contains("is nothing that sh can source"), "{exit:?}");
        assert!(!exit.stderr.contains("hidden"), "{exit:?}");
    }
}
