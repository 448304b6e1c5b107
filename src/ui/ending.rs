//! How a run ends, for people: what failed and where, what the hosts said, what is live, what to type next.

use super::board::{Board, End, PutBack};
use super::failures::{self, FailedStep};
use super::rows::{Row, indent, lay_out};
use super::step::Step;
use super::{Line, live, style, tally, text, timings};
use crate::event::{Ending, Phase, live_on_all};
use crate::release::ReleaseName;

/// The text under a run that has ended; nothing before that. Lines are broken at `width` where they are ours.
pub(super) fn lines(board: &Board, width: usize) -> Vec<Line> {
    match &board.end {
        None => Vec::new(),
        Some(end) if end.exit_code == 0 => good(board, end, width),
        Some(end) => bad(board, end, width),
    }
}

fn good(board: &Board, end: &End, width: usize) -> Vec<Line> {
    let mark = match end.ending {
        Ending::Succeeded if !board.dry_run => Line::new().styled(style::GOOD, "✔ "),
        _ => Line::new().styled(style::DIM, "· "),
    };
    let mut rows: Vec<Row> = took_most(board).into_iter().chain(warnings(board)).collect();
    rows.extend(row("did", tally::lines(board)));
    rows.extend(row("behind", behind(end)));
    rows.extend(log(board).filter(|_| board.timed));
    rows.extend(next(end, false));
    let mut lines = lay_out(&rows, indent(rows.iter().map(|row| row.label.as_str())), width);
    // The good news is the last line before the prompt, unless there is something to type.
    let news = mark.styled(style::BOLD, good_news(board, end)).text(took(board, end));
    let gap = (!lines.is_empty()).then(Line::new);
    if end.next.is_empty() {
        lines.extend(gap.into_iter().chain([news]));
    } else {
        lines.splice(..0, std::iter::once(news).chain(gap));
    }
    lines
}

fn good_news(board: &Board, end: &End) -> String {
    let Board { task, env, .. } = board;
    if board.dry_run {
        return format!("{}: a dry run, nothing was changed", board.title());
    }
    if let Some(reason) = &end.reason {
        return format!("{}: {reason}", board.title());
    }
    if end.ending != Ending::Succeeded {
        return format!("{}: there was nothing to do", board.title());
    }
    let release = board.release.as_ref();
    let hosts = text::count(hosts_with(board, end), "host");
    match (task.as_str(), release) {
        ("deploy" | "converge", Some(release)) => format!("{env} runs {release} on {hosts}"),
        ("rollback", Some(release)) => format!("{env} runs {release} again on {hosts}"),
        ("setup-release", Some(release)) => format!("{release} is built on {hosts} of {env}, not live"),
        _ => format!("{}: done", board.title()),
    }
}

fn hosts_with(board: &Board, end: &End) -> usize {
    let serves = |release: &&Option<ReleaseName>| **release == board.release;
    match end.hosts.values().filter(serves).count() {
        0 => board.fleet().len(),
        count => count,
    }
}

fn took(board: &Board, end: &End) -> String {
    let seconds = board.began.map_or(0.0, |began| text::seconds_between(began, end.at));
    if seconds < 0.1 { String::new() } else { format!(" ({})", text::duration(seconds)) }
}

fn bad(board: &Board, end: &End, width: usize) -> Vec<Line> {
    let failed = failures::of(board);
    let rows = state(board, end, width.saturating_sub(12).max(40), !failed.is_empty());
    let labels = failed.iter().flat_map(|step| &step.rows).chain(&rows);
    let indent = indent(labels.map(|row| row.label.as_str()));
    let mut lines = Vec::new();
    for FailedStep { headline, rows } in &failed {
        lines.extend([bad_news(headline), Line::new()]);
        for (index, row) in rows.iter().enumerate() {
            lines.extend(lay_out(std::slice::from_ref(row), indent, width));
            if row.lines.len() > 1 || index + 1 == rows.len() {
                lines.push(Line::new());
            }
        }
    }
    if let Some(verdict) = verdict(board, end, failed.is_empty()) {
        let mut parts = verdict.lines();
        lines.extend(parts.next().map(bad_news));
        lines.extend(parts.map(|part| Line::from("  ").text(part)));
        lines.push(Line::new());
    }
    lines.extend(lay_out(&rows, indent, width));
    lines
}

fn bad_news(text: &str) -> Line {
    Line::new().styled(style::BAD, "✘ ").styled(style::BOLD, text)
}

/// What has to be said beyond "this step failed on that host".
fn verdict(board: &Board, end: &End, nothing_failed: bool) -> Option<String> {
    let title = board.title();
    let verdict = match end.ending {
        Ending::Mixed if live_on_all(&end.hosts, &end.unread, &end.behind).is_some() => {
            format!("{title} failed, and not all of it could be put back")
        }
        Ending::Mixed => format!("{} is mixed: its hosts could not all be put back", board.env),
        Ending::Interrupted => format!("{title} was interrupted"),
        Ending::Paused => format!("{title} is paused"),
        _ if !nothing_failed => return end.reason.clone(),
        _ if end.exit_code == 3 => format!("{title} was refused"),
        Ending::LiveButUnfinished => format!("{title} is live, but not finished"),
        Ending::PutBack => format!("{title} failed and was put back"),
        Ending::NothingChanged | Ending::Succeeded => format!("{title} failed"),
    };
    Some(match &end.reason {
        Some(reason) => format!("{verdict}: {reason}"),
        None => verdict,
    })
}

fn state(board: &Board, end: &End, width: usize, something_failed: bool) -> Vec<Row> {
    let mut rows: Vec<Row> = took_most(board).into_iter().chain(warnings(board)).collect();
    if end.ending == Ending::Interrupted {
        rows.extend(row("busy", busy(board)));
    }
    rows.extend(row("did", tally::lines(board)));
    rows.extend(row("back", put_back(board)));
    rows.extend(row("live", live::lines(board, end, width)));
    rows.extend(row("behind", behind(end)));
    if end.ending == Ending::LiveButUnfinished {
        rows.extend(row("left", left(board, width)));
    }
    rows.extend(log(board));
    rows.extend(next(end, something_failed));
    rows
}

/// Where all that hosts said is written down.
fn log(board: &Board) -> Option<Row> {
    row("log", board.log.iter().map(Line::from).collect())
}

/// Hosts the run went on without.
fn behind(end: &End) -> Vec<Line> {
    let line = || format!("{} could not be reached; the run went on without", text::list(&end.behind)).into();
    (!end.behind.is_empty()).then(line).into_iter().collect()
}

fn row(label: &str, lines: Vec<Line>) -> Option<Row> {
    (!lines.is_empty()).then(|| Row::new(style::BOLD, label, lines))
}

/// Where the time went, for whoever wants to see all.
fn took_most(board: &Board) -> Option<Row> {
    if board.timed { row("took", timings::lines(board)) } else { None }
}

fn warnings(board: &Board) -> Option<Row> {
    let lines = board.warnings.iter().map(|(host, message)| match host {
        Some(host) => format!("{host}: {message}").into(),
        None => Line::from(message),
    });
    let lines: Vec<Line> = lines.collect();
    (!lines.is_empty()).then(|| Row::new(style::CARE, "note", lines))
}

/// Where a signal found the hosts.
fn busy(board: &Board) -> Vec<Line> {
    let of_step = |step: &Step| {
        let hosts: Vec<_> = step.running().map(|host| &host.name).collect();
        (!hosts.is_empty()).then(|| format!("{} on {} was cut short", step.name, text::list(hosts)).into())
    };
    board.steps.iter().filter_map(of_step).collect()
}

fn put_back(board: &Board) -> Vec<Line> {
    let width = board.put_back.iter().map(|back| back.host.as_str().len()).max().unwrap_or(0);
    board.put_back.iter().flat_map(|back| put_back_host(back, width)).collect()
}

fn put_back_host(back: &PutBack, width: usize) -> Vec<Line> {
    let lines = match (&back.failure, &back.release) {
        (Some(failure), _) => failures::lines(&format!("could not be put back: {}", failure.what), failure),
        (None, Some(release)) => vec![format!("runs {release} again").into()],
        (None, None) => vec!["runs nothing, as before".into()],
    };
    let name_style = if back.failure.is_some() { style::BAD } else { style::GOOD };
    let name = Line::new().styled(name_style, back.host.as_str());
    let starts = std::iter::once(name).chain(std::iter::repeat(Line::new()));
    starts.zip(lines).map(|(start, line)| start.pad(width + 3).then(line)).collect()
}

/// Steps that `--resume` will finish.
fn left(board: &Board, width: usize) -> Vec<Line> {
    let is_left = |step: &&Step| step.phase >= Phase::AfterFlip && !matches!(step.ended, Some((_, true)));
    let names: Vec<&str> = board.steps.iter().filter(is_left).map(|step| step.name.as_str()).collect();
    if names.is_empty() { Vec::new() } else { live::wrap(&text::list(names), width) }
}

fn next(end: &End, something_failed: bool) -> Option<Row> {
    const FIX: &str = "fix the cause, then   ";
    let before = if something_failed && end.ending != Ending::Mixed { FIX } else { "" };
    let line = |(index, command): (usize, &String)| {
        let start = if index == 0 { before.to_owned() } else { " ".repeat(before.len()) };
        Line::from(start).styled(style::BOLD, command)
    };
    row("next", end.next.iter().enumerate().map(line).collect())
}
