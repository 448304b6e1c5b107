//! Replays the log of a run: the way to work on a renderer without hosts.

use std::io::{self, BufRead};

use super::Renderer;
use crate::event::Stamped;

/// Says why a log cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] io::Error),
    /// A line is no event.
    #[error("line {line} of the log is no event: {source}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Reads a log of JSON lines, as `--json` writes it. Empty lines are passed over.
pub fn read_log(log: impl BufRead) -> impl Iterator<Item = Result<Stamped, LogError>> {
    log.lines().enumerate().filter_map(|(index, line)| match line {
        Ok(line) if line.trim().is_empty() => None,
        Ok(line) => Some(serde_json::from_str(&line).map_err(|source| LogError::Line { line: index + 1, source })),
        Err(error) => Some(Err(error.into())),
    })
}

/// Shows a log from its beginning to its end, without waiting.
pub fn play(log: impl BufRead, renderer: &mut dyn Renderer) -> Result<(), LogError> {
    for event in read_log(log) {
        renderer.event(&event?);
    }
    Ok(())
}
