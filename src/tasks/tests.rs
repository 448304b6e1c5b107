//! The plans of relm's own tasks for the sample `Releases.toml`, as tables: what a person reviews when a task changes.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Payload, Site, clean_releases, deploy, rollback, setup_release};
use crate::config::{Environment, parse};
use crate::engine::{On, Plan, hash};
use crate::operations::{Actor, MarkComplete};
use crate::release::{Flip, FlipStage, Layout, LockSeen, Record, ReleaseName, State};
use crate::survey::{Current, HostSeen, ReleaseSeen, Survey};

const SAMPLE: &str = include_str!("../../Releases.toml");

fn sample(env: &str) -> Environment {
    let config = parse(SAMPLE, Path::new("/srv/shop/Releases.toml"), Path::new("/home/ada")).expect("the sample");
    config.environment(Some(env)).expect("an environment").clone()
}

/// Release number `n`, a day after the one before it.
pub(super) fn name(n: i64) -> ReleaseName {
    ReleaseName::at(DateTime::UNIX_EPOCH + TimeDelta::days(n))
}

fn now() -> DateTime<Utc> {
    name(100).time()
}

fn record(name: &ReleaseName) -> Record {
    Record {
        name: name.clone(),
        created: name.time(),
        by: "ada".to_owned(),
        machine: "desk".to_owned(),
        source: "main of shop".to_owned(),
        reference: "main".to_owned(),
        commit: None,
        tree: String::new(),
        private: false,
        keep_until: None,
        message: None,
        hosts: Vec::new(),
        steps: Vec::new(),
    }
}

pub(super) fn release(n: i64, state: State, steps: &[&str]) -> ReleaseSeen {
    let (name, since) = (name(n), Some(name(n).time()));
    let steps = steps.iter().map(|step| ((*step).to_owned(), hash_of(step, &name))).collect();
    ReleaseSeen { record: record(&name), name, has_tree: true, state, since, steps, used_by: None, is_finished: true }
}

/// As a journal has it; of steps whose definition matters here.
fn hash_of(step: &str, release: &ReleaseName) -> String {
    let (env, layout) = (sample("demo"), Layout::new("/srv/www/test"));
    let plan = Plan::new("test", &env.name, &env.fleet).prepare(MarkComplete);
    let host = &env.fleet.hosts[0];
    let secrets = crate::secret::Secrets::none();
    let on = On {
        host,
        layout: &layout,
        env: &env.name,
        release: Some(release),
        before: None,
        before_reference: "",
        secrets,
    };
    if step == "mark_complete" { hash(&plan.steps[0], &on) } else { String::new() }
}

fn deployed(from: Option<i64>, to: i64) -> Flip {
    Flip {
        at: name(to).time(),
        run: name(to).time(),
        stage: FlipStage::Done,
        task: "deploy".to_owned(),
        from: from.map(name),
        to: Some(name(to)),
        by: "ada".to_owned(),
        machine: "desk".to_owned(),
        login: String::new(),
        seconds: None,
        source: String::new(),
        commit: None,
        message: None,
        consents: Vec::new(),
    }
}

/// Four deploys, the last one live, the third rolled back from; and a private release with all its steps done.
pub(super) fn host() -> HostSeen {
    HostSeen {
        lock: LockSeen::default(),
        layout: Layout::new("/srv/www/test"),
        user: "deploy".to_owned(),
        clock: now(),
        free_kilobytes: Some(1 << 30),
        missing_tools: Vec::new(),
        has_zstd: false,
        current: Current::Release(name(4)),
        releases: vec![
            release(1, State::Retired, &[]),
            release(2, State::Retired, &[]),
            release(3, State::Bad, &[]),
            release(4, State::Live, &[]),
            release(5, State::Private, &["upload_code", "check_upload", "build_virtualenv", "mark_complete"]),
        ],
        history: vec![deployed(None, 1), deployed(Some(1), 2), deployed(Some(2), 3), deployed(Some(2), 4)],
        strangers: Vec::new(),
        damage: Vec::new(),
        damaged_history: 0,
        migrations: Vec::new(),
    }
}

fn survey(env: &Environment) -> Survey {
    Survey { hosts: env.fleet.names().into_iter().map(|name| (name, host())).collect(), silent: Vec::new() }
}

fn actor(task: &str) -> Actor {
    let (by, machine) = ("ada".to_owned(), "desk".to_owned());
    Actor {
        task: task.to_owned(),
        by,
        login: "ada".to_owned(),
        machine,
        message: None,
        consents: crate::release::Consents::default(),
        at: now(),
    }
}

fn payload() -> Payload {
    Payload { unpacked: 4000, ..Payload::default() }
}

fn table(plan: &Plan) -> String {
    let batches: Vec<String> = plan.batches.iter().map(ToString::to_string).collect();
    let about = plan.release.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let mut text = format!("{} {}{about}, batches of {}\n", plan.task, plan.env, batches.join(" "));
    for info in plan.step_infos() {
        let hosts: Vec<&str> = info.hosts.iter().map(crate::fleet::HostName::as_str).collect();
        let phase = format!("{:?}", info.phase);
        let _ = writeln!(text, "{phase:<10}  {:<16}  {}", info.name, hosts.join(" "));
    }
    if let Some(operation) = &plan.on_failure {
        let _ = writeln!(text, "if it fails {}", operation.name());
    }
    text
}

/// Plans on the hosts of `env` with a survey that `change` has had its way with.
fn on(env: &str, change: impl Fn(&mut HostSeen), plan: impl Fn(Site<'_>) -> Result<Plan, super::Refusal>) -> String {
    let (env, actor) = (sample(env), actor("test"));
    let mut survey = survey(&env);
    for (_, seen) in &mut survey.hosts {
        change(seen);
    }
    match plan(Site { env: &env, survey: &survey, actor: &actor, now: now() }) {
        Ok(plan) => table(&plan),
        Err(refusal) => {
            let rows = refusal.table.unwrap_or_default().1.into_iter().map(|row| row.join(": "));
            [vec![refusal.reason], rows.collect(), refusal.next].concat().join("\n")
        }
    }
}

#[test]
fn a_deploy() {
    let plan = |site: Site<'_>| deploy::plan(site, &record(&ReleaseName::at(now())), &payload());
    insta::assert_snapshot!(on("demo", |_| {}, plan), @r"
    deploy demo 1970-04-11_00.00.00, batches of 3
    Prepare     upload_code       web1 web2 db1
    Prepare     check_upload      web1 web2 db1
    Prepare     link_shared       web1 web2 db1
    Prepare     build_virtualenv  web1 web2 db1
    Prepare     compile           web1 web2 db1
    Prepare     schema            db1
    Prepare     mark_complete     web1 web2 db1
    Prepare     check_flip        web1 web2 db1
    Flip        flip_current      web1 web2 db1
    AfterFlip   restart           web1 web2
    Finish      announce          web1
    Finish      record            web1 web2 db1
    Finish      clean_releases    web1 web2 db1
    if it fails mark_failed
    ");
    insta::assert_snapshot!(on("production", |_| {}, plan), @r"
    deploy production 1970-04-11_00.00.00, batches of 1 2
    Prepare     upload_code       web1 web2 db1
    Prepare     check_upload      web1 web2 db1
    Prepare     link_shared       web1 web2 db1
    Prepare     build_virtualenv  web1 web2 db1
    Prepare     compile           web1 web2 db1
    Prepare     schema            db1
    Prepare     mark_complete     web1 web2 db1
    Prepare     check_flip        web1 web2 db1
    Flip        flip_current      web1 web2 db1
    AfterFlip   restart           web1 web2
    AfterFlip   health            web1 web2
    Finish      announce          web1
    Finish      record            web1 web2 db1
    Finish      clean_releases    web1 web2 db1
    if it fails mark_failed
    ");
}

#[test]
fn a_deploy_of_a_private_release_leaves_out_what_is_done() {
    insta::assert_snapshot!(on("demo", |_| {}, |site| deploy::plan_existing(site, &name(5))), @r"
    deploy demo 1970-01-06_00.00.00, batches of 3
    Prepare     compile           web1 web2 db1
    Prepare     schema            db1
    Prepare     mark_complete     web1 web2 db1
    Prepare     check_flip        web1 web2 db1
    Flip        flip_current      web1 web2 db1
    AfterFlip   restart           web1 web2
    Finish      announce          web1
    Finish      record            web1 web2 db1
    Finish      clean_releases    web1 web2 db1
    ");
}

#[test]
fn a_deploy_of_what_is_live_has_nothing_to_do() {
    insta::assert_snapshot!(on("demo", |_| {}, |site| deploy::plan_existing(site, &name(4))), @"deploy demo 1970-01-05_00.00.00, batches of 3");
}

#[test]
fn a_rollback() {
    insta::assert_snapshot!(on("demo", |_| {}, |site| rollback::plan(site, None)), @r"
    rollback demo 1970-01-03_00.00.00, batches of 3
    Prepare     check_flip        web1 web2 db1
    Flip        flip_current      web1 web2 db1
    AfterFlip   restart           web1 web2
    Finish      announce          web1
    Finish      record            web1 web2 db1
    ");
    insta::assert_snapshot!(on("demo", |_| {}, |site| rollback::plan(site, Some(&name(1)))), @r"
    rollback demo 1970-01-02_00.00.00, batches of 3
    Prepare     check_flip        web1 web2 db1
    Flip        flip_current      web1 web2 db1
    AfterFlip   restart           web1 web2
    Finish      announce          web1
    Finish      record            web1 web2 db1
    ");
}

#[test]
fn a_private_release() {
    let plan = |site: Site<'_>| setup_release::plan(site, &record(&ReleaseName::at(now())), &payload());
    insta::assert_snapshot!(on("demo", |_| {}, plan), @r"
    setup-release demo 1970-04-11_00.00.00, batches of 3
    Prepare     upload_code       web1 web2 db1
    Prepare     check_upload      web1 web2 db1
    Prepare     link_shared       web1 web2 db1
    Prepare     build_virtualenv  web1 web2 db1
    Prepare     mark_complete     web1 web2 db1
    if it fails mark_failed
    ");
}

#[test]
fn a_clean() {
    insta::assert_snapshot!(on("demo", |_| {}, |site| clean_releases::plan(site, Some(2))), @r"
    clean-releases demo, batches of 3
    Finish      clean_releases    web1 web2 db1
    ");
    let (env, actor) = (sample("demo"), actor("clean-releases"));
    let lines = clean_releases::preview(Site { env: &env, survey: &survey(&env), actor: &actor, now: now() }, Some(1));
    let web1 = lines.expect("verdicts").into_iter().filter(|line| line.host.as_str() == "web1");
    let web1: Vec<_> = web1.map(|line| (line.release, line.remove, line.reason)).collect();
    let expected = [
        (1, true, "older than the newest good one"),
        (2, false, "the rollback target"),
        (3, true, "bad for more than a day"),
        (4, false, "live"),
        (5, true, "a private release past its time"),
    ];
    assert_eq!(web1, expected.map(|(n, remove, reason)| (name(n), remove, reason.to_owned())));
}

#[test]
fn what_stops_a_deploy_is_said_with_its_host() {
    let plan = |site: Site<'_>| deploy::plan(site, &record(&ReleaseName::at(now())), &payload());
    let full = |seen: &mut HostSeen| seen.free_kilobytes = Some(12);
    insta::assert_snapshot!(on("demo", full, plan), @r"
    some hosts are not ready
    web1: its disk has 0 MB free, and 10 MB are needed
    web2: its disk has 0 MB free, and 10 MB are needed
    db1: its disk has 0 MB free, and 10 MB are needed
    relm check demo
    ");
}

#[test]
fn a_record_that_cannot_be_read_stops_a_clean_and_spares_its_host_in_a_deploy() {
    let damage = |seen: &mut HostSeen| seen.damage.push("the record of x cannot be read".to_owned());
    assert!(on("demo", damage, |site| clean_releases::plan(site, None)).contains("nothing is removed"));
    let plan = |site: Site<'_>| deploy::plan(site, &record(&ReleaseName::at(now())), &payload());
    let env = sample("demo");
    let mut survey = survey(&env);
    damage(&mut survey.hosts[1].1);
    let actor = actor("deploy");
    let plan = plan(Site { env: &env, survey: &survey, actor: &actor, now: now() }).expect("a plan");
    assert_eq!(plan.notes, ["web2: the record of x cannot be read, so nothing will be cleaned there"]);
    let clean = format!("{:?}", plan.steps.last().expect("steps").operation);
    assert!(clean.contains("web1") && !clean.contains("web2"), "{clean}");
}
