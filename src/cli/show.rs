//! Reports on standard output: a table for people, JSON for programs.

use std::collections::BTreeSet;

use serde::Serialize;

use super::args::Common;
use super::out;
use crate::config::Config;
use crate::fleet::{HostName, Scope};
use crate::release::escape;
use crate::tasks::clean_releases::Verdicted;
use crate::tasks::{check, history, jobs, releases, relm, services, verify};
use crate::ui::{Table, text};

pub(super) fn json(report: &impl Serialize) {
    out::json(report);
}

pub(super) fn table(table: &Table) {
    let colour = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    out::text_only(table.render(colour));
}

pub(super) fn names(hosts: &[HostName]) -> String {
    hosts.iter().map(HostName::as_str).collect::<Vec<_>>().join(" ")
}

/// A person's name, without the address that records keep too.
pub(super) fn person(by: &str) -> String {
    by.split(" <").next().unwrap_or(by).to_owned()
}

/// A person's name, and their login where that says more.
fn with_login(by: &str, login: &str) -> String {
    let name = person(by);
    if login.is_empty() || name == login { name } else { format!("{name} ({login})") }
}

/// ` as deploy`: as whom the person was signed in on the hosts.
fn signed_in(entry: &history::Entry) -> String {
    let users: BTreeSet<&String> = entry.ssh_users.values().collect();
    if users.len() < 2 {
        return users.first().map_or_else(String::new, |user| format!(" as {user}"));
    }
    let on = |user: &&String| {
        let hosts = entry.ssh_users.iter().filter(|(_, other)| other == user).map(|(host, _)| host);
        format!("{user} on {}", text::list(hosts))
    };
    format!(" as {}", users.iter().map(on).collect::<Vec<_>>().join("; "))
}

/// A reference and, where there is one, the beginning of its commit.
pub(super) fn origin(reference: &str, commit: Option<&str>) -> String {
    match commit.and_then(|commit| commit.get(..10)) {
        Some(short) if !reference.starts_with(short) => format!("{reference} {short}"),
        _ => reference.to_owned(),
    }
}

/// Every release, newest last, where the eye is after the command.
pub(super) fn releases(report: &releases::Report, common: &Common) {
    if common.json {
        return json(report);
    }
    if report.releases.is_empty() {
        out::line(format!("{} has no releases yet", report.env));
    } else {
        let mut rows = Table::new(vec!["release", "state", "ref", "by", "hosts", "kept until"]);
        for line in &report.releases {
            let kept = line.keep_until.map(|until| until.format("%Y-%m-%d %H:%M UTC").to_string());
            rows = rows.row(vec![
                line.name.to_string(),
                line.state.word().to_owned(),
                line.added
                    .iter()
                    .fold(origin(&line.reference, line.commit.as_deref()), |text, added| format!("{text} {added}")),
                person(&line.by),
                names(&line.hosts),
                kept.unwrap_or_default(),
            ]);
        }
        table(&rows);
    }
    for (host, reason) in report.unreachable.iter().chain(&report.damage) {
        out::note(format!("{host}: {reason}\n"));
    }
}

/// Who changed what is live.
pub(super) fn history(report: &history::Report, common: &Common) {
    if common.json {
        return json(report);
    }
    let mut rows = Table::new(vec!["when", "what", "from", "to", "took", "by", "hosts", "why"]);
    for entry in &report.entries {
        let flip = &entry.flip;
        let name = |release: &Option<_>| release.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        let unfinished = if flip.stage == crate::release::FlipStage::Intent { " (not finished)" } else { "" };
        rows = rows.row(vec![
            flip.at.format("%Y-%m-%d %H:%M:%S").to_string(),
            format!("{}{unfinished}", flip.task),
            name(&flip.from),
            name(&flip.to),
            flip.seconds
                .map(|seconds| text::duration(u32::try_from(seconds).map_or(0.0, f64::from)))
                .unwrap_or_default(),
            with_login(&flip.by, &flip.login) + &signed_in(entry),
            names(&entry.hosts),
            why(flip),
        ]);
    }
    if report.entries.is_empty() {
        out::line(format!("nothing has been live on {} yet", report.env));
    } else {
        table(&rows);
    }
    for (host, lines) in &report.damaged {
        let lines = if *lines == 1 { "1 damaged line was".to_owned() } else { format!("{lines} damaged lines were") };
        out::note(format!("{host}: {lines} left out\n"));
    }
    for (host, reason) in &report.unreachable {
        out::note(format!("{host}: {reason}\n"));
    }
}

/// The reason given, and what was agreed to.
fn why(flip: &crate::release::Flip) -> String {
    let consents = flip.consents.iter().map(|consent| format!("{}: {}", consent.name, consent.words));
    let whole = flip.message.iter().cloned().chain(consents).collect::<Vec<_>>().join("; ");
    // A cell is one line.
    whole.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Can a deploy start?
pub(super) fn check(report: &check::Report, common: &Common) {
    if common.json {
        return json(report);
    }
    let mut rows = Table::new(vec!["host", "", "login", "free", "directory"]);
    for line in &report.hosts {
        rows = rows.row(vec![
            line.host.to_string(),
            if line.trouble.is_empty() { "ready" } else { "not ready" }.to_owned(),
            line.user.clone().unwrap_or_default(),
            line.free_kilobytes.map(|free| text::size(free.saturating_mul(1024))).unwrap_or_default(),
            line.directory.clone().unwrap_or_default(),
        ]);
    }
    table(&rows);
    for line in &report.hosts {
        for text in &line.trouble {
            out::line(format!("{}: {text}", line.host));
        }
        for text in &line.notes {
            out::line(format!("{}: note: {text}", line.host));
        }
    }
    for text in report.missing.iter().chain(&report.guards).chain(&report.batches) {
        out::line(text);
    }
    for row in report.busy.iter().flat_map(crate::tasks::busy::Line::rows) {
        out::line(format!("{}: busy: {}: {}", row[1], row[0], row[2]));
    }
    out::line(if report.ready { "a deploy can start" } else { "a deploy cannot start" });
}

/// Paths of one host that a table shows.
const SHOWN: usize = 20;

/// What is not as it was made.
pub(super) fn verify(report: &verify::Report, common: &Common) {
    if common.json {
        return json(report);
    }
    let mut rows = Table::new(vec!["host", "path", "what", "step"]);
    for line in &report.hosts {
        for one in line.differences.iter().take(SHOWN) {
            let step = if one.step.is_empty() { "-" } else { one.step.as_str() };
            rows = rows.row(vec![line.host.as_str(), &escape(&one.path), one.what.word(), step]);
        }
    }
    if report.hosts.iter().any(|line| !line.differences.is_empty()) {
        table(&rows);
    }
    for line in &report.hosts {
        let release = line.release.as_ref().map(|release| format!("{release} ")).unwrap_or_default();
        match (&line.trouble, line.differences.len()) {
            (Some(reason), _) => out::line(format!("{}: {reason}", line.host)),
            (None, 0) => out::line(format!("{}: {release}is as it was deployed", line.host)),
            (None, 1) => out::line(format!("{}: {release}differs in 1 path", line.host)),
            (None, many @ ..=SHOWN) => out::line(format!("{}: {release}differs in {many} paths", line.host)),
            (None, many) => out::line(format!("{}: {release}differs in {many} paths, {SHOWN} are shown", line.host)),
        }
    }
}

/// How services stand, a line for each program on each host.
pub(super) fn services(report: &services::Report, common: &Common) {
    if common.json {
        return json(report);
    }
    let mut rows = Table::new(vec!["host", "service", "program", "state", "process", "runs from", ""]);
    for line in &report.services {
        if line.programs.is_empty() {
            let trouble = line.trouble.as_deref().unwrap_or("nobody knows it there");
            rows = rows.row(vec![line.host.as_str(), &line.service, "-", "-", "-", "-", trouble]);
        }
        for program in &line.programs {
            let pid = program.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
            let from: Vec<String> = program.releases.iter().map(ToString::to_string).collect();
            let is_stale = program.releases.iter().any(|release| Some(release) != line.current.as_ref());
            let from = if from.is_empty() { "-".to_owned() } else { from.join(" ") };
            let stale = if is_stale { "not the live release" } else { "" };
            let note = line.trouble.as_deref().unwrap_or(stale);
            rows =
                rows.row(vec![line.host.as_str(), &line.service, &program.program, &program.state, &pid, &from, note]);
        }
    }
    table(&rows);
}

/// Jobs, a line for each on each host.
pub(super) fn jobs(report: &jobs::Report, common: &Common) {
    if common.json {
        return json(report);
    }
    let mut rows = Table::new(vec!["job", "host", "state", "release", "started", "by"]);
    for line in &report.jobs {
        let about = &line.job.about;
        rows = rows.row(vec![
            line.job.id.clone(),
            line.host.to_string(),
            line.state(),
            about.release.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            about.started.format("%Y-%m-%d %H:%M UTC").to_string(),
            person(&about.by),
        ]);
    }
    if report.jobs.is_empty() {
        out::line(format!("no job was started on {}", report.env));
    } else {
        table(&rows);
    }
    for (host, reason) in &report.trouble {
        out::note(format!("{host}: {reason}\n"));
    }
}

/// What `relm clean-releases --dry-run --json` prints.
#[derive(Serialize)]
struct Cleaning<'a> {
    #[serde(flatten)]
    env: &'a Scope,
    releases: &'a [Verdicted],
}

/// What a clean would do.
pub(super) fn cleaning(env: &Scope, lines: &[Verdicted], common: &Common) {
    if common.json {
        return json(&Cleaning { env, releases: lines });
    }
    let mut rows = Table::new(vec!["host", "release", "", "because"]);
    for line in lines {
        let what = if line.remove { "goes" } else { "stays" };
        rows = rows.row(vec![line.host.to_string(), line.release.to_string(), what.to_owned(), line.reason.clone()]);
    }
    table(&rows);
}

/// Every task, relm's own and the file's, and what they can be typed for.
pub(super) fn tasks(config: &Config, common: &Common) {
    use clap::CommandFactory as _;
    let components = config.component_names();
    let cli = super::args::Cli::command();
    let builtin = cli.get_subcommands().filter(|command| !command.is_hide_set());
    let builtin = builtin.map(|command| (command.get_name().to_owned(), command.get_about().map(ToString::to_string)));
    let own = config.tasks.iter().map(|task| (task.name.clone(), Some(task.about.clone())));
    let all: Vec<(String, String)> =
        builtin.chain(own).map(|(name, about)| (name, about.unwrap_or_default())).collect();
    if common.json {
        let tasks: Vec<_> =
            all.iter().map(|(name, about)| serde_json::json!({ "name": name, "about": about })).collect();
        let mut listed = serde_json::json!({ "tasks": tasks });
        if !components.is_empty() {
            listed["components"] = components.into();
        }
        return json(&listed);
    }
    let rows = all
        .into_iter()
        .fold(Table::new(vec!["task", "what it does"]), |table, (name, about)| table.row(vec![name, about]));
    table(&rows);
    if let [first, ..] = components.as_slice() {
        let typed = first.replace('/', " ");
        out::line(format!("components, as in   {} deploy {typed}:   {}", relm(), components.join(", ")));
    }
}
