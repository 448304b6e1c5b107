//! A fleet as plans see it: what is on the hosts of the sample `Releases.toml`.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::{Payload, Site};
use crate::config::{Environment, parse};
use crate::engine::{On, Plan, hash};
use crate::operations::{Actor, MarkComplete};
use crate::release::{Flip, FlipStage, Layout, LockSeen, Record, ReleaseName, State};
use crate::survey::{Current, HostSeen, ReleaseSeen, Survey};

pub(in crate::tasks) const SAMPLE: &str = include_str!("../../../Releases.toml");

pub(in crate::tasks) fn sample(env: &str) -> Environment {
    let config = parse(SAMPLE, Path::new("/srv/shop/Releases.toml"), Path::new("/home/ada")).expect("the sample");
    config.environment(Some(env)).expect("an environment").clone()
}

/// Release number `n`, a day after the one before it.
pub(in crate::tasks) fn name(n: i64) -> ReleaseName {
    ReleaseName::at(DateTime::UNIX_EPOCH + TimeDelta::days(n))
}

pub(in crate::tasks) fn now() -> DateTime<Utc> {
    name(100).time()
}

pub(in crate::tasks) fn record(name: &ReleaseName) -> Record {
    Record {
        by: "ada".to_owned(),
        machine: "desk".to_owned(),
        source: "main of shop".to_owned(),
        reference: "main".to_owned(),
        ..Record::new(name.clone(), name.time())
    }
}

pub(in crate::tasks) fn release(n: i64, state: State, steps: &[&str]) -> ReleaseSeen {
    let (name, since) = (name(n), Some(name(n).time()));
    let steps = steps.iter().map(|step| ((*step).to_owned(), hash_of(step, &name))).collect();
    ReleaseSeen {
        record: record(&name),
        name,
        has_tree: true,
        state,
        since,
        steps,
        used_by: None,
        is_finished: true,
        is_back: false,
        kept_until: None,
    }
}

/// As a journal has it; of steps whose definition matters here.
pub(in crate::tasks) fn hash_of(step: &str, release: &ReleaseName) -> String {
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
        login: None,
        secrets,
    };
    if step == "mark_complete" { hash(&plan.steps[0], &on) } else { String::new() }
}

pub(in crate::tasks) fn deployed(from: Option<i64>, to: i64) -> Flip {
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
        ssh_user: None,
        seconds: None,
        source: String::new(),
        commit: None,
        message: None,
        consents: Vec::new(),
    }
}

/// Four deploys, the last one live, the third rolled back from; and a private release with all its steps done.
pub(in crate::tasks) fn host() -> HostSeen {
    HostSeen {
        lock: LockSeen::default(),
        layout: Layout::new("/srv/www/test"),
        user: "deploy".to_owned(),
        clock: now(),
        free_kilobytes: Some(1 << 30),
        free_files: Some(1 << 20),
        missing_tools: Vec::new(),
        lacks: Vec::new(),
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
        notes: Vec::new(),
        maintenance: None,
        stopped: std::collections::BTreeMap::new(),
        drained: std::collections::BTreeMap::new(),
        alone: std::collections::BTreeSet::new(),
        service_files: std::collections::BTreeMap::new(),
        published: std::collections::BTreeSet::new(),
        strangers: Vec::new(),
        damage: Vec::new(),
        damaged_history: 0,
        migrations: Vec::new(),
    }
}

pub(in crate::tasks) fn survey(env: &Environment) -> Survey {
    Survey { hosts: env.fleet.names().into_iter().map(|name| (name, host())).collect(), silent: Vec::new() }
}

pub(in crate::tasks) fn actor(task: &str) -> Actor {
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

pub(in crate::tasks) fn payload() -> Payload {
    Payload { unpacked: 4000, ..Payload::default() }
}

pub(in crate::tasks) fn table(plan: &Plan) -> String {
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
pub(in crate::tasks) fn on(
    env: &str,
    change: impl Fn(&mut HostSeen),
    plan: impl Fn(Site<'_>) -> Result<Plan, super::super::Refusal>,
) -> String {
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
