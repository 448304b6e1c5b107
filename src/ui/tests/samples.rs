//! Canned logs: runs as an engine would tell them, for the tests of every renderer.

use super::log::{Log, OLD, failure};
use crate::event::{Ending, Event, Failure, Outcome, Phase, Stamped};

pub(super) const NEW: &str = "2026-11-20_14.30.05";
const THREE: [&str; 3] = ["web1", "web2", "db1"];
const FOUR: [&str; 4] = ["web1", "web2", "web3", "db1"];

fn on<'a>(hosts: &[&'a str], release: &'a str) -> Vec<(&'a str, Option<&'a str>)> {
    hosts.iter().map(|host| (*host, Some(release))).collect()
}

const DEPLOY: [(&str, Phase, &[&str]); 8] = [
    ("check_tools", Phase::Check, &THREE),
    ("upload_code", Phase::Prepare, &THREE),
    ("build_virtualenv", Phase::Prepare, &THREE),
    ("migrate", Phase::Prepare, &["db1"]),
    ("flip_current", Phase::Flip, &THREE),
    ("restart", Phase::AfterFlip, &["web1", "web2"]),
    ("announce", Phase::Finish, &["web1"]),
    ("remove_releases", Phase::Finish, &THREE),
];

fn upload(log: &mut Log) {
    log.begin("upload_code");
    for part in 0..=5_u64 {
        log.sent("upload_code", "web1", part * 4_020_000);
        log.sent("upload_code", "web2", part * 2_010_000);
        log.wait(0.4);
    }
    log.finish("upload_code", "web1", Outcome::Changed, 2.4);
    log.sent("upload_code", "web2", 20_100_000);
    log.finish("upload_code", "web2", Outcome::Changed, 2.4);
    log.finish("upload_code", "db1", Outcome::AlreadyDone, 0.1);
    log.end_step("upload_code", true);
}

fn until_the_switch() -> Log {
    let mut log = Log::new("deploy", Some(NEW), &DEPLOY);
    log.all("check_tools", &Outcome::Changed, 0.3);
    upload(&mut log);
    log.begin("build_virtualenv");
    log.output("build_virtualenv", "web1", "\u{1b}[33mCollecting\u{1b}[0m pillow==11.0");
    log.wait(7.25);
    log.output("build_virtualenv", "web2", "Collecting 東京\t1.0");
    for name in THREE {
        log.finish("build_virtualenv", name, Outcome::Changed, 7.25);
    }
    log.end_step("build_virtualenv", true);
    log.all("migrate", &Outcome::Skipped("no new migrations".to_owned()), 0.2);
    log
}

pub(super) fn good() -> Log {
    let mut log = until_the_switch();
    log.all("flip_current", &Outcome::Changed, 0.1);
    log.all("restart", &Outcome::Changed, 1.5);
    log.warn(Some("db1"), "its clock is 40 s ahead");
    log.all("announce", &Outcome::AlreadyDone, 0.1);
    log.all("remove_releases", &Outcome::Changed, 0.4);
    log.end(Ending::Succeeded, 0, &on(&THREE, NEW), &[])
}

const PIP: &str = "releases/2026-11-20_14.30.05/python_env/bin/pip install -r requirements.txt";

/// The example of the design.
pub(super) fn failed_in_prepare() -> Log {
    let steps: [(&str, Phase, &[&str]); 3] = [
        ("upload_code", Phase::Prepare, &FOUR),
        ("build_virtualenv", Phase::Prepare, &FOUR),
        ("flip_current", Phase::Flip, &FOUR),
    ];
    let mut log = Log::new("deploy", Some(NEW), &steps);
    log.all("upload_code", &Outcome::Changed, 2.0);
    log.begin("build_virtualenv");
    for name in ["web1", "web3", "db1"] {
        log.wait(4.0);
        log.finish("build_virtualenv", name, Outcome::Changed, 12.0);
    }
    log.wait(29.0);
    let no_pillow = "ERROR: No matching distribution found for pillow==99.0";
    log.output("build_virtualenv", "web2", no_pillow);
    let why = failure("exited 1", Some(PIP), &[no_pillow]);
    log.fail("build_virtualenv", "web2", why, 41.0);
    log.end_step("build_virtualenv", false);
    let next = ["relm deploy production --resume"];
    log.end(Ending::NothingChanged, 1, &on(&FOUR, OLD), &next)
}

fn unhealthy() -> Failure {
    let said = ["curl: (22) The requested URL returned error: 502"];
    failure("exited 22", Some("curl -fsS http://127.0.0.1:8000/healthz"), &said)
}

fn failed_switch() -> Log {
    let mut log = until_the_switch();
    log.all("flip_current", &Outcome::Changed, 0.1);
    log.begin("restart");
    log.wait(3.0);
    log.finish("restart", "web1", Outcome::Changed, 1.5);
    log.fail("restart", "web2", unhealthy(), 3.0);
    log.end_step("restart", false);
    log
}

pub(super) fn put_back() -> Log {
    let mut log = failed_switch();
    log.wait(0.5);
    THREE.iter().rev().for_each(|name| log.put_back(name, None));
    let next = ["relm deploy production --resume"];
    log.end(Ending::PutBack, 1, &on(&THREE, OLD), &next)
}

pub(super) fn mixed() -> Log {
    let mut log = failed_switch();
    log.put_back("web2", None);
    let why = failure(
        "the connection was lost: broken pipe",
        None,
        &["mv: cannot move 'current.tmp': Read-only file system"],
    );
    log.put_back("db1", Some(why));
    log.put_back("web1", None);
    let next = ["relm status production", "relm rollback production"];
    let mut live = on(&["web1", "web2"], OLD);
    live.push(("db1", Some(NEW)));
    log.end(Ending::Mixed, 5, &live, &next)
}

pub(super) fn live_but_unfinished() -> Log {
    let mut log = until_the_switch();
    log.all("flip_current", &Outcome::Changed, 0.1);
    log.all("restart", &Outcome::Changed, 1.5);
    log.begin("announce");
    log.output("announce", "web1", "posting…");
    log.output("announce", "web1", "503 Service Unavailable");
    let why = failure("was ended by signal KILL", Some("./announce $RELM_RELEASE"), &[]);
    log.fail("announce", "web1", why, 62.0);
    log.end_step("announce", false);
    let next = ["relm deploy production --resume"];
    log.end(Ending::LiveButUnfinished, 4, &on(&THREE, NEW), &next)
}

pub(super) fn interrupted() -> Log {
    let mut log = Log::new("deploy", Some(NEW), &DEPLOY);
    log.all("check_tools", &Outcome::Changed, 0.3);
    log.begin("upload_code");
    log.wait(1.0);
    log.finish("upload_code", "db1", Outcome::AlreadyDone, 0.1);
    let next = ["relm deploy production --resume"];
    log.end(Ending::Interrupted, 130, &on(&["web1"], OLD), &next).without(&["db1"])
}

pub(super) fn refused() -> Log {
    let log = Log::new("deploy", Some(NEW), &[]);
    let next = ["relm lock show production", "relm lock release production"];
    let log = log.end(Ending::NothingChanged, 3, &on(&THREE, OLD), &next);
    log.because("ann holds the lock since 14:02 for a deploy")
}

pub(super) fn paused() -> Log {
    let mut log = until_the_switch();
    log.wait(600.0);
    let next = ["relm deploy production --resume"];
    let log = log.end(Ending::Paused, 75, &on(&THREE, OLD), &next);
    log.because("web1 was busy for 10 minutes")
}

pub(super) fn rollback() -> Log {
    let steps: [(&str, Phase, &[&str]); 2] =
        [("flip_current", Phase::Flip, &THREE), ("restart", Phase::AfterFlip, &THREE)];
    let mut log = Log::new("rollback", Some(OLD), &steps);
    log.all("flip_current", &Outcome::Changed, 0.1);
    log.all("restart", &Outcome::Changed, 1.1);
    log.end(Ending::Succeeded, 0, &on(&THREE, OLD), &[])
}

pub(super) fn clean_with_warnings() -> Log {
    let mut log = Log::new("clean_releases", None, &[("remove_releases", Phase::Finish, &THREE)]);
    log.warn(Some("web1"), "releases/2025-01-01_00.00.00 belongs to root and stays");
    log.warn(None, "the history of db1 has a line that cannot be read");
    log.all("remove_releases", &Outcome::Changed, 0.9);
    log.end(Ending::Succeeded, 0, &on(&THREE, OLD), &[]).because("removed 4 releases, 310 MB")
}

pub(super) fn dry_run() -> Log {
    let mut log = Log::new("deploy", Some(NEW), &DEPLOY);
    if let Event::RunStarted { dry_run, .. } = &mut log.events[0].event {
        *dry_run = true;
    }
    log.end(Ending::NothingChanged, 0, &on(&THREE, OLD), &[])
}

pub(super) fn first_deploy_failed() -> Log {
    let mut log = Log::new("deploy", Some(NEW), &DEPLOY);
    log.begin("check_tools");
    for name in ["web1", "web2"] {
        let why = failure("tar is missing", None, &[]);
        log.fail("check_tools", name, why, 0.04);
    }
    log.fail("check_tools", "db1", failure("the connection was lost: timed out", None, &[]), 30.0);
    log.end_step("check_tools", false);
    let live = [("web1", None), ("web2", None)];
    log.end(Ending::NothingChanged, 1, &live, &["relm deploy production"]).without(&["db1"])
}

pub(super) fn thirty() -> Log {
    let names: Vec<String> = (1..=30).map(|number| format!("web{number}")).collect();
    let hosts: Vec<&str> = names.iter().map(String::as_str).collect();
    let steps: [(&str, Phase, &[&str]); 2] =
        [("build_virtualenv", Phase::Prepare, &hosts), ("flip_current", Phase::Flip, &hosts)];
    let mut log = Log::new("deploy", Some(NEW), &steps);
    log.begin("build_virtualenv");
    log.wait(1.0);
    for (name, fails) in hosts.iter().zip([true, false].into_iter().cycle()) {
        let why = failure("exited 1", Some(PIP), &["ERROR: No space left on device"]);
        if fails {
            log.fail("build_virtualenv", name, why, 41.0);
        } else {
            log.finish("build_virtualenv", name, Outcome::Changed, 12.0);
        }
        log.wait(0.1);
    }
    log.end_step("build_virtualenv", false);
    let next = ["relm deploy production --resume"];
    log.end(Ending::NothingChanged, 1, &on(&hosts, OLD), &next)
}

/// Every sample with its name.
pub(super) fn all() -> Vec<(&'static str, Vec<Stamped>)> {
    type Sample = (&'static str, fn() -> Log);
    let samples: [Sample; 14] = [
        ("good", good),
        ("failed_in_prepare", failed_in_prepare),
        ("put_back", put_back),
        ("mixed", mixed),
        ("live_but_unfinished", live_but_unfinished),
        ("interrupted", interrupted),
        ("refused", refused),
        ("paused", paused),
        ("rollback", rollback),
        ("clean_with_warnings", clean_with_warnings),
        ("dry_run", dry_run),
        ("first_deploy_failed", first_deploy_failed),
        ("thirty", thirty),
        ("nothing_to_do", || {
            Log::new("rollback", Some(OLD), &[]).end(Ending::NothingChanged, 0, &on(&THREE, OLD), &[])
        }),
    ];
    samples.into_iter().map(|(name, sample)| (name, sample().events)).collect()
}
