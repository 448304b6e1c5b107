//! The live block: steps that run now and the hosts they run on, never more rows than the screen has.

use chrono::{DateTime, Utc};

use super::board::Board;
use super::step::{OnHost, State, Step, Upload};
use super::{Line, step_line, style, text};

const BAR: u64 = 20;
const FAILURES: usize = 3;
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// Draws what is going on at `now` in at most `rows` lines.
pub(super) fn lines(board: &Board, now: DateTime<Utc>, rows: usize) -> Vec<Line> {
    let live: Vec<&Step> = board.steps.iter().filter(|step| step.is_live()).collect();
    let busy = live.iter().map(|step| worth_a_row(step).count()).sum::<usize>();
    let mut for_hosts = rows.saturating_sub(live.len());
    // A row is kept for what does not fit.
    let left_out = if busy > for_hosts { busy + 1 - for_hosts.max(1) } else { 0 };
    if left_out > 0 {
        for_hosts = for_hosts.saturating_sub(1);
    }
    let mut lines = Vec::new();
    for step in live {
        lines.push(header(board, step, now));
        let shown = worth_a_row(step).take(for_hosts);
        let before = lines.len();
        lines.extend(shown.map(|host| host_row(board, host, now)));
        for_hosts -= lines.len() - before;
    }
    if left_out > 0 {
        let more = format!("    … and {} at work", text::count(left_out, "more host"));
        lines.push(Line::new().styled(style::DIM, more));
    }
    lines.truncate(rows);
    lines
}

/// Failures first: they must not be what is left out. A few of them do, the ending will list them all.
fn worth_a_row(step: &Step) -> impl Iterator<Item = &OnHost> {
    step.failed().map(|(host, ..)| host).take(FAILURES).chain(step.running())
}

fn header(board: &Board, step: &Step, now: DateTime<Utc>) -> Line {
    let is_running = step.running().next().is_some();
    let mark = if is_running { spinner(now) } else { " " };
    let name_style = if is_running { style::BOLD } else { style::DIM };
    let done = format!("{} of {}", step.finished().count(), text::count(step.hosts.len(), "host"));
    let line = Line::new().styled(style::BUSY, mark).text(" ").styled(name_style, &step.name);
    let line = line.pad(2 + board.step_width() + 3).text(done);
    let line = match step.failed().count() {
        0 => line,
        failed => line.text("   ").styled(style::BAD, format!("{failed} failed")),
    };
    line.text("   ").styled(style::DIM, elapsed(step.began, now))
}

fn spinner(now: DateTime<Utc>) -> &'static str {
    let turn = now.timestamp_millis().unsigned_abs() / 100;
    usize::try_from(turn % 10).map_or("", |turn| SPINNER[turn])
}

fn host_row(board: &Board, host: &OnHost, now: DateTime<Utc>) -> Line {
    let name_style = if matches!(host.state, State::Failed { .. }) { style::BAD } else { anstyle::Style::new() };
    let line = Line::from("    ").styled(name_style, host.name.as_str());
    line.pad(4 + board.host_width() + 3).then(state(host, now))
}

fn state(host: &OnHost, now: DateTime<Utc>) -> Line {
    match (&host.state, &host.upload, host.said.back()) {
        (State::Failed { failure, seconds }, ..) => {
            let words = format!("✘ {}", step_line::failed(&failure.what, "after", *seconds));
            Line::new().styled(style::BAD, words)
        }
        (State::Running { .. }, Some(upload), said) if said.is_none() || upload.percent() < 100 => bar(upload),
        (State::Running { .. }, _, Some(line)) => Line::new().styled(style::DIM, line),
        (State::Running { since }, _, None) => Line::new().styled(style::DIM, elapsed(Some(*since), now)),
        (State::Waiting | State::Finished { .. }, ..) => Line::new(),
    }
}

/// `██████████░░░░░░░░░░  52 %  10.4 MB of 20.1 MB  3.2 MB/s`.
fn bar(upload: &Upload) -> Line {
    let filled = usize::try_from(upload.percent() * BAR / 100).unwrap_or(0);
    let empty = usize::try_from(BAR).unwrap_or(0) - filled;
    let (done, total) = (text::size(upload.last.1), text::size(upload.total));
    let speed = upload.speed().map(|speed| format!("  {}/s", text::size(speed)));
    Line::new()
        .styled(style::BUSY, "█".repeat(filled))
        .styled(style::DIM, "░".repeat(empty))
        .text(format!(" {:>3} %  {done} of {total}", upload.percent()))
        .styled(style::DIM, speed.unwrap_or_default())
}

/// Whole seconds, from the first on: tenths would only flicker.
fn elapsed(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let seconds = since.map_or(0.0, |since| text::seconds_between(since, now).floor());
    if seconds < 1.0 { String::new() } else { text::duration(seconds) }
}
