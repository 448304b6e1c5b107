//! Commands that are asked whether they have to run and what they have changed, and where they stand.

use std::fs;
use std::sync::Arc;

use relm::engine::Operation as _;
use relm::operations::{ConditionalCommand, RunCommand};

use super::stage::{Stage, ended};

super::under_every_shell!(
    only_a_plain_no_has_a_command_run,
    what_it_prints_says_whether_it_has_changed_anything,
    what_did_not_run_is_not_taken_back,
    a_command_stands_where_the_file_says
);

fn asked(run: &str, unless: Option<&str>, changed_if: Option<&str>) -> ConditionalCommand {
    let command = RunCommand { undo: Some("echo undone >>../undone".to_owned()), ..RunCommand::new("my step", run) };
    let (unless, changed_if) = (unless.map(str::to_owned), changed_if.map(str::to_owned));
    ConditionalCommand { operation: Arc::new(command.clone()), command, unless, changed_if }
}

async fn only_a_plain_no_has_a_command_run(stage: Stage) {
    let name = stage.with_version(0).await.name;
    for (unless, code, runs) in [
        ("true", 91, 0),
        ("cd /; exit 0", 91, 0),
        ("false", 0, 1),
        ("set -e; false; true", 0, 1),
        ("read -r line", 0, 1),
        ("false | true", 91, 0),
        ("exit 2", 1, 0),
        ("exit 90", 1, 0),
        ("exit 91", 1, 0),
        ("no-such-command", 1, 0),
        ("kill -s KILL \"$(sh -c 'echo $PPID')\"", 1, 0),
    ] {
        // Where the host's sh has pipefail, the pipe says no.
        let has_pipefail = stage.run(&RunCommand::new("x", "(set -o pipefail) 2>/dev/null"), &name).await;
        let (code, runs) =
            if unless == "false | true" && has_pipefail.status.success() { (0, 1) } else { (code, runs) };
        let _ = fs::remove_file(stage.path(&format!("releases/{name}/ran")));
        let exit = stage.run(&asked("echo on >>ran", Some(unless), None), &name).await;
        ended(&exit, code);
        let ran = fs::read_to_string(stage.path(&format!("releases/{name}/ran"))).unwrap_or_default();
        assert_eq!(ran.lines().count(), runs, "{unless}: {exit:?}");
        if code == 91 {
            assert!(exit.stdout.ends_with("its unless says that it need not run\n"), "{exit:?}");
        }
        if code == 1 {
            assert!(exit.stderr.contains("neither yes (0) nor no (1): my step was not run"), "{exit:?}");
        }
    }
    for code in [90, 91] {
        ended(&stage.run(&asked(&format!("exit {code}"), Some("false"), None), &name).await, 1);
    }
    ended(&stage.run(&asked("exit 7", Some("false"), None), &name).await, 7);
}

async fn what_it_prints_says_whether_it_has_changed_anything(stage: Stage) {
    let name = stage.with_version(0).await.name;
    let copied = "^[1-9][0-9]* files? copied";
    for (run, code) in [
        ("echo begins; echo 0 files copied", 90),
        ("echo begins; echo 12 files copied; echo ends", 0),
        ("printf '1 file copied'", 0),
        ("printf 'a\\0b\\n3 files copied\\n'", 0),
        ("printf 'a\\377b\\n'", 90),
        ("echo 3 files copied >&2", 90),
        ("true", 90),
        ("echo 3 files copied; exit 4", 4),
        ("exit 4", 4),
        ("exit 90", 1),
        ("trap 'echo 2 files copied' EXIT", 0),
        ("exec echo 2 files copied", 0),
        ("seq 1 20000; echo 2 files copied", 0),
        ("seq 1 20000", 90),
    ] {
        let exit = stage.run(&asked(run, None, Some(copied)), &name).await;
        ended(&exit, code);
        let plain = stage.run(&RunCommand::new("x", run), &name).await;
        assert_eq!((&exit.stdout, &plain.stdout), (&plain.stdout, &exit.stdout), "{run}: it is heard as it is");
    }
    // What has not run has not changed anything either, and what must be looked at is looked at behind it.
    ended(&stage.run(&asked("echo 2 files copied", Some("true"), Some(copied)), &name).await, 91);
    ended(&stage.run(&asked("echo 2 files copied", Some("false"), Some(copied)), &name).await, 0);
    ended(&stage.run(&asked("echo 0 files copied", Some("false"), Some(copied)), &name).await, 90);
    let exit = stage.run(&asked("read -r line || echo end", None, Some("end")), &name).await;
    ended(&exit, 0);
}

async fn what_did_not_run_is_not_taken_back(stage: Stage) {
    let name = stage.with_version(0).await.name;
    let other = stage.with_version(1).await.name;
    let undone = || fs::read_to_string(stage.path("releases/undone")).unwrap_or_default().lines().count();
    let back = |step: &ConditionalCommand| step.undo(&stage.on(Some(&name), None)).expect("a way back");
    let step = asked("true", Some("test -e ../skip"), None);
    fs::write(stage.path("releases/skip"), "").expect("a file");
    ended(&stage.run(&step, &name).await, 91);
    ended(&stage.work(&back(&step)).await, 90);
    assert_eq!(undone(), 0);
    fs::remove_file(stage.path("releases/skip")).expect("a file");
    ended(&stage.run(&step, &name).await, 0);
    // A run that was killed behind it is gone on with: it is down by its own doing.
    fs::write(stage.path("releases/skip"), "").expect("a file");
    ended(&stage.run(&step, &name).await, 91);
    ended(&stage.work(&back(&step)).await, 0);
    ended(&stage.work(&back(&step)).await, 90);
    assert_eq!(undone(), 1);
    // Once another release finds it so, nobody takes it back any more.
    fs::remove_file(stage.path("releases/skip")).expect("a file");
    ended(&stage.run(&step, &name).await, 0);
    fs::write(stage.path("releases/skip"), "").expect("a file");
    ended(&stage.run(&step, &other).await, 91);
    ended(&stage.work(&back(&step)).await, 90);
    // Nor where it cannot even be told whether it has to run.
    fs::remove_file(stage.path("releases/skip")).expect("a file");
    ended(&stage.run(&step, &name).await, 0);
    let untold = asked("true", Some("exit 2"), None);
    ended(&stage.run(&untold, &other).await, 1);
    ended(&stage.work(&back(&untold)).await, 90);
    assert_eq!(undone(), 1);
    // What fails half-way has begun.
    ended(&stage.run(&asked("exit 3", Some("test -e ../skip"), None), &name).await, 3);
    ended(&stage.work(&back(&step)).await, 0);
    assert_eq!(undone(), 2);
}

async fn a_command_stands_where_the_file_says(stage: Stage) {
    let name = stage.with_version(0).await.name;
    let release = stage.layout.release(&name);
    fs::create_dir_all(stage.path(&format!("releases/{name}/web/it's"))).expect("a directory");
    let home = stage.home().display().to_string();
    let at = |cwd: &str| RunCommand { cwd: Some(cwd.to_owned()), ..RunCommand::new("x", "pwd") };
    for (cwd, place) in [
        ("web/it's", format!("{release}/web/it's")),
        ("{{ release_path }}/web", format!("{release}/web")),
        ("/", "/".to_owned()),
        ("~", home.clone()),
        ("~/srv", format!("{home}/srv")),
    ] {
        let exit = stage.run(&at(cwd), &name).await;
        assert_eq!(exit.stdout, format!("{place}\n"), "{cwd}: {exit:?}");
    }
    for (cwd, place) in [("nowhere", format!("{release}/nowhere")), ("/no/where", "/no/where".to_owned())] {
        for outside in [false, true] {
            let exit = stage.run(&RunCommand { outside, ..at(cwd) }, &name).await;
            ended(&exit, 126);
            let place = if outside { place.replace(&release, stage.layout.base()) } else { place.clone() };
            assert!(exit.stderr.contains(&format!("cwd: {place} is no directory here")), "{exit:?}");
        }
        // What cannot be asked there is no no.
        let command = at(cwd);
        let operation = Arc::new(command.clone());
        let (unless, changed_if) = (Some("false".to_owned()), None);
        ended(&stage.run(&ConditionalCommand { operation, command, unless, changed_if }, &name).await, 1);
    }
}
