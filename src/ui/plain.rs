//! Text for pipes and CI logs: nothing is redrawn, every line is understood alone.

use std::collections::BTreeMap;
use std::io::Write;

use super::board::Board;
use super::step::Step;
use super::{Line, Renderer, Table, ending, failures, sink::Sink, step_line, text};
use crate::event::{Event, Failure, Phase, Stamped};
use crate::fleet::HostName;
use crate::release::ReleaseName;

/// CI systems show about as much without scrolling sideways.
const WIDTH: usize = 100;

/// Up to so many hosts are named in a headline. All are named in the lines below it.
const NAMED: usize = 8;

/// Writes a line for what happens, the host's name first.
#[derive(Debug)]
pub struct Plain<W> {
    out: Sink<W>,
    verbose: bool,
    board: Board,
    /// Quarters of an upload that were told.
    quarters: BTreeMap<(String, HostName), u64>,
}

impl<W: Write> Plain<W> {
    /// Writes to `out`; `verbose` adds all that hosts say.
    pub fn new(out: W, verbose: bool) -> Self {
        Self {
            out: Sink::new(out),
            verbose,
            board: Board { timed: verbose, ..Board::default() },
            quarters: BTreeMap::new(),
        }
    }

    /// Tells where the log of the run is.
    #[must_use]
    pub fn logged(mut self, log: Option<String>) -> Self {
        self.board.log = log;
        self
    }

    fn lines(&mut self, event: &Event) -> Vec<Line> {
        match event {
            Event::RunStarted { .. } => started(&self.board),
            Event::StepStarted { step, phase } => vec![self.headline(step, *phase)],
            Event::HostStarted { step, host } if self.verbose => vec![self.about(step, host, "begins")],
            Event::Output { host, line, .. } if self.verbose => vec![output(&self.board, host, line)],
            Event::Progress { step, host, done, total } => self.progress(step, host, *done, *total),
            Event::HostFinished { step, host, outcome, seconds } => {
                vec![self.about(step, host, &step_line::outcome(outcome, *seconds))]
            }
            Event::HostFailed { step, host, failure, seconds } => {
                let words = format!("FAILED {}", step_line::failed(&failure.what, "after", *seconds));
                vec![self.about(step, host, &words)]
            }
            Event::HostPutBack { host, release, failure } => {
                let words = put_back(release.as_ref(), failure.as_ref());
                vec![host_name(&self.board, host).text("  ").text(words)]
            }
            Event::StepFinished { step, ok: false } => vec![self.not_finished(step)],
            Event::HostStarted { .. } | Event::Output { .. } | Event::StepFinished { .. } => Vec::new(),
            Event::Warning { host, message } => vec![warning(host.as_ref(), message)],
            Event::RunEnded { .. } => {
                let lines = ending::lines(&self.board, WIDTH);
                std::iter::once(Line::new()).chain(lines).collect()
            }
        }
    }

    fn headline(&self, step: &str, phase: Phase) -> Line {
        let hosts = self.board.known_step(step).map_or_else(String::new, on);
        // What is run by itself is no part of a deploy, whatever phase it has there.
        let phase = if self.board.task == "run" { String::new() } else { format!(" ({})", step_line::phase(phase)) };
        format!("-- {step}{phase}{hosts}").into()
    }

    fn not_finished(&self, name: &str) -> Line {
        let failed = self.board.known_step(name).and_then(failures::headline);
        Line::from("-- ").text(failed.unwrap_or_else(|| format!("{name} was not finished")))
    }

    fn about(&self, step: &str, host: &HostName, words: &str) -> Line {
        let start = host_name(&self.board, host).text("  ");
        let step_at = start.width();
        start.text(step).pad(step_at + self.board.step_width()).text("  ").text(words)
    }

    /// Tells 25, 50 and 75 per cent; that all is there is told by the end of the step.
    fn progress(&mut self, step: &str, host: &HostName, done: u64, total: u64) -> Vec<Line> {
        let quarter = u64::try_from(u128::from(done) * 4 / u128::from(total.max(1))).unwrap_or(4);
        let told = self.quarters.entry((step.to_owned(), host.clone())).or_default();
        if quarter <= *told || quarter >= 4 {
            return Vec::new();
        }
        *told = quarter;
        let words = format!("{} % of {}", quarter * 25, text::size(total));
        vec![self.about(step, host, &words)]
    }
}

impl<W: Write> Renderer for Plain<W> {
    fn event(&mut self, event: &Stamped) {
        if self.board.end.is_some() {
            return;
        }
        self.board.take(event);
        let lines = self.lines(&event.event);
        let text: String = lines.iter().map(|line| line.render(false) + "\n").collect();
        if !text.is_empty() {
            self.out.write(&text);
        }
    }
}

fn started(board: &Board) -> Vec<Line> {
    let mut lines = vec![Line::from("== ").then(title(board))];
    if board.dry_run {
        lines.extend(plan(board));
    }
    lines
}

/// `deploy production → release 2026-11-20_14.30.05`.
pub(super) fn title(board: &Board) -> Line {
    let release = board.release.as_ref().map(|release| format!(" → release {release}"));
    let dry = if board.dry_run { " (dry run)" } else { "" };
    format!("{}{}{dry}", board.title(), release.unwrap_or_default()).into()
}

/// The steps a run would take, for a dry run.
pub(super) fn plan(board: &Board) -> Vec<Line> {
    let table = board.steps.iter().fold(Table::new(["phase", "step", "hosts"]), |table, step| {
        let hosts = text::list(step.hosts.iter().map(|host| &host.name));
        table.row([step_line::phase(step.phase), &step.name, &hosts])
    });
    table.lines().into_iter().map(|line| Line::from("   ").then(line)).collect()
}

/// `web1 | Collecting pillow`.
pub(super) fn output(board: &Board, host: &HostName, line: &str) -> Line {
    host_name(board, host).text(" | ").text(line)
}

fn host_name(board: &Board, host: &HostName) -> Line {
    Line::from(host.as_str()).pad(board.host_width())
}

/// `! web1: its clock is 40 s ahead`.
pub(super) fn warning(host: Option<&HostName>, message: &str) -> Line {
    let host = host.map(|host| format!("{host}: ")).unwrap_or_default();
    Line::new().styled(super::style::CARE, "! ").text(host).text(message)
}

/// What became of a host that had to be put back.
pub(super) fn put_back(release: Option<&ReleaseName>, failure: Option<&Failure>) -> String {
    match (failure, release) {
        (Some(failure), _) => format!("NOT PUT BACK: {}", failure.what),
        (None, Some(release)) => format!("put back, runs {release} again"),
        (None, None) => "put back, runs nothing as before".to_owned(),
    }
}

fn on(step: &Step) -> String {
    let names: Vec<&str> = step.hosts.iter().map(|host| host.name.as_str()).collect();
    match names.len() {
        0 => String::new(),
        1..=NAMED => format!(" on {}", names.join(" ")),
        many => format!(" on {}", text::count(many, "host")),
    }
}
