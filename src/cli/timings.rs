//! `relm timings`: from the logs of this machine, or the records of the hosts, to a table.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use super::args::Common;
use super::complaint::Complaint;
use super::ground::Ground;
use super::{log, out, read, session, show};
use crate::config::Environment;
use crate::engine;
use crate::event::{Event, Stamped};
use crate::release::ReleaseName;
use crate::tasks::timings::{self, Report, Timings};
use crate::ui::{Table, read_log, text};

/// Hosts that have a column each; of more, the slowest are named.
const COLUMNS: usize = 6;
const NAMED: usize = 4;

pub(super) async fn print(args: &Timings, common: &Common) -> Result<u8, Complaint> {
    if let Some(path) = &args.log {
        session::unset("timings --log", common)?;
        let events = events_of(path).map_err(|reason| Complaint::failed(format!("{}: {reason}", path.display())))?;
        let of_none = || Complaint::failed(format!("{} does not tell of a run", path.display()));
        show(&timings::report(&events).ok_or_else(of_none)?, common);
        return Ok(0);
    }
    let config = session::load(common)?;
    let env = session::chosen(&config, &args.env, common)?;
    let asked = read::ground(&config, &env, false, common).await;
    if let Some(release) = &args.release {
        let ground = asked?;
        show(&by_hosts(&env, &ground, release).await?, common);
        return Ok(read::answered(&ground.survey));
    }
    let local = newest(&env);
    let ground = match (asked, &local) {
        (Ok(ground), _) => ground,
        (Err(complaint), None) => return Err(complaint),
        (Err(complaint), Some(report)) => {
            out::note(format!("{}: what this machine knows\n", complaint.message()));
            show(report, common);
            return Ok(3);
        }
    };
    let elsewhere = timings::last_flip(&ground.survey).filter(|flip| {
        // A run tells when it began a moment after it began to be one.
        local.as_ref().is_none_or(|local| !local.is_of_releases() || local.at < flip.run)
    });
    let by_hosts = match elsewhere.and_then(|flip| flip.to.as_ref()) {
        Some(release) => by_hosts(&env, &ground, release).await.ok(),
        None => None,
    };
    let Some(report) = by_hosts.or(local) else {
        let reason = format!("no log in {} tells of a run on {}", log::directory().display(), env.name);
        return Err(Complaint::failed(reason).next(crate::tasks::command("history", &env)));
    };
    show(&report, common);
    Ok(read::answered(&ground.survey))
}

/// What the newest log on this machine tells of an environment; of its releases, if one does.
fn newest(env: &Environment) -> Option<Report> {
    // A log that is damaged or still empty hides no other.
    let is_of = |path: &std::path::PathBuf| {
        let first = File::open(path).ok().and_then(|file| read_log(BufReader::new(file)).next()?.ok());
        matches!(first, Some(Stamped { event: Event::RunStarted { env: of, .. }, .. }) if of == env.name)
    };
    let newest = log::all(&log::directory()).into_iter().rev().filter(is_of);
    let reports = newest.filter_map(|path| timings::report(&events_of(&path).ok()?));
    let mut newest: Option<Report> = None;
    for report in reports.filter(|report| !report.steps.is_empty()) {
        if report.is_of_releases() {
            return Some(report);
        }
        newest.get_or_insert(report);
    }
    newest
}

/// What the hosts have written down of a release.
async fn by_hosts(env: &Environment, ground: &Ground, release: &ReleaseName) -> Result<Report, Complaint> {
    let machines = ground.machines(&Arc::default(), |_| None);
    let mut told = Vec::new();
    for (host, took) in engine::took(&machines, release).await {
        match took {
            Ok(took) => told.push((host, took)),
            Err(reason) => out::note(format!("{host}: {reason}\n")),
        }
    }
    let report = timings::by_hosts(env, &ground.survey, release, told).filter(|report| !report.steps.is_empty());
    report.ok_or_else(|| {
        let reason = format!("no host of {} tells how long the steps of {release} took", env.name);
        Complaint::failed(reason).next(crate::tasks::command("releases", env))
    })
}

/// All events but a last line that is torn: its run was killed, or is writing it.
fn events_of(path: &Path) -> Result<Vec<Stamped>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut events = Vec::new();
    for event in read_log(BufReader::new(file)) {
        match event {
            Ok(event) => events.push(event),
            Err(error) if events.is_empty() => return Err(error.to_string()),
            Err(_) => break,
        }
    }
    Ok(events)
}

fn show(report: &Report, common: &Common) {
    if common.json {
        return show::json(report);
    }
    let release = report.release.as_ref().map(|release| format!(" → release {release}")).unwrap_or_default();
    let took = match report.seconds {
        Some(seconds) => text::duration(seconds),
        None if report.told_by_hosts => "as its hosts have written it down".to_owned(),
        None => "no end is told".to_owned(),
    };
    out::line(format!("{} {}{release}, {}: {took}", report.task, report.env, report.at.format("%Y-%m-%d %H:%M UTC")));
    let duration = |seconds: &f64| text::duration(*seconds);
    let rows = if report.fleet.len() <= COLUMNS {
        let header = std::iter::once("step").chain(report.fleet.iter().map(crate::fleet::HostName::as_str));
        report.steps.iter().fold(Table::new(header), |table, step| {
            let cells = report.fleet.iter().map(|host| step.hosts.get(host).map(duration).unwrap_or_default());
            table.row(std::iter::once(step.step.clone()).chain(cells))
        })
    } else {
        report.steps.iter().fold(Table::new(["step", "hosts", "slowest"]), |table, step| {
            let mut hosts: Vec<_> = step.hosts.iter().collect();
            hosts.sort_by(|one, other| other.1.total_cmp(one.1));
            let slowest = hosts.iter().take(NAMED).map(|(host, seconds)| format!("{host} {}", duration(seconds)));
            table.row([step.step.clone(), hosts.len().to_string(), text::list(slowest)])
        })
    };
    show::table(&rows);
}
