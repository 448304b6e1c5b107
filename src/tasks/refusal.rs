//! A refusal: why a task does not begin. Nothing has been changed then.

use std::fmt;

/// Why a task does not begin, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// One sentence without a full stop.
    pub reason: String,
    /// What is behind it, host by host: a header and rows of the same length.
    pub table: Option<(Vec<&'static str>, Vec<Vec<String>>)>,
    /// Commands to type or things to do next.
    pub next: Vec<String>,
}

impl Refusal {
    /// A refusal for one reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), table: None, next: Vec::new() }
    }

    /// Adds something to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next.push(next.into());
        self
    }

    /// Adds what is behind it.
    #[must_use]
    pub fn table(mut self, header: Vec<&'static str>, rows: Vec<Vec<String>>) -> Self {
        self.table = Some((header, rows));
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refusal {}
