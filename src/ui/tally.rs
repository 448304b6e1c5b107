//! What the steps of a run did on each host. Hosts alike share a line, so that those that differ are seen.

use super::board::Board;
use super::step::State;
use super::{Line, style, text};
use crate::event::Outcome;
use crate::fleet::HostName;

/// Hosts of a line that are all named.
const NAMED: usize = 4;

/// Steps of one host, by how they ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    changed: usize,
    already: usize,
    skipped: usize,
    paused: usize,
    failed: usize,
    cut_short: usize,
    not_run: usize,
}

/// A line for hosts that fared alike, in the order of the fleet; nothing where one host says it all.
pub(super) fn lines(board: &Board) -> Vec<Line> {
    let behind = board.end.as_ref().map(|end| end.behind.as_slice()).unwrap_or_default();
    let fleet: Vec<&HostName> = board.fleet().into_iter().filter(|host| !behind.contains(host)).collect();
    if fleet.len() < 2 || board.times.is_empty() {
        return Vec::new();
    }
    let mut groups: Vec<(Tally, Vec<&HostName>)> = Vec::new();
    for host in &fleet {
        let tally = Tally::of(board, host);
        match groups.iter_mut().find(|(known, _)| *known == tally) {
            Some((_, hosts)) => hosts.push(host),
            None => groups.push((tally, vec![host])),
        }
    }
    let labels: Vec<String> = groups.iter().map(|(_, hosts)| label(hosts, fleet.len())).collect();
    let width = labels.iter().map(|label| Line::from(label).width()).max().unwrap_or(0);
    let line = |(label, (tally, _)): (&String, &(Tally, Vec<_>))| Line::from(label).pad(width + 3).then(tally.words());
    labels.iter().zip(&groups).map(line).collect()
}

fn label(hosts: &[&HostName], all: usize) -> String {
    match hosts.len() {
        number if number == all => format!("all {}", text::count(all, "host")),
        ..=NAMED => text::list(hosts),
        number => format!("{} and {} more", text::list(&hosts[..2]), number - 2),
    }
}

impl Tally {
    fn of(board: &Board, host: &HostName) -> Self {
        let mut tally = Self::default();
        for on_host in board.steps.iter().flat_map(|step| &step.hosts).filter(|on_host| on_host.name == *host) {
            *match &on_host.state {
                State::Finished { outcome: Outcome::Changed } => &mut tally.changed,
                State::Finished { outcome: Outcome::AlreadyDone } => &mut tally.already,
                State::Finished { outcome: Outcome::Skipped(_) } => &mut tally.skipped,
                State::Finished { outcome: Outcome::Paused(_) } => &mut tally.paused,
                State::Failed { .. } => &mut tally.failed,
                State::Running { .. } => &mut tally.cut_short,
                State::Waiting => &mut tally.not_run,
            } += 1;
        }
        tally
    }

    /// `9 changed, 1 already done, 1 failed`.
    fn words(&self) -> Line {
        let plain = anstyle::Style::new();
        let parts = [
            (self.changed, "changed", plain),
            (self.already, "already done", plain),
            (self.skipped, "skipped", plain),
            (self.paused, "paused", style::CARE),
            (self.failed, "failed", style::BAD),
            (self.cut_short, "cut short", style::CARE),
            (self.not_run, "not run", style::DIM),
        ];
        let told = parts.into_iter().filter(|(number, ..)| *number > 0);
        let line = told.fold(Line::new(), |line, (number, word, style)| {
            let gap = if line.width() == 0 { "" } else { ", " };
            line.text(gap).styled(style, format!("{number} {word}"))
        });
        if line.width() == 0 { Line::new().styled(style::DIM, "no steps") } else { line }
    }
}
