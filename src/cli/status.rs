//! `relm status`: an environment's application, and a line for each of its components.

use std::collections::BTreeMap;

use super::args::Common;
use super::complaint::Complaint;
use super::connect::Connections;
use super::ground::Ground;
use super::show::{json, names, origin, person, table};
use super::{locking, out, read, session, show_lock};
use crate::config::{Config, Environment};
use crate::engine;
use crate::fleet::Scope;
use crate::survey::Survey;
use crate::tasks::standing::{how_drained, how_stopped};
use crate::tasks::status::{self, Line, Report, Schema};
use crate::tasks::{EnvArgs, relm};
use crate::ui::Table;

pub(super) async fn status(args: &EnvArgs, common: &Common) -> Result<u8, Complaint> {
    let config = session::load(common)?;
    let named = args.named();
    let mut all = Vec::new();
    for application in config.applications(named.as_deref())? {
        let name = application.name.to_string();
        // Of the hosts that are asked for, a component may have none.
        match session::environment(&config, Some(&name), common) {
            Err(_) if application.name.component.is_some() && named.as_deref() != Some(&name) => {}
            env => all.push(env?),
        }
    }
    let Some(first) = all.first() else { return Err(Complaint::usage("no component lives on these hosts")) };
    let ground = read::ground(&config, first, false, common).await?;
    let is_whole = named.is_none_or(|named| !named.contains('/'));
    let mut report = match &first.name.component {
        Some(_) if is_whole => Report::nothing(Scope::from(first.name.env.clone())),
        _ => reported(&config, first, &ground.survey).await,
    };
    for component in all.iter().filter(|env| is_whole && env.name.component.is_some()) {
        let survey = survey(&config, component, first, &ground, common).await?;
        report.components.push(reported(&config, component, &survey).await);
    }
    show(&report, common);
    Ok(if report.has_all() { 0 } else { 3 })
}

async fn reported(config: &Config, env: &Environment, survey: &Survey) -> Report {
    let migrates = env.operations.iter().any(|operation| operation.migrate.is_some());
    let report = Report { migrates, ..status::report(&env.name, &env.fleet.names(), survey) };
    match locking::shared(config, env).await {
        None => report,
        Some(Ok(seen)) => report.with_shared_lock(seen),
        Some(Err(reason)) => {
            out::note(format!("{}: who has the lock it shares cannot be told: {reason}\n", env.name.words()));
            report
        }
    }
}

/// Asks about a component, by the connections that there are where they are those it would have.
async fn survey(
    config: &Config,
    component: &Environment,
    first: &Environment,
    ground: &Ground,
    common: &Common,
) -> Result<Survey, Complaint> {
    if component.name == first.name {
        return Ok(ground.survey.clone());
    }
    let is_theirs = |host| first.fleet.hosts.contains(host);
    if component.becoming != first.becoming || !component.fleet.hosts.iter().all(is_theirs) {
        return read::surveyed(config, component, false, common).await;
    }
    let names = component.fleet.names();
    let Connections { hosts, failed } = &ground.connections;
    let hosts: Vec<_> = hosts.iter().filter(|(host, _)| names.contains(&host.name)).cloned().collect();
    let question = engine::question(&component.release.root, &component.name, &[], false);
    let mut survey = engine::survey(&hosts, &question, &BTreeMap::new()).await;
    let failed = failed.iter().filter(|(host, _)| names.contains(host));
    survey.silent.extend(failed.map(|(host, error)| (host.clone(), error.to_string())));
    Ok(survey)
}

/// What is live, host by host; of components, release by release.
fn show(report: &Report, common: &Common) {
    if common.json {
        return json(report);
    }
    if !report.hosts.is_empty() {
        let rows = report.hosts.iter().map(|line| cells(line.host.to_string(), line, report.migrates));
        table(&rows.fold(Table::new(heads("host", report.migrates, &[""])), Table::row));
    }
    troubles(report, None);
    if report.components.is_empty() {
        return;
    }
    if !report.hosts.is_empty() {
        out::line("");
    }
    let migrates = report.components.iter().any(|component| component.migrates);
    let rows = report.components.iter().flat_map(|report| component(report, migrates));
    table(&rows.fold(Table::new(heads("component", migrates, &["hosts", ""])), Table::row));
    for component in &report.components {
        troubles(component, Some(&component.env));
    }
}

/// The columns: what they are for, and how far the schema is where there are migrations.
fn heads<'h>(first: &'h str, migrates: bool, last: &[&'h str]) -> Vec<&'h str> {
    let mut heads = vec![first, "live", "since", "by", "ref"];
    heads.extend(migrates.then_some("schema"));
    heads.extend(last);
    heads
}

fn migrated(schema: &Schema) -> String {
    let last = if schema.last.is_empty() { &schema.operation } else { &schema.last };
    format!("{last} ({})", schema.count)
}

fn stopped(line: &Line) -> impl Iterator<Item = String> {
    line.stopped.iter().map(|(name, by)| format!("{name} {}", how_stopped(by)))
}

fn drained(line: &Line) -> impl Iterator<Item = String> {
    line.drained.iter().map(|(pool, by)| how_drained(pool, by))
}

fn in_maintenance(by: &String) -> String {
    if by == "hand" { "in maintenance, by hand".to_owned() } else { format!("in maintenance, by the run of {by}") }
}

fn cells(first: String, line: &Line, migrates: bool) -> Vec<String> {
    let since = line.since.map(|since| since.format("%Y-%m-%d %H:%M UTC").to_string());
    let schema = migrates.then(|| line.schema.as_ref().map(migrated).unwrap_or_default());
    let before = [
        first,
        line.current.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        since.unwrap_or_default(),
        line.by.as_deref().map(person).unwrap_or_default(),
        line.reference.as_deref().map(|reference| origin(reference, line.commit.as_deref())).unwrap_or_default(),
    ];
    let down = line.maintenance.iter().map(in_maintenance).chain(stopped(line)).chain(drained(line));
    let troubles = down.chain(line.trouble.clone());
    before.into_iter().chain(schema).chain([troubles.collect::<Vec<_>>().join("; ")]).collect()
}

/// A row for each of a component's releases that is live, with the hosts it is live on.
fn component(report: &Report, migrates: bool) -> Vec<Vec<String>> {
    let name = report.env.component.as_ref().map(ToString::to_string).unwrap_or_default();
    let is_alike = |one: &Line, other: &Line| {
        one.current == other.current
            && one.maintenance == other.maintenance
            && one.stopped == other.stopped
            && one.drained == other.drained
            && (!migrates || one.schema == other.schema)
            && one.trouble == other.trouble
    };
    let mut groups: Vec<Vec<&Line>> = Vec::new();
    for line in &report.hosts {
        match groups.iter_mut().find(|group| is_alike(group[0], line)) {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    let row = |group: Vec<&Line>| {
        let hosts: Vec<_> = group.iter().map(|line| line.host.clone()).collect();
        let mut row = cells(name.clone(), group[0], migrates);
        row.insert(row.len() - 1, names(&hosts));
        row
    };
    groups.into_iter().map(row).collect()
}

fn troubles(report: &Report, component: Option<&Scope>) {
    let about = component.map(|component| format!("{component}: ")).unwrap_or_default();
    if report.is_apart() {
        out::line(format!("{about}the hosts are out of step"));
    }
    let silent: Vec<_> = report.hosts.iter().filter(|line| !line.reachable).map(|line| line.host.clone()).collect();
    if !report.is_apart() && !silent.is_empty() && report.hosts.len() > 1 {
        out::line(format!("{about}whether all hosts run the same is not known: {} did not answer", names(&silent)));
    }
    if let Some(holder) = report.lock.as_ref().and_then(|lock| lock.taken.as_ref().or(lock.holder.as_ref())) {
        out::line(format!("{about}held by {}", show_lock::who(holder)));
    }
    let out: Vec<_> =
        report.hosts.iter().filter(|line| !line.drained.is_empty()).map(|line| line.host.clone()).collect();
    if !out.is_empty() {
        let again = format!("{} converge {}", relm(), report.env.words());
        out::line(format!("{about}out of a pool: {}; to take in again:   {again}", names(&out)));
    }
    for release in report.unfinished.iter().filter(|release| report.unfinished_rollback.as_ref() != Some(release)) {
        out::line(format!("{about}unfinished: {release}"));
    }
    if let Some(release) = &report.unfinished_rollback {
        let again = format!("{} rollback {}", relm(), report.env.words());
        out::line(format!("{about}unfinished: the rollback to {release}; to go on with it:   {again}"));
    }
}
