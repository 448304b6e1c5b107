//! Jobs: started by a deploy, a task or `relm run --detach`, they go on by themselves.

use std::fs;

use serde_json::Value;

use crate::fleet::Fleet;
use crate::site::{Site, kill, lives, logged, operation, within};

/// A job on the first host that waits for `$SITE/go` and exits with what stands in it, and a wait for it.
const INDEX: &str = r#"
[[operations]]
name = "preindex"
phase = "prepare"
roles = ["db"]
once = true
job = true
run = '''
echo "indexing $RELM_RELEASE"; echo start >> "$SITE/starts"
until [ -e "$SITE/go" ]; do sleep 0.1; done
exit "$(cat "$SITE/go")"
'''
[[operations]]
name = "preindexed"
phase = "prepare"
wait = { job = "preindex", every = "1s", max = "1s" }
"#;

const TASK: &str = "[tasks.preindex]\nabout = \"Build a private release and index in it\"\n\
    operations = [\"setup-release\", \"preindex\", \"preindexed\"]\n";

fn jobs(site: &Site) -> Vec<Value> {
    site.relm("jobs --json").ends(0).report()["jobs"].as_array().expect("jobs").clone()
}

/// How the only job stands.
#[track_caller]
fn state(site: &Site) -> String {
    let all = jobs(site);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0]["state"].as_str().expect("a state").to_owned()
}

fn detached(site: &Site, script: &str) -> Value {
    site.relm_with(["run", "--detach", "--once", "test", "--", "sh", "-c", script]).ends(0);
    jobs(site).pop().expect("a job")
}

/// A private release, a long job in it, and a wait that may be in vain today: how indexes are made ahead of a deploy.
#[test]
fn a_task_of_release_job_and_wait_pauses_and_is_resumed() {
    let site = Site::new("web1=web db1=db", "");
    let live = site.deploy();
    site.configure(&format!("{INDEX}{TASK}"));
    let done = site.relm("preindex --json").ends(75);
    assert_eq!(done.ending()["next"], serde_json::json!(["relm preindex test --resume"]));
    assert_eq!(site.live(), live);
    let job = jobs(&site).pop().expect("a job");
    assert_eq!((&job["state"], &job["host"], &job["by"]), (&"running".into(), &"db1".into(), &"tester".into()));
    let built = job["release"].as_str().expect("a release").to_owned();
    assert!(job["id"].as_str().expect("a name").ends_with("-preindex"), "{job}");
    // Nothing is begun anew, neither the release nor the job.
    site.relm("preindex --resume").ends(75);
    site.write("go", "0");
    site.relm("preindex --resume").ends(0);
    assert_eq!(site.read("starts"), "start\n");
    assert_eq!(site.host("db1").releases(), [live.clone(), built.clone()]);
    assert_eq!((site.host("db1").state(&built).as_str(), state(&site).as_str()), ("complete", "ended"));
    site.relm("preindex --resume").ends(3).says(&["preindex is finished in"]);
    // Made live, it has its index already.
    site.relm(&format!("deploy --release {built}")).ends(0);
    assert_eq!((site.live(), site.read("starts")), (built, "start\n".to_owned()));
    site.relm("preindex --resume --release 2001-01-01_00.00.00").ends(3).says(&["is no private release"]);
}

#[test]
fn a_job_that_failed_fails_the_wait_at_once_and_a_resumed_deploy_starts_it_anew() {
    let site = Site::new("web1=web db1=db", &INDEX.replace("max = \"1s\"", "max = \"1h\""));
    site.write("go", "7");
    site.relm("deploy").ends(1).says(&["preindexed", "exited 7", "indexing", "relm deploy test --resume"]);
    assert_eq!(site.host("web1").current(), None);
    site.write("go", "0");
    site.relm("deploy --resume").ends(0);
    assert_eq!(site.read("starts"), "start\nstart\n");
    let states: Vec<u64> = jobs(&site).iter().map(|job| job["exit_code"].as_u64().expect("a code")).collect();
    assert_eq!(states, [7, 0]);
}

#[test]
fn a_job_goes_on_without_relm_and_holds_no_lock() {
    let site = Site::new("web1", "");
    site.deploy();
    let job =
        detached(&site, "echo $RELM_RELEASE; echo $$ > $SITE/pid; until [ -e $SITE/go ]; do sleep 0.1; done; exit 3");
    assert_eq!((&job["state"], &job["name"]), (&"running".into(), &"sh".into()));
    site.await_file("pid");
    let stat = fs::read_to_string(format!("/proc/{}/stat", site.read("pid").trim())).expect("it runs");
    let session = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(3)).expect("a session").to_owned();
    assert_eq!(session, job["process"].to_string(), "a session of its own");
    let live = site.live();
    site.deploy();
    let id = job["id"].as_str().expect("a name");
    assert_eq!(site.relm(&format!("jobs tail {id}")).ends(0).stdout, format!("{live}\n"));
    let child = site.start(&format!("jobs test tail {id} --follow"));
    site.write("go", "");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("exited 3"), "{output:?}");
    let told = site.relm("jobs").ends(0).stdout;
    assert!(told.contains("exited 3") && told.contains("tester"), "{told}");
}

#[test]
fn a_release_that_a_job_runs_from_is_not_cleaned() {
    let site = Site::new("web1", "[release]\nkeep = 1\n");
    let old = site.deploy();
    // It works elsewhere itself; the job stands in its release all the same.
    detached(&site, "cd /; until [ -e $SITE/go ]; do sleep 0.1; done");
    // Neither live nor what a rollback goes to.
    let others = [site.deploy(), site.deploy()];
    assert_eq!(site.host("web1").releases(), [old.clone(), others[0].clone(), others[1].clone()]);
    let shown = site.relm("clean-releases --dry-run").ends(0).stdout;
    let line = shown.lines().find(|line| line.contains(&old)).expect("a line");
    assert!(line.contains("stays") && line.contains("in use by process"), "{shown}");
    site.relm("clean-releases").ends(0);
    assert_eq!(site.host("web1").releases().len(), 3);
    site.write("go", "");
    assert!(within(20, || state(&site) == "ended"));
    site.relm("clean-releases").ends(0);
    assert_eq!(site.host("web1").releases(), others);
}

#[test]
fn a_stopped_job_ends_with_all_it_has_started() {
    let site = Site::new("web1", "");
    site.deploy();
    let job = detached(&site, "timeout 300 sleep 300 & echo $! > $SITE/child; wait");
    site.await_file("child");
    assert!(within(20, || !site.read("child").trim().is_empty()));
    let (id, child) = (job["id"].as_str().expect("a name"), site.read("child").trim().to_owned());
    // What `timeout` runs is in a group of its own.
    let stat = fs::read_to_string(format!("/proc/{child}/stat")).expect("it runs");
    assert_eq!(stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(2)), Some(child.as_str()));
    let done = site.relm(&format!("jobs stop {id}")).ends(0);
    assert!(done.stdout.contains("is stopped"), "{}", done.stdout);
    assert!(within(20, || !lives(&child)), "its child lives");
    assert_eq!(state(&site), "stopped");
    site.relm(&format!("jobs stop {id}")).ends(0);
    site.relm("jobs stop nonsense").ends(3).says(&["no host of test knows a job \"nonsense\""]);
}

/// Started once more it would run twice.
#[test]
fn a_job_whose_shell_was_killed_runs_as_long_as_its_command() {
    let site = Site::new("web1", "");
    site.deploy();
    let job = detached(&site, "sleep 300 & echo $! > $SITE/child; wait");
    site.await_file("child");
    kill(&job["process"].to_string(), "KILL");
    assert!(within(20, || !lives(&job["process"].to_string())));
    assert_eq!(state(&site), "running");
    site.relm(&format!("jobs stop {}", job["id"].as_str().expect("a name"))).ends(0);
    assert!(!lives(site.read("child").trim()));
    assert_eq!(state(&site), "stopped");
}

/// A number is given again after a while, and every number after the host went down.
#[test]
fn a_job_whose_process_is_gone_never_passes_for_running() {
    let site = Site::new("web1", "");
    site.deploy();
    let job = detached(&site, "sleep 300");
    let directory = site.host("web1").path(".relm/jobs").join(job["id"].as_str().expect("a name"));
    let process = fs::read_to_string(directory.join("process")).expect("a process");
    let words: Vec<&str> = process.split_whitespace().collect();
    assert_eq!(state(&site), "running");
    for (start, boot) in [("1", words[2]), (words[1], "8f1c0e5e-0000-4000-8000-000000000000")] {
        fs::write(directory.join("process"), format!("{} {start} {boot}\n", words[0])).expect("a file");
        assert_eq!(state(&site), "gone", "{start} {boot}");
    }
    fs::write(directory.join("process"), &process).expect("a file");
    let group = format!("-{}", words[0]);
    kill(&group, "KILL");
    assert!(within(20, || state(&site) == "gone"));
    let id = job["id"].as_str().expect("a name");
    site.relm(&format!("jobs tail {id} -f")).ends(1).says(&["is gone"]);
}

#[test]
fn what_a_job_says_is_shown_without_secrets_and_nobody_else_reads_it() {
    let settings = operation("index", "prepare", "job = true\nsecrets = [\"TOKEN\"]", "echo $TOKEN")
        + &logged("next", "prepare", "")
        + "[secrets]\nTOKEN = { file = \"token\" }\n";
    let site = Site::new("web1", &settings);
    site.write("token", "wonderful-8841\n");
    site.deploy();
    assert!(within(20, || state(&site) == "ended"));
    let id = jobs(&site)[0]["id"].as_str().expect("a name").to_owned();
    // On the host too, as long as it was.
    assert_eq!(site.relm(&format!("jobs tail {id}")).ends(0).stdout, "[TOKEN]*******\n");
    let directory = site.host("web1").path(".relm/jobs").join(&id);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&directory).expect("a directory").permissions());
    assert_eq!(mode & 0o077, 0);
    for entry in fs::read_dir(&directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        assert!(!fs::read_to_string(&path).expect("a file").contains("wonderful"), "{}", path.display());
    }
}

#[test]
fn a_job_survives_its_session_and_the_end_of_sshd() {
    let Some(mut fleet) = Fleet::start() else { return };
    fleet.relm(&["deploy"]).ends(0);
    fleet.relm(&["run", "--detach", "--hosts", "web1", "--", "sh", "-c", "echo $$ > pid; exec sleep 300"]).ends(0);
    let pid = fleet.path("web1/www/test/current/pid");
    let read = || fs::read_to_string(&pid).unwrap_or_default().trim().to_owned();
    assert!(within(20, || !read().is_empty()));
    assert!(within(20, || fleet.server("web1").sessions().is_empty()), "a session is open");
    let told = fleet.relm(&["jobs", "--json"]).ends(0).report();
    assert_eq!((&told["jobs"][0]["state"], &told["jobs"][0]["host"]), (&"running".into(), &"web1".into()));
    fleet.servers.remove(0);
    assert!(lives(&read()), "it ended with sshd");
    kill(&format!("-{}", told["jobs"][0]["process"]), "KILL");
}
