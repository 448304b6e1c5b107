//! What is wrong with a `Releases.toml`, and how that is shown.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A sentence without its full stop.
    pub message: String,
    /// The offending bytes; empty at the start of the file when what is wrong stands nowhere.
    pub span: Range<usize>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Everything that is wrong with one file, in the order of the file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The file.
    pub path: PathBuf,
    /// What it says, and behind that what was laid over it, a line each; empty if it could not be read.
    pub text: String,
    /// Where the file ends in that.
    pub own: usize,
    /// At least one.
    pub list: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(path: PathBuf, text: &str, mut list: Vec<Problem>) -> Self {
        // Settings shared by several environments are checked once for each.
        list.sort_by(|a, b| (a.span.start, a.span.end, &a.message).cmp(&(b.span.start, b.span.end, &b.message)));
        list.dedup_by(|a, b| a.span == b.span && a.message == b.message);
        Self { path, text: text.to_owned(), own: text.len(), list }
    }

    /// With an end of the file before that of the text.
    pub(super) fn of_file(self, own: usize) -> Self {
        Self { own, ..self }
    }

    /// Returns the line a problem stands in, counted from 1.
    pub fn line(&self, problem: &Problem) -> usize {
        line(&self.text, problem.span.start)
    }

    /// Draws every problem with its place in the file, a caret below it, and its hint.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let path = self.path.display().to_string();
        let drawn = self.list.iter().map(|problem| renderer.render(&self.report(&path, problem)));
        // ASCII's control characters are drawn as signs; these are not, and a terminal obeys them as well.
        let is_obeyed =
            |c: char| matches!(c, '\u{80}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}');
        drawn.collect::<Vec<_>>().join("\n\n").replace(is_obeyed, "\u{fffd}") + "\n"
    }

    fn report<'p>(&'p self, path: &'p str, problem: &'p Problem) -> Vec<Group<'p>> {
        let title = Level::ERROR.primary_title(annotate_snippets::normalize_untrusted_str(&problem.message));
        let mut group = if self.text.is_empty() {
            title.element(Origin::path(path))
        } else {
            let span = self.drawable(&problem.span);
            let (text, start, path) = self.part(span.start, path);
            let mark = AnnotationKind::Primary.span(span.start - start..span.end - start);
            title.element(Snippet::source(text).path(path).annotation(mark))
        };
        if let Some(hint) = &problem.hint {
            group = group.element(Level::HELP.message(annotate_snippets::normalize_untrusted_str(hint)));
        }
        vec![group]
    }

    /// The text that a byte stands in, with its beginning and what it is called: the file, or a line that was laid over it.
    fn part<'p>(&'p self, at: usize, path: &'p str) -> (&'p str, usize, &'p str) {
        if at <= self.own {
            return (&self.text[..self.own], 0, path);
        }
        let start = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = self.text[at..].find('\n').map_or(self.text.len(), |end| at + end);
        (&self.text[start..end], start, "--set")
    }

    /// Cuts a span to its first line, on the borders of characters: a caret below one line says enough.
    fn drawable(&self, span: &Range<usize>) -> Range<usize> {
        let border = |at: usize| (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at));
        let start = border(span.start).unwrap_or(0);
        let end = border(span.end).unwrap_or(0).max(start);
        let line = self.text[start..end].find(['\r', '\n']).unwrap_or(end - start);
        start..start + line
    }
}

/// The line that a byte stands in, counted from 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].split(|byte| *byte == b'\n').count()
}

/// The plain drawing.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}
