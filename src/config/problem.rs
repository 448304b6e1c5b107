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
    /// What it says; empty if it could not be read.
    pub text: String,
    /// At least one.
    pub list: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(path: PathBuf, text: &str, mut list: Vec<Problem>) -> Self {
        // Settings shared by several environments are checked once for each.
        list.sort_by(|a, b| (a.span.start, a.span.end, &a.message).cmp(&(b.span.start, b.span.end, &b.message)));
        list.dedup_by(|a, b| a.span == b.span && a.message == b.message);
        Self { path, text: text.to_owned(), list }
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
            let mark = AnnotationKind::Primary.span(self.drawable(&problem.span));
            title.element(Snippet::source(self.text.as_str()).path(path).annotation(mark))
        };
        if let Some(hint) = &problem.hint {
            group = group.element(Level::HELP.message(annotate_snippets::normalize_untrusted_str(hint)));
        }
        vec![group]
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
