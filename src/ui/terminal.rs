//! The view for a person at a terminal: finished steps stay, what is going on is redrawn in place below them.

use std::fmt::Write as _;
use std::io::Write;

use chrono::{DateTime, TimeDelta, Utc};

use super::board::Board;
use super::{Line, Renderer, block, ending, plain, sink::Sink, step_line, style};
use crate::event::{Event, Stamped};

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Whether colours are wanted.
    pub colour: bool,
}

const ERASE_BELOW: &str = "\u{1b}[J";
const ERASE_REST: &str = "\u{1b}[K";

/// Between two drawings passes at least this much, however much the hosts say.
const PAUSE: TimeDelta = TimeDelta::milliseconds(50);

/// Redraws a block of lines at the end of what it wrote.
///
/// It never hides the cursor, so that no way to die leaves it hidden.
#[derive(Debug)]
pub struct Terminal<W> {
    out: Sink<W>,
    screen: Screen,
    verbose: bool,
    board: Board,
    /// Rows of the block that stand on the screen, right above the cursor.
    drawn: usize,
    drawn_at: Option<DateTime<Utc>>,
}

impl<W: Write> Terminal<W> {
    /// Writes to `out`; `verbose` adds all that hosts say.
    pub fn new(out: W, screen: Screen, verbose: bool) -> Self {
        Self {
            out: Sink::new(out),
            screen,
            verbose,
            board: Board { timed: verbose, ..Board::default() },
            drawn: 0,
            drawn_at: None,
        }
    }

    /// Tells where the log of the run is.
    #[must_use]
    pub fn logged(mut self, log: Option<String>) -> Self {
        self.board.log = log;
        self
    }

    /// Takes the terminal's new size.
    pub fn resize(&mut self, screen: Screen) {
        self.screen = screen;
    }

    /// Lines that an event leaves on the screen for good.
    fn kept(&self, event: &Event) -> Vec<Line> {
        match event {
            Event::RunStarted { .. } => self.started(),
            Event::Output { host, line, .. } if self.verbose => vec![plain::output(&self.board, host, line)],
            Event::StepFinished { step, .. } => {
                let step = self.board.known_step(step);
                step.map(|step| step_line::finished(&self.board, step)).into_iter().collect()
            }
            Event::HostPutBack { host, release, failure } => {
                let (mark, mark_style) = if failure.is_some() { ("✘", style::BAD) } else { ("↩", style::CARE) };
                let words = plain::put_back(release.as_ref(), failure.as_ref());
                vec![Line::new().styled(mark_style, mark).text(format!(" {host} {words}"))]
            }
            Event::Warning { host, message } => vec![plain::warning(host.as_ref(), message)],
            Event::RunEnded { .. } => self.ended(),
            _ => Vec::new(),
        }
    }

    fn started(&self) -> Vec<Line> {
        let title = Line::new().styled(style::BOLD, plain::title(&self.board).render(false));
        let mut lines = vec![title, Line::new()];
        if self.board.dry_run {
            lines.extend(plain::plan(&self.board));
        }
        lines
    }

    /// Steps that never ended, then the ending.
    fn ended(&self) -> Vec<Line> {
        let live = self.board.steps.iter().filter(|step| step.is_live());
        let mut lines: Vec<Line> = live.map(|step| step_line::finished(&self.board, step)).collect();
        lines.push(Line::new());
        lines.extend(ending::lines(&self.board, self.screen.width.clamp(40, 100)));
        lines
    }

    /// Writes lines that stay, and below them the block as it is at `now`.
    ///
    /// Rows of a block are overwritten, not erased first: erasing flickers. Lines that stay may be longer than a row,
    /// so the old block is erased before them.
    fn draw(&mut self, kept: &[Line], now: DateTime<Utc>) {
        let block = if self.board.end.is_some() { Vec::new() } else { self.block(now) };
        let mut text = String::new();
        if self.drawn > 0 {
            let _ = write!(text, "\r\u{1b}[{}A", self.drawn);
        }
        if self.drawn > 0 && !kept.is_empty() {
            text.push_str(ERASE_BELOW);
        }
        for line in kept {
            let _ = writeln!(text, "{}", line.render(self.screen.colour));
        }
        for line in &block {
            let _ = writeln!(text, "{}{ERASE_REST}", line.render(self.screen.colour));
        }
        if kept.is_empty() && self.drawn > block.len() {
            text.push_str(ERASE_BELOW);
        }
        self.drawn = block.len();
        self.drawn_at = Some(now);
        if !text.is_empty() {
            self.out.write(&text);
        }
    }

    /// One column stays free: a full row makes some terminals wrap, and then the rows are miscounted.
    fn block(&self, now: DateTime<Utc>) -> Vec<Line> {
        let lines = block::lines(&self.board, now, self.screen.height.saturating_sub(4));
        let width = self.screen.width.saturating_sub(1);
        lines.into_iter().map(|line| line.cut(width)).collect()
    }

    fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.drawn_at.is_none_or(|drawn_at| now < drawn_at || now - drawn_at >= PAUSE)
    }
}

impl<W: Write> Renderer for Terminal<W> {
    fn event(&mut self, event: &Stamped) {
        if self.board.end.is_some() {
            return;
        }
        self.board.take(event);
        let kept = self.kept(&event.event);
        if !kept.is_empty() || self.is_due(event.at) {
            self.draw(&kept, event.at);
        }
    }

    fn tick(&mut self, now: DateTime<Utc>) {
        if self.board.end.is_none() && self.board.steps.iter().any(super::step::Step::is_live) && self.is_due(now) {
            self.draw(&[], now);
        }
    }
}
