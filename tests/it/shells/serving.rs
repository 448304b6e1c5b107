//! What is the same for services of every kind: their files, turning them, and where their processes run from.

use std::fs;
use std::time::Duration;

use relm::engine::Operation as _;
use relm::fleet::Targets;
use relm::operations::{File, Kind, RenderService, Service, Turn, TurnService, Within, read_state};
use relm::template::Template;
use relm::transport::{Exit, Status};

use super::stage::{Stage, ended, record};

super::under_every_shell!(a_service_follows_the_release_with_its_files);

/// A process of its own with its id in a file; what it is begun with is this service's only file.
fn service(text: &str) -> Service {
    let template = Template::new("serve", text, &["release_path"]).expect("a template");
    let own = |name, text: &str| (name, text.to_owned());
    Service {
        name: "shop".to_owned(),
        kind: Kind::Command,
        targets: Targets::all(),
        singleton: None,
        part: Vec::new(),
        programs: Vec::new(),
        files: vec![File { name: "serve".to_owned(), template, executable: true }],
        into: Some("bin".to_owned()),
        check: Some("grep -q exec \"$RELM_FILE\"".to_owned()),
        reloads: false,
        serial: false,
        time_limit: Duration::from_secs(3),
        commands: vec![
            own("relm_start", "\"$HOME/bin/serve\" >/dev/null 2>&1 & echo $! >\"$HOME/pid\""),
            own("relm_stop", "kill \"$(cat \"$HOME/pid\")\" 2>/dev/null; rm -f \"$HOME/pid\""),
            own("relm_status", "[ -e \"$HOME/pid\" ] && kill -0 \"$(cat \"$HOME/pid\")\""),
            own("relm_pids", "cat \"$HOME/pid\""),
        ],
        is_users: false,
        proof: true,
        becoming: None,
        app: "shop".to_owned(),
        reference: "main".to_owned(),
    }
}

async fn turn(stage: &Stage, service: &Service, turn: Turn, n: u32) -> Exit {
    stage
        .run(
            &TurnService { service: service.clone(), turn, within: Within::Switch, comes: false, by: None },
            &record(n).name,
        )
        .await
}

async fn a_service_follows_the_release_with_its_files(stage: Stage) {
    let right = service("#!/bin/sh\ncd '{{ release_path }}' && exec sleep 100\n");
    let wrong = service("#!/bin/sh\ncd / && exec sleep 100\n");
    for n in [0, 1, 2, 3] {
        stage.with_version(n).await;
    }
    for (n, service) in [(0, &right), (1, &right), (2, &wrong)] {
        ended(&stage.run(&RenderService(service.clone()), &record(n).name).await, 0);
    }
    let seen = || async {
        let name = record(1).name;
        let answer = stage.script(&right.asks_for_state(&stage.on(Some(&name), None))).await;
        read_state(&answer.stdout).into_iter().next().expect("a program")
    };
    ended(&turn(&stage, &right, Turn::Restart, 0).await, 0);
    let first = seen().await;
    assert_eq!((first.state.as_str(), first.releases), ("running", vec![record(0).name]));
    ended(&turn(&stage, &right, Turn::Restart, 1).await, 0);
    let second = seen().await;
    assert!(second.releases == [record(1).name] && second.pid != first.pid, "{second:?}");
    let lost = turn(&stage, &right, Turn::Restart, 2).await;
    assert!(lost.status == Status::Code(1) && lost.stderr.contains("does not run from any release"), "{lost:?}");
    // Back again: undoing is the same in the release that is live then.
    let undo =
        TurnService { service: right.clone(), turn: Turn::Restart, within: Within::Switch, comes: false, by: None };
    let (back, nothing) = (record(0).name, stage.on(None, None));
    ended(&stage.work(&undo.undo(&stage.on(Some(&back), None)).expect("an undo")).await, 0);
    assert_eq!(seen().await.releases, [record(0).name]);
    let installed = stage.home().join("bin/serve");
    fs::write(&installed, "edited\n").expect("a file");
    let away = stage.work(&undo.undo(&nothing).expect("an undo")).await;
    ended(&away, 0);
    assert!(away.stderr.contains("edited by hand") && installed.exists(), "{away:?}");
    fs::remove_file(&installed).expect("a file");
    let before_it_was_a_service = turn(&stage, &right, Turn::Restart, 3).await;
    ended(&before_it_was_a_service, 91);
    assert_eq!(seen().await.state, "stopped");
}
