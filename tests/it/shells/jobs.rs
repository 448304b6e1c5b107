//! Jobs: started, listed, waited for, followed and stopped.

use std::fs;
use std::time::Duration;

use chrono::DateTime;
use relm::engine::Operation as _;
use relm::operations::{
    Actor, AwaitCommand, AwaitJob, JobState, RunCommand, ShowJob, StartJob, StopJob, list_jobs, read_jobs,
};
use relm::release::Consents;
use relm::transport::Status;

use super::stage::{Stage, ended, record};

super::under_every_shell!(a_job_is_started_once_and_waited_for, a_job_is_stopped_with_what_it_has_started);

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
