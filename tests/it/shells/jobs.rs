//! Jobs: started, listed, waited for, followed and stopped.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use chrono::DateTime;
use relm::engine::Operation as _;
use relm::operations::{
    Actor, AwaitCommand, AwaitJob, JobState, RunCommand, ShowJob, StartJob, StopJob, list_jobs, read_jobs,
};
use relm::release::Consents;
use relm::transport::Status;

use super::stage::{Stage, ended, record};

super::under_every_shell!(
    a_job_is_started_once_and_waited_for,
    a_job_is_stopped_with_what_it_has_started,
    a_stopped_job_is_not_done_and_only_the_commands_files_are_for_others
);

fn actor() -> Actor {
    let text = |text: &str| text.to_owned();
    let (task, by, login, machine) = (text("deploy"), text("O'Hara"), text("eve"), text("desk"));
    Actor { task, by, login, machine, message: None, consents: Consents::default(), at: DateTime::UNIX_EPOCH }
}

async fn states(stage: &Stage) -> Vec<JobState> {
    let name = record(0).name;
    let exit = stage.script(&list_jobs(&stage.on(Some(&name), None))).await;
    let (jobs, damaged) = read_jobs(&exit.stdout);
    assert_eq!(damaged, 0, "{exit:?}");
    assert!(jobs.iter().all(|job| job.about.by == "O'Hara"), "{jobs:?}");
    jobs.into_iter().map(|job| job.state).collect()
}

async fn a_job_is_started_once_and_waited_for(stage: Stage) {
    let name = stage.with_version(0).await.name;
    let command = RunCommand::new(
        "index",
        "echo \"it's $RELM_RELEASE\"; until [ -e go ]; do sleep 0.1 || sleep 1; done; exit \"$(cat go)\"",
    );
    let start = StartJob::of_release(command.clone(), &actor());
    let second = Duration::from_secs(1);
    let check = RunCommand::new("indexed", "job index");
    let wait = AwaitCommand { check, every: second, factor: 1, max: second * 2, pauses: true };
    let wait = AwaitJob { wait, job: command };
    ended(&stage.run(&wait, &name).await, 1);
    ended(&stage.run(&start, &name).await, 0);
    ended(&stage.run(&start, &name).await, 90);
    assert!(matches!(states(&stage).await[..], [JobState::Running { .. }]));
    ended(&stage.run(&wait, &name).await, 94);
    let go = stage.path(&format!("releases/{name}/go"));
    fs::write(&go, "3").expect("a file");
    let exit = stage.run(&wait, &name).await;
    ended(&exit, 1);
    assert!(exit.stdout.contains(&format!("it's {name}")) && exit.stderr.contains("exited 3"), "{exit:?}");
    fs::write(&go, "0").expect("a file");
    ended(&stage.run(&start, &name).await, 0);
    ended(&stage.run(&wait, &name).await, 0);
    ended(&stage.run(&start, &name).await, 90);
    assert_eq!(states(&stage).await, [JobState::Ended { exit_code: 3 }, JobState::Ended { exit_code: 0 }]);
}

async fn a_job_is_stopped_with_what_it_has_started(stage: Stage) {
    let name = stage.with_version(0).await.name;
    let start = StartJob::of_release(RunCommand::new("index", "echo on; sleep 300 & wait"), &actor());
    ended(&stage.run(&start, &name).await, 0);
    let [JobState::Running { process }] = states(&stage).await[..] else { panic!("it does not run") };
    let stop = StopJob { id: start.id(), by: "Ann".to_owned() };
    ended(&stage.work(&stop.work(&stage.on(Some(&name), None))).await, 0);
    assert!(matches!(states(&stage).await[..], [JobState::Stopped { .. }]));
    assert!(!crate::site::lives(&process.to_string()));
    ended(&stage.work(&stop.work(&stage.on(Some(&name), None))).await, 90);
    let show = ShowJob { id: start.id(), lines: 5, follows: true };
    let exit = stage.work(&show.work(&stage.on(Some(&name), None))).await;
    // Some shells have a word of their own for it.
    assert!(exit.stdout.starts_with("on\n") && exit.status == Status::Code(1), "{exit:?}");
}

async fn a_stopped_job_is_not_done_and_only_the_commands_files_are_for_others(stage: Stage) {
    let name = stage.with_version(0).await.name;
    let up = stage.path(&format!("releases/{name}/up"));
    let run = "trap 'exit 0' TERM; >up; while :; do sleep 0.1 || sleep 1; done";
    let start = StartJob::of_release(RunCommand::new("index", run), &actor());
    ended(&stage.run(&start, &name).await, 0);
    assert!(crate::site::within(20, || up.exists()));
    let mode = |path: &std::path::Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    let own = stage.path("own");
    fs::write(&own, "").expect("a file");
    assert_eq!(mode(&up), mode(&own), "its umask is the session's");
    let stop = StopJob { id: start.id(), by: "Ann".to_owned() };
    ended(&stage.work(&stop.work(&stage.on(Some(&name), None))).await, 0);
    assert_eq!(states(&stage).await, [JobState::Stopped { exit_code: 143 }]);
    for file in ["log", "key", "stopped", "exit"] {
        assert_eq!(mode(&stage.path(&format!(".relm/jobs/{}/{file}", start.id()))), 0o600, "{file}");
    }
    ended(&stage.run(&start, &name).await, 0);
    let states = states(&stage).await;
    let [JobState::Stopped { .. }, JobState::Running { .. }] = states[..] else { panic!("{states:?}") };
    let stop = StopJob { id: format!("{}.2", start.id()), by: "Ann".to_owned() };
    ended(&stage.work(&stop.work(&stage.on(Some(&name), None))).await, 0);
}
