//! What failed, on which hosts, and what they said: each failed host once, none forgotten.

use super::board::Board;
use super::rows::Row;
use super::step::{KEPT_LINES, Step};
use super::{Line, step_line, style, text};
use crate::event::Failure;

/// A step that failed somewhere: its headline, and a row for each host or for hosts that failed alike.
#[derive(Debug)]
pub(super) struct FailedStep {
    pub(super) headline: String,
    pub(super) rows: Vec<Row>,
}

/// All steps that failed, in the order of the run.
pub(super) fn of(board: &Board) -> Vec<FailedStep> {
    let failed =
        |step| headline(step).map(|headline| FailedStep { headline, rows: alike(step).into_iter().map(row).collect() });
    board.steps.iter().filter_map(failed).collect()
}

/// `build_virtualenv failed on 1 of 4 hosts`; nothing if it did not fail.
pub(super) fn headline(step: &Step) -> Option<String> {
    let (failed, all) = (step.failed().count(), text::count(step.hosts.len(), "host"));
    (failed > 0).then(|| format!("{} failed on {failed} of {all}", step.name))
}

/// Hosts whose failures read the same, with how long the step took on each.
struct Alike<'a> {
    failure: &'a Failure,
    hosts: Vec<String>,
    seconds: Vec<f64>,
}

fn alike(step: &Step) -> Vec<Alike<'_>> {
    let mut groups: Vec<Alike<'_>> = Vec::new();
    for (host, failure, seconds) in step.failed() {
        let host = host.name.to_string();
        match groups.iter_mut().find(|group| group.failure == failure) {
            Some(group) => {
                group.hosts.push(host);
                group.seconds.push(seconds);
            }
            None => groups.push(Alike { failure, hosts: vec![host], seconds: vec![seconds] }),
        }
    }
    groups
}

fn row(group: Alike<'_>) -> Row {
    let longest = group.seconds.iter().copied().fold(0.0, f64::max);
    let same = group.seconds.iter().all(|seconds| text::duration(*seconds) == text::duration(longest));
    let after = if same { "after" } else { "after up to" };
    let what = step_line::failed(&group.failure.what, after, longest);
    Row::new(style::BAD, text::list(group.hosts), lines(&what, group.failure))
}

/// What failed, the command, and the host's own words.
pub(super) fn lines(what: &str, failure: &Failure) -> Vec<Line> {
    let mut lines: Vec<Line> = what.lines().map(Line::from).collect();
    for (index, part) in failure.command.iter().flat_map(|command| command.lines()).enumerate() {
        lines.push(Line::from(if index == 0 { "$ " } else { "  " }).text(part));
    }
    let said: Vec<&str> = failure.said.iter().flat_map(|said| said.lines()).collect();
    let skipped = said.len().saturating_sub(KEPT_LINES);
    if skipped > 0 {
        let note = format!("… {} before these", text::count(skipped, "line"));
        lines.push(quoted().styled(style::DIM, note));
    }
    lines.extend(said[skipped..].iter().map(|line| quoted().text(line)));
    lines
}

fn quoted() -> Line {
    Line::new().styled(style::DIM, "│ ")
}
