//! `relm timings`: from the logs of this machine to a table.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::args::Common;
use super::complaint::Complaint;
use super::{log, out, session, show};
use crate::event::{Event, Stamped};
use crate::tasks::timings::{self, Report, Timings};
use crate::ui::{Table, read_log, text};

/// Hosts that have a column each; of more, the slowest are named.
const COLUMNS: usize = 6;
const NAMED: usize = 4;

pub(super) fn print(args: &Timings, common: &Common) -> Result<u8, Complaint> {
    if let Some(path) = &args.log {
        session::unset("timings --log", common)?;
        let events = read(path).map_err(|reason| Complaint::failed(format!("{}: {reason}", path.display())))?;
        let of_none = || Complaint::failed(format!("{} does not tell of a run", path.display()));
        show(&timings::report(&events).ok_or_else(of_none)?, common);
        return Ok(0);
    }
    let config = session::load(common)?;
    let env = session::chosen(&config, &args.env, common)?;
    let directory = log::directory();
    // A log that is damaged or still empty hides no other.
    let is_of = |path: &std::path::PathBuf| {
        let first = File::open(path).ok().and_then(|file| read_log(BufReader::new(file)).next()?.ok());
        matches!(first, Some(Stamped { event: Event::RunStarted { env: of, .. }, .. }) if of == env.name)
    };
    let newest = log::all(&directory).into_iter().rev().filter(is_of);
    let reports = newest.filter_map(|path| timings::report(&read(&path).ok()?));
    let mut newest: Option<Report> = None;
    for report in reports.filter(|report| !report.steps.is_empty()) {
        if report.is_of_releases() {
            newest = Some(report);
            break;
        }
        newest.get_or_insert(report);
    }
    let Some(report) = newest else {
        let reason = format!("no log in {} tells of a run on {}", directory.display(), env.name);
        return Err(Complaint::failed(reason).next(crate::tasks::command("history", &env)));
    };
    show(&report, common);
    Ok(0)
}

/// All events but a last line that is torn: its run was killed, or is writing it.
fn read(path: &Path) -> Result<Vec<Stamped>, String> {
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
    let took = report.seconds.map_or("no end is told".to_owned(), text::duration);
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
