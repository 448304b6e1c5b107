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
    what_a_job_says_without_end_fills_no_disk,
    what_a_job_leaves_running_does_not_keep_it_from_ending,
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
    let run = "trap 'echo bye; exit 0' TERM; >up; while :; do sleep 0.1 || sleep 1; done";
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
    let said = fs::read_to_string(stage.path(&format!(".relm/jobs/{}/log", start.id()))).expect("a log");
    assert!(said.contains("bye\n"), "its last words are lost: {said}");
    for file in ["log", "key", "stopped", "exit"] {
        assert_eq!(mode(&stage.path(&format!(".relm/jobs/{}/{file}", start.id()))), 0o600, "{file}");
    }
    ended(&stage.run(&start, &name).await, 0);
    let states = states(&stage).await;
    let [JobState::Stopped { .. }, JobState::Running { .. }] = states[..] else { panic!("{states:?}") };
    let stop = StopJob { id: format!("{}.2", start.id()), by: "Ann".to_owned() };
    ended(&stage.work(&stop.work(&stage.on(Some(&name), None))).await, 0);
}

/// Waits until the only job has ended, and returns how.
async fn come_to_its_end(stage: &Stage) -> JobState {
    for _ in 0..200 {
        let now = *states(stage).await.last().expect("a job");
        if !matches!(now, JobState::Running { .. }) {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it does not end");
}

async fn what_a_job_says_without_end_fills_no_disk(stage: Stage) {
    let name = stage.with_version(0).await.name;
    let log =
        |start: &StartJob| fs::read_to_string(stage.path(&format!(".relm/jobs/{}/log", start.id()))).expect("a log");
    let max = 8 << 10;
    let job = |called: &str, run: &str| {
        let start = StartJob::of_release(RunCommand::new(called, run), &actor());
        start.logging(Some(max))
    };
    // It is not killed by it: it comes to its own end, with its own exit code.
    let endless = job(
        "long",
        "echo first; i=0; while [ $i -lt 30000 ]; do echo \"line $i\"; i=$((i + 1)); done; echo last >&2; exit 5",
    );
    ended(&stage.run(&endless, &name).await, 0);
    assert_eq!(come_to_its_end(&stage).await, JobState::Ended { exit_code: 5 });
    let said = log(&endless);
    let (head, tail) = said.split_once("\nrelm: the log is full (8192 bytes)").expect("it says so");
    assert!(head.starts_with("first\nline 0\n") && head.len() == 8192, "{}", head.len());
    // Neither half of a line that is cut in two may be half of a secret.
    let cut = head.lines().last().expect("a line");
    assert!(cut.bytes().all(|byte| byte == b'*') || head.ends_with('\n'), "{cut}");
    let lines: Vec<&str> = tail.lines().skip(1).collect();
    assert!(lines.first().is_some_and(|line| line.starts_with("line ")), "{:?}", lines.first());
    assert_eq!(lines[lines.len() - 2..], ["line 29999", "last"]);
    assert!(tail.len() < 66_000, "{}", tail.len());
    // What fits stands there as it was said, whole, whenever it has ended; and so does what ends no line.
    for (called, run, whole) in [
        ("short", "printf 'a\\0b'; echo c >&2", "a\0bc\n".to_owned()),
        ("exact", "head -c 8192 /dev/zero | tr '\\0' x", "x".repeat(8192)),
        ("nothing", "true", String::new()),
    ] {
        let start = job(called, run);
        ended(&stage.run(&start, &name).await, 0);
        assert_eq!(come_to_its_end(&stage).await, JobState::Ended { exit_code: 0 }, "{called}");
        assert_eq!(log(&start), whole, "{called}");
    }
    let start = job("wide", "head -c 300000 /dev/zero | tr '\\0' x; echo; echo end");
    ended(&stage.run(&start, &name).await, 0);
    assert_eq!(come_to_its_end(&stage).await, JobState::Ended { exit_code: 0 });
    let said = log(&start);
    assert!(said.starts_with("****") && said.ends_with("\nend\n") && !said.contains('x'), "{}", said.len());
}

async fn what_a_job_leaves_running_does_not_keep_it_from_ending(stage: Stage) {
    let name = stage.with_version(0).await.name;
    let go = stage.path("go");
    let run =
        format!("echo on; ( until [ -e '{}' ]; do sleep 0.1 || sleep 1; done; echo late ) & exit 3", go.display());
    let start = StartJob::of_release(RunCommand::new("index", &run), &actor());
    ended(&stage.run(&start, &name).await, 0);
    let exit = stage.path(&format!(".relm/jobs/{}/exit", start.id()));
    assert!(crate::site::within(40, || exit.exists()));
    assert_eq!(fs::read_to_string(&exit).expect("a code"), "3\n");
    let log = || fs::read_to_string(stage.path(&format!(".relm/jobs/{}/log", start.id()))).expect("a log");
    assert_eq!(log(), "on\n");
    fs::write(&go, "").expect("a file");
    assert!(crate::site::within(20, || log() == "on\nlate\n"), "{}", log());
}
