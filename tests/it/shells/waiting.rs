//! Waits, and the last check before the switch.

use std::fs;
use std::time::Duration;

use relm::engine::Operation as _;
use relm::operations::{AwaitCommand, CheckFlip, MarkComplete, RunCommand};
use relm::transport::{Exit, Status};

use super::stage::{Stage, record};

super::under_every_shell!(a_wait_ends_by_its_check_or_its_clock, a_host_that_can_flip_and_one_that_cannot);

async fn wait(stage: &Stage, check: &str) -> Exit {
    let check = RunCommand::new("wait", check);
    let second = Duration::from_secs(1);
    let operation = AwaitCommand { check, every: second, factor: 2, max: second, pauses: true };
    stage.run(&operation, &record(0).name).await
}

async fn a_wait_ends_by_its_check_or_its_clock(stage: Stage) {
    stage.with_version(0).await;
    for (check, code) in [
        ("true", 0),
        ("[ -e tried ] || { touch tried; exit 94; }", 0),
        ("exit 90", 94),
        ("set -e; false; true", 94),
        ("read -r line", 94),
        ("no-such-command", 94),
    ] {
        assert_eq!(wait(&stage, check).await.status, Status::Code(code), "{check}");
    }
}

async fn check(stage: &Stage, from: Option<u32>, to: u32) -> Exit {
    let (from, to) = (from.map(|from| record(from).name), record(to).name);
    stage.work(&CheckFlip.work(&stage.on(Some(&to), from.as_ref()))).await
}

async fn a_host_that_can_flip_and_one_that_cannot(stage: Stage) {
    for n in [0, 1] {
        stage.with_version(n).await;
    }
    assert_eq!(check(&stage, None, 0).await.status, Status::Code(1), "it is not complete");
    for n in [0, 1] {
        stage.run(&MarkComplete, &record(n).name).await;
    }
    assert_eq!(check(&stage, None, 0).await.status, Status::Code(0));
    let current = stage.path("current");
    std::os::unix::fs::symlink(format!("releases/{}", record(0).name), &current).expect("a link");
    assert_eq!(check(&stage, Some(0), 1).await.status, Status::Code(0));
    assert_eq!(check(&stage, Some(1), 0).await.status, Status::Code(0), "it runs it already");
    assert_eq!(check(&stage, None, 1).await.status, Status::Code(1), "somebody else was faster");
    fs::remove_file(&current).expect("a link");
    fs::create_dir(&current).expect("a directory");
    assert!(check(&stage, None, 1).await.stderr.contains("not a link"));
    fs::remove_dir(&current).expect("a directory");
    fs::remove_dir_all(stage.path(&format!("releases/{}", record(1).name))).expect("a directory");
    assert!(check(&stage, None, 1).await.stderr.contains("is not there"));
    let left = fs::read_dir(stage.path("")).expect("a directory").map(|entry| entry.expect("an entry").file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().starts_with(".current")));
}
