//! The flip: what `current` may be before, and what stands after.

use std::fs;
use std::os::unix::fs::symlink;

use relm::engine::Operation as _;
use relm::operations::{Actor, FlipCurrent, MarkComplete, MarkFailed, ReopenRelease};
use relm::release::{Flip, FlipStage};
use relm::transport::Exit;

use super::stage::{Stage, at, ended, record};
use crate::chaos::disk::Disk;

super::under_every_shell!(
    there_and_back,
    states_of_current,
    left_links_are_no_obstacle,
    what_changed_meanwhile_stays,
    a_history_without_its_last_newline,
    releases_turn_bad_and_good,
    marks,
    a_full_disk_is_no_obstacle_for_putting_back,
    what_a_killed_flip_did_is_flushed_and_written_down,
    a_file_for_other_programs_tells_what_went_live,
);

pub(super) fn operation(to: u32, leaves_bad: bool) -> FlipCurrent {
    let actor = Actor {
        task: if leaves_bad { "rollback" } else { "deploy" }.to_owned(),
        by: "Zoë O'Neil".to_owned(),
        login: "ada".to_owned(),
        machine: "laptop".to_owned(),
        message: Some("a 'quoted'\ntext \\ %s".to_owned()),
        consents: relm::release::Consents::default(),
        at: at(1000),
    };
    FlipCurrent { actor, record: record(to), leaves_bad, record_file: None }
}

async fn flip(stage: &Stage, from: Option<u32>, to: u32) -> Exit {
    let (from, to, operation) = (from.map(|from| record(from).name), record(to).name, operation(to, false));
    stage.work(&operation.work(&stage.on(Some(&to), from.as_ref()))).await
}

/// As the engine asks while it puts back: the release is the one that failed, and what was live before is live again.
async fn put_back(stage: &Stage, from: u32, to: Option<u32>) -> Exit {
    let (to, from, operation) = (to.map(|to| record(to).name), record(from).name, operation(from, false));
    stage.work(&operation.undo(&stage.on(Some(&from), to.as_ref())).expect("an undo")).await
}

fn live(stage: &Stage) -> Option<String> {
    let target = fs::read_link(stage.path("current")).ok()?;
    Some(target.to_str().expect("utf-8").to_owned())
}

fn target(n: u32) -> String {
    format!("releases/{}", record(n).name)
}

fn history(stage: &Stage) -> Vec<Flip> {
    let text = stage.read(".relm/history.jsonl");
    text.lines().map(|line| serde_json::from_str(line).expect("a flip")).collect()
}

async fn there_and_back(stage: Stage) {
    for n in 0..2 {
        stage.with_version(n).await;
    }
    ended(&flip(&stage, None, 0).await, 0);
    assert_eq!((live(&stage), stage.read("current/VERSION").as_str()), (Some(target(0)), record(0).name.as_str()));
    ended(&flip(&stage, None, 0).await, 90);
    ended(&flip(&stage, Some(0), 1).await, 0);
    assert_eq!(live(&stage), Some(target(1)));
    assert!((0..2).all(|n| stage.path(&format!(".relm/releases/{}/lived", record(n).name)).is_file()));
    ended(&put_back(&stage, 1, Some(0)).await, 0);
    assert_eq!(live(&stage), Some(target(0)));
    ended(&put_back(&stage, 1, Some(0)).await, 90);
    ended(&put_back(&stage, 0, None).await, 0);
    assert_eq!(live(&stage), None);
    ended(&put_back(&stage, 0, None).await, 90);
    let history = history(&stage);
    let tasks: Vec<_> = history.iter().map(|flip| (flip.task.as_str(), flip.stage, flip.to.clone())).collect();
    let both = |task, to: Option<u32>| {
        [FlipStage::Intent, FlipStage::Done].map(|stage| (task, stage, to.map(|to| record(to).name)))
    };
    let wanted = [both("deploy", Some(0)), both("deploy", Some(1)), both("put_back", Some(0)), both("put_back", None)];
    assert_eq!(tasks, wanted.concat());
    assert_eq!(history[0].message.as_deref(), Some("a 'quoted'\ntext \\ %s"));
    // What was put back by the run that made it live has never lived.
    assert!((0..2).all(|n| !stage.path(&format!(".relm/releases/{}/lived", record(n).name)).exists()));
    no_link_is_left(&stage);
}

fn no_link_is_left(stage: &Stage) {
    for entry in fs::read_dir(stage.path("")).expect("a directory") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(!name.starts_with(".current"), "{name} was left");
    }
}

async fn states_of_current(stage: Stage) {
    for n in 0..2 {
        stage.with_version(n).await;
    }
    let current = stage.path("current");
    // A whole path is as good as a relative one.
    symlink(stage.path(&target(0)), &current).expect("a link");
    ended(&flip(&stage, Some(0), 1).await, 0);
    assert_eq!(live(&stage), Some(target(1)));
    for odd in ["/elsewhere", "releases", "releases/2026-01-01_00.00.00", "-T", "new\nline"] {
        fs::remove_file(&current).expect("a link");
        symlink(odd, &current).expect("a link");
        let exit = flip(&stage, Some(1), 0).await;
        ended(&exit, 1);
        assert!(exit.stderr.contains("somebody else has changed it"), "{exit:?}");
        assert_eq!(live(&stage).as_deref(), Some(odd));
    }
    fs::remove_file(&current).expect("a link");
    fs::create_dir(&current).expect("a directory");
    let exit = flip(&stage, None, 0).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains("is not a link") && current.is_dir(), "{exit:?}");
    fs::remove_dir(&current).expect("a directory");
    fs::write(&current, "mine").expect("a file");
    ended(&flip(&stage, None, 0).await, 1);
    ended(&put_back(&stage, 0, None).await, 1);
    assert_eq!(stage.read("current"), "mine");
    fs::remove_file(&current).expect("a file");
    fs::remove_dir_all(stage.path(&target(0))).expect("a directory");
    let exit = flip(&stage, None, 0).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains("is not there") && !current.exists(), "{exit:?}");
}

async fn left_links_are_no_obstacle(stage: Stage) {
    for n in 0..2 {
        stage.with_version(n).await;
    }
    for name in [format!(".current-1-{}", record(1).name), format!(".current-99-{}", record(0).name)] {
        symlink(target(0), stage.path(&name)).expect("a link");
    }
    ended(&flip(&stage, None, 0).await, 0);
    ended(&flip(&stage, Some(0), 1).await, 0);
    assert_eq!(live(&stage), Some(target(1)));
    assert_eq!(fs::read_dir(stage.path(&target(0))).expect("a directory").count(), 1, "moved inside");
}

async fn what_changed_meanwhile_stays(stage: Stage) {
    for n in 0..3 {
        stage.with_version(n).await;
    }
    ended(&flip(&stage, None, 0).await, 0);
    let before = history(&stage);
    for exit in [flip(&stage, None, 1).await, flip(&stage, Some(2), 1).await, put_back(&stage, 2, Some(1)).await] {
        ended(&exit, 1);
        assert!(exit.stderr.contains("somebody else has changed it"), "{exit:?}");
    }
    assert_eq!((live(&stage), history(&stage)), (Some(target(0)), before));
}

async fn a_history_without_its_last_newline(stage: Stage) {
    for n in 0..2 {
        stage.with_version(n).await;
    }
    ended(&flip(&stage, None, 0).await, 0);
    let path = stage.path(".relm/history.jsonl");
    let whole = fs::read_to_string(&path).expect("a file");
    for rest in ["{\"at\":\"20", "\0\0\0\0", "half a line \\"] {
        fs::write(&path, format!("{whole}{rest}")).expect("a file");
        let there = live(&stage) == Some(target(0));
        ended(&if there { flip(&stage, Some(0), 1).await } else { flip(&stage, Some(1), 0).await }, 0);
        let text = fs::read_to_string(&path).expect("a file");
        let lines: Vec<_> = text.lines().collect();
        let readable = lines.iter().filter(|line| serde_json::from_str::<Flip>(line).is_ok()).count();
        assert_eq!((lines.len(), readable, text.ends_with('\n')), (5, 4, true), "{rest:?}: {text}");
    }
}

async fn releases_turn_bad_and_good(stage: Stage) {
    for n in 0..2 {
        let name = stage.with_version(n).await.name;
        ended(&stage.run(&MarkComplete, &name).await, 0);
    }
    ended(&flip(&stage, None, 0).await, 0);
    ended(&flip(&stage, Some(0), 1).await, 0);
    let (first, second) = (record(0).name, record(1).name);
    let rollback = operation(0, true).work(&stage.on(Some(&first), Some(&second)));
    ended(&stage.work(&rollback).await, 0);
    let written = |n| stage.read(&format!(".relm/releases/{}/state", record(n).name));
    assert!(written(1).starts_with("bad ") && written(0).starts_with("complete "), "{} {}", written(0), written(1));
    ended(&flip(&stage, Some(0), 1).await, 0);
    assert!(written(1).starts_with("complete "), "{}", written(1));
}

async fn marks(stage: Stage) {
    for n in 0..2 {
        stage.with_version(n).await;
    }
    let (live_one, other) = (record(0).name, record(1).name);
    let written = |n| stage.read(&format!(".relm/releases/{}/state", record(n).name));
    ended(&flip(&stage, None, 0).await, 0);
    ended(&stage.run(&MarkFailed { record: None }, &live_one).await, 90);
    assert!(written(0).starts_with("building "));
    ended(&stage.run(&MarkFailed { record: None }, &other).await, 0);
    assert!(written(1).starts_with("failed "));
    let synced = stage.synced();
    ended(&stage.run(&ReopenRelease, &live_one).await, 90);
    ended(&stage.run(&ReopenRelease, &other).await, 0);
    assert!(written(1).starts_with("building ") && synced()[0].ends_with("state.new"), "{:?}", synced());
    ended(&stage.run(&MarkComplete, &other).await, 0);
    assert!(written(1).starts_with("complete "));
    fs::remove_dir_all(stage.path(&format!("releases/{other}"))).expect("a directory");
    let exit = stage.run(&MarkComplete, &other).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains("is gone"), "{exit:?}");
    fs::remove_dir_all(stage.path(&format!(".relm/releases/{other}"))).expect("a directory");
    ended(&stage.run(&MarkFailed { record: None }, &other).await, 90);
}

/// Fills the disk and the last block of what is appended to.
fn fill(stage: &Stage, disk: &Disk) {
    for file in [".relm/history.jsonl".to_owned(), format!(".relm/releases/{}/steps", record(1).name)] {
        let mut text = stage.read(&file).into_bytes();
        text.resize(text.len().next_multiple_of(65536), b'-');
        fs::write(stage.path(&file), text).expect("a file");
    }
    disk.fill();
}

async fn a_full_disk_is_no_obstacle_for_putting_back(stage: Stage) {
    let Some(disk) = Disk::mount(&stage.path("")) else { return };
    for n in 0..2 {
        stage.with_version(n).await;
    }
    let steps = stage.path(&format!(".relm/releases/{}/steps", record(1).name));
    let reserve = stage.path(".relm/lock/reserve");
    fs::create_dir(stage.path(".relm/lock")).expect("a directory");
    ended(&flip(&stage, None, 0).await, 0);
    for is_kept_back in [true, false] {
        ended(&flip(&stage, Some(0), 1).await, 0);
        fs::write(&steps, "done 0123 after_flip restart\n").expect("a file");
        if is_kept_back {
            fs::write(&reserve, vec![0; 256 << 10]).expect("a file");
        }
        fill(&stage, &disk);
        let exit = put_back(&stage, 1, Some(0)).await;
        ended(&exit, 0);
        assert_eq!(live(&stage), Some(target(0)));
        assert_eq!(exit.stderr.contains("could not be written down"), !is_kept_back, "{exit:?}");
        assert_eq!(steps.exists(), is_kept_back, "a journal tells of a switch that is over");
        assert!(
            !is_kept_back || stage.read(".relm/history.jsonl").lines().last().expect("a line").contains("put_back")
        );
        // Forwards there must be a record.
        disk.mend();
        fs::write(&steps, "").expect("a file");
        fill(&stage, &disk);
        ended(&flip(&stage, Some(0), 1).await, 1);
        assert_eq!(live(&stage), Some(target(0)));
        disk.mend();
        fs::write(&steps, "").expect("a file");
    }
    no_link_is_left(&stage);
}

async fn a_file_for_other_programs_tells_what_went_live(stage: Stage) {
    for n in 0..3 {
        stage.with_version(n).await;
    }
    let told = |names: &[u32]| -> String {
        names.iter().map(|n| format!("{}\n", stage.path(&target(*n)).display())).collect()
    };
    let with_file =
        |to, leaves_bad| FlipCurrent { record_file: Some("RELEASES.txt".to_owned()), ..operation(to, leaves_bad) };
    let go = async |from: Option<u32>, to: u32, leaves_bad| {
        let (from, name) = (from.map(|from| record(from).name), record(to).name);
        stage.work(&with_file(to, leaves_bad).work(&stage.on(Some(&name), from.as_ref()))).await
    };
    let back = async |from: u32, to: Option<u32>| {
        let (to, name) = (to.map(|to| record(to).name), record(from).name);
        let undo = with_file(from, false).undo(&stage.on(Some(&name), to.as_ref())).expect("an undo");
        stage.work(&undo).await
    };
    ended(&go(None, 0, false).await, 0);
    ended(&back(0, None).await, 0);
    assert_eq!(stage.read("RELEASES.txt"), "");
    ended(&go(None, 0, false).await, 0);
    ended(&go(Some(0), 1, false).await, 0);
    ended(&go(Some(1), 2, false).await, 0);
    assert_eq!(stage.read("RELEASES.txt"), told(&[0, 1, 2]));
    // A line without its end is a line.
    fs::write(stage.path("RELEASES.txt"), told(&[0, 1, 2]).trim_end()).expect("a file");
    ended(&back(2, Some(1)).await, 0);
    assert_eq!(stage.read("RELEASES.txt"), told(&[0, 1]));
    // One that was good before stays so when its second switch is put back.
    ended(&go(Some(1), 0, false).await, 0);
    assert_eq!(stage.read("RELEASES.txt"), told(&[0, 1, 0]));
    ended(&back(0, Some(1)).await, 0);
    assert_eq!(stage.read("RELEASES.txt"), told(&[0, 1]));
    // A rollback that is put back has taken nothing out, whether it ended or was asked once more.
    ended(&go(Some(1), 0, true).await, 0);
    assert_eq!(stage.read("RELEASES.txt"), told(&[0]));
    ended(&back(0, Some(1)).await, 0);
    assert_eq!(stage.read("RELEASES.txt"), told(&[0, 1]));
    ended(&go(Some(1), 0, true).await, 0);
    ended(&go(Some(1), 0, true).await, 90);
    ended(&back(0, Some(1)).await, 0);
    ended(&back(0, Some(1)).await, 90);
    assert_eq!(stage.read("RELEASES.txt"), told(&[0, 1]));
    let synced = stage.synced();
    ended(&go(Some(1), 2, false).await, 0);
    assert!(synced().contains(&"RELEASES.txt.relm-new".to_owned()), "{:?}", synced());
    ended(&back(2, Some(1)).await, 0);
    // A rollback takes out what it leaves.
    ended(&go(Some(1), 0, true).await, 0);
    assert_eq!(stage.read("RELEASES.txt"), told(&[0]));
    // Killed before it was written: whoever flips again finds it live.
    fs::remove_file(stage.path("RELEASES.txt")).expect("a file");
    ended(&go(Some(0), 0, false).await, 90);
    assert_eq!(stage.read("RELEASES.txt"), told(&[0]));
    // What cannot be written is told, and stops nothing.
    fs::remove_file(stage.path("RELEASES.txt")).expect("a file");
    fs::create_dir(stage.path("RELEASES.txt")).expect("a directory");
    let exit = go(Some(0), 1, false).await;
    ended(&exit, 98);
    assert!(exit.stdout.ends_with("RELEASES.txt could not be written: it does not say what is live\n"), "{exit:?}");
    assert_eq!(live(&stage), Some(target(1)));
    ended(&back(1, Some(0)).await, 98);
    assert_eq!(live(&stage), Some(target(0)));
}

/// Told by what `sync` was asked.
async fn what_a_killed_flip_did_is_flushed_and_written_down(stage: Stage) {
    for n in 0..2 {
        stage.with_version(n).await;
    }
    ended(&flip(&stage, None, 0).await, 0);
    let synced = stage.synced();
    ended(&flip(&stage, Some(0), 1).await, 0);
    assert!(synced().contains(&format!(".relm/releases/{}/steps", record(0).name)), "{:?}", synced());
    let path = stage.path(".relm/history.jsonl");
    let text = fs::read_to_string(&path).expect("a file");
    let lines: Vec<_> = text.lines().collect();
    let stolen = lines[3].replace("\"done\"", "\"note\"");
    for between in [0, 1, 30].map(|notes| vec![stolen.as_str(); notes]) {
        let before = [&lines[..3], &between].concat();
        fs::write(&path, before.join("\n") + "\n").expect("a file");
        let synced = stage.synced();
        // The run that resumes has found the new release live.
        for _ in 0..2 {
            ended(&flip(&stage, Some(1), 1).await, 90);
        }
        assert!(synced().contains(&".".to_owned()), "{:?}", synced());
        let told = fs::read_to_string(&path).expect("a file");
        let told: Vec<Flip> = told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let done = Flip { stage: FlipStage::Done, ..told[2].clone() };
        assert_eq!((told.last(), told.len()), (Some(&done), before.len() + 1), "{told:?}");
    }
}
