//! What a run leaves on the machine it was started on: its log, and what is told from it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::site::{Done, Site, logged, operation};

const LOGS: &str = "home/.local/state/relm/logs";

fn logs(site: &Site, directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(site.path(directory)).into_iter().flatten();
    let mut logs: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    logs.sort();
    logs
}

#[test]
fn every_run_that_changes_hosts_leaves_its_events() {
    let talk = operation("talk", "prepare", "secrets = [\"TOKEN\"]", "echo it is $TOKEN on $RELM_HOST");
    let token = "[secrets]\nTOKEN = { file = \"token\" }\n";
    let site = Site::new("web1 web2", &format!("{token}{talk}{}", logged("late", "prepare", "")));
    site.write("token", "s3cr3t-words\n");
    for line in ["status", "check", "deploy --dry-run", "history", "run -- true"] {
        site.relm(line);
    }
    assert_eq!(logs(&site, LOGS), Vec::<PathBuf>::new(), "these change nothing, or print what is nobody else's");
    let good = site.relm("deploy").ends(0);
    let [log] = &logs(&site, LOGS)[..] else { panic!("one run, one log") };
    let told = log.to_str().expect("UTF-8");
    assert!(!good.stderr.contains(told), "{}", good.stderr);
    let text = fs::read_to_string(log).expect("a log");
    let events = Done { code: Some(0), stdout: text.clone(), stderr: String::new() };
    assert_eq!(events.json()[0]["event"], "run_started");
    assert_eq!(events.ending()["ending"], "succeeded");
    assert!(text.contains("it is [TOKEN] on web2") && !text.contains("s3cr3t"), "{text}");
    let mode = |path: &PathBuf| fs::metadata(path).expect("metadata").mode() & 0o7777;
    assert_eq!((mode(log), mode(&site.path(LOGS))), (0o600, 0o700));
    assert!(told.ends_with("-deploy-test.jsonl"), "{told}");
    let played = site.relm_with(["debug", "play", "-v", told]).ends(0).stdout;
    assert!(played.contains("web2 | it is [TOKEN] on web2") && played.contains("✔ test runs"), "{played}");
    // A failure says where to read on, and so does whoever wants to see all.
    let verbose = site.relm("rollback -v").ends(3);
    assert!(!verbose.stderr.contains("relm/logs"), "a refusal has done nothing: {}", verbose.stderr);
    site.relm("deploy -v").ends(0).says(&["log ", ".local/state/relm/logs/"]);
    site.write("broken-late-web2", "");
    let bad = site.relm("deploy").ends(1);
    let log = logs(&site, LOGS).pop().expect("a log");
    bad.says(&["  log ", &log.display().to_string(), "  did "]);
    assert!(fs::read_to_string(log).expect("a log").contains("late is broken on web2"));
}

#[test]
fn a_log_goes_where_it_is_told_and_stops_no_run() {
    let site = Site::new("web1", "");
    let to = |directory: &str, line: &str| {
        let mut command = site.command(line.split_whitespace());
        Done::from(command.env("RELM_LOG_DIR", directory).output().expect("a process"))
    };
    to("artefacts/logs", "deploy").ends(0);
    assert_eq!(logs(&site, "artefacts/logs").len(), 1);
    let mut command = site.command(["deploy"]);
    Done::from(command.env("XDG_STATE_HOME", site.path("state")).output().expect("a process")).ends(0);
    assert_eq!(logs(&site, "state/relm/logs").len(), 1);
    site.write("file", "");
    let done = to("file/logs", "deploy").ends(0);
    assert_eq!(
        done.stderr.matches("no log is written: file/logs: ").count(),
        2,
        "once, and in the end: {}",
        done.stderr
    );
    // A disk that is full once the log has begun.
    let done = to("/dev/full", "deploy").ends(0);
    assert!(done.stderr.contains("no log is written: /dev/full"), "{}", done.stderr);
    assert_eq!(logs(&site, LOGS), Vec::<PathBuf>::new());
}

#[test]
fn the_oldest_logs_go_and_nothing_else() {
    let site = Site::new("web1", "");
    let name = |n: u32| format!("{LOGS}/2026-01-{:02}_00.00.{:02}-deploy-test.jsonl", n / 60 + 1, n % 60);
    for n in 0..205 {
        site.write(&name(n), "");
    }
    for other in ["notes.jsonl", "2026-01-01_00.00.00.txt", "2026-99-01_00.00.00-deploy-test.jsonl"] {
        site.write(&format!("{LOGS}/{other}"), "");
    }
    site.relm("deploy").ends(0);
    let left = logs(&site, LOGS);
    assert_eq!(left.len(), 200 + 3);
    assert!(!site.path(name(5)).exists() && site.path(name(6)).exists());
    // What there is more of takes no place from deploys, nor do deploys of another environment.
    let other = |n: u32| {
        name(n).replace("-deploy-test", if n.is_multiple_of(2) { "-clean-releases-test" } else { "-deploy-test2" })
    };
    for n in 0..410 {
        site.write(&other(n), "");
    }
    site.relm("deploy").ends(0);
    let left = logs(&site, LOGS);
    let of = |task: &str| left.iter().filter(|log| log.to_string_lossy().contains(task)).count();
    assert_eq!(of("-deploy-test.") + of("-deploy-test~"), 200 + 1, "and one that is no log");
    assert_eq!(of("-deploy-test2"), 205);
}

#[test]
fn timings_are_told_from_the_last_log() {
    let slow = operation("slow", "prepare", "roles = [\"db\"]", "sleep 0.3");
    let site = Site::new("web1 db1=db", &slow);
    let none = site.relm("timings").ends(1);
    none.says(&["no log in ", "tells of a run on test"]);
    let live = site.deploy();
    site.relm("clean-releases --keep 1").ends(0);
    site.relm("maintenance on").ends(3);
    let deploy = logs(&site, LOGS).into_iter().find(|log| log.to_string_lossy().contains("-deploy-")).expect("a log");
    let told = site.relm_with(["timings", "--log", deploy.to_str().expect("UTF-8")]).ends(0).stdout;
    assert!(told.starts_with(&format!("deploy test → release {live}, 2")), "{told}");
    let rows: Vec<Vec<&str>> = told.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["step", "web1", "db1"]);
    let slow = rows.iter().find(|row| row[0] == "slow").expect("the step");
    assert_eq!((slow.len(), slow[2]), (3, "s"), "only on one host, which took a while: {told}");
    let report = site.relm("timings --json").ends(0).report();
    assert_eq!(
        (report["task"].as_str(), report["env"].as_str()),
        (Some("deploy"), Some("test")),
        "smaller runs go behind"
    );
    let away = site.path("away");
    fs::rename(&deploy, &away).expect("a name");
    let report = site.relm("timings --json").ends(0).report();
    assert_eq!(
        (&report["task"], &report["told_by_hosts"]),
        (&"deploy".into(), &true.into()),
        "hosts go before those too"
    );
    fs::rename(&away, &deploy).expect("a name");
    // A log that was cut, or is none, is passed over.
    let text = fs::read_to_string(&deploy).expect("a log");
    site.write(&format!("{LOGS}/2999-01-01_00.00.00-deploy-test.jsonl"), "nonsense\n");
    site.write(&format!("{LOGS}/2998-01-01_00.00.00-deploy-test.jsonl"), &text[..text.len() * 9 / 10]);
    let report = site.relm("timings --json").ends(0).report();
    assert_eq!((report["task"].as_str(), report["seconds"].as_f64()), (Some("deploy"), None));
    assert!(report["steps"].as_array().expect("steps").iter().any(|step| step["step"] == "slow"));
}

#[test]
fn timings_of_what_another_machine_did_are_told_by_the_hosts() {
    let slow = operation("slow", "prepare", "roles = [\"db\"]", "sleep 0.$(cat $SITE/tenths)");
    let site = Site::new("web1 db1=db", &slow);
    site.write("tenths", "8");
    let first = site.deploy();
    let elsewhere = |line: &str| {
        let mut command = site.command(line.split_whitespace());
        crate::site::Done::from(command.env("RELM_LOG_DIR", site.path("elsewhere")).output().expect("a process"))
    };
    let slow_on = |report: &serde_json::Value| {
        let steps = report["steps"].as_array().expect("steps").clone();
        let slow = steps.into_iter().find(|step| step["step"] == "slow").expect("the step");
        assert_eq!(slow["hosts"].as_object().expect("hosts").len(), 1, "{slow}");
        slow["hosts"]["db1"].as_f64().expect("seconds")
    };
    let report = elsewhere("timings --json").ends(0).report();
    assert_eq!((&report["release"], &report["task"]), (&first.as_str().into(), &"deploy".into()));
    assert_eq!((&report["told_by_hosts"], &report["seconds"]), (&true.into(), &serde_json::Value::Null));
    assert!((0.8..8.0).contains(&slow_on(&report)), "{report}");
    // As they were planned, those of the switch and behind it too.
    let names: Vec<&str> =
        report["steps"].as_array().expect("steps").iter().filter_map(|s| s["step"].as_str()).collect();
    let at = |name: &str| names.iter().position(|step| *step == name).unwrap_or_else(|| panic!("{name}: {names:?}"));
    assert!(at("upload_code") < at("slow") && at("slow") < at("flip_current") && at("flip_current") < at("record"));
    let shown = elsewhere("timings").ends(0);
    shown.shows(&[&format!("deploy test → release {first}, 2"), "as its hosts have written it down", "step", "slow"]);
    // The newer of both is told, and of each release what is asked for.
    assert_eq!(site.relm("timings --json").ends(0).report()["told_by_hosts"], false);
    site.write("tenths", "1");
    site.write("code/app.txt", "two\n");
    elsewhere("deploy").ends(0);
    let second = site.live();
    let report = site.relm("timings --json").ends(0).report();
    assert_eq!((&report["release"], &report["told_by_hosts"]), (&second.as_str().into(), &true.into()));
    assert_eq!(elsewhere("timings --json").ends(0).report()["told_by_hosts"], false);
    let report = site.relm(&format!("timings --json --release {first}")).ends(0).report();
    assert!(slow_on(&report) >= 0.8, "{report}");
    // What is torn, or was written by an older relm, is not told; nothing else suffers.
    for host in site.hosts() {
        site.write("torn", "1.0");
        fs::copy(site.path("torn"), host.record_file(&first, "took")).expect("a file");
    }
    site.relm(&format!("timings --release {first}")).ends(1).says(&["no host of test tells how long", &first]);
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), first);
}
