//! The `[[health]]` tables, checked.

use std::time::Duration;

use crate::event::Phase;
use crate::fleet::{Become, Targets};
use crate::template::Template;

/// A sign that a host is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Unique in the environment.
    pub name: String,
    /// When it is looked for.
    pub phase: Phase,
    /// When all hosts have switched, and still part of the switch: without it all are put back.
    pub of_all: bool,
    /// A person is asked first whether they are.
    pub asks: bool,
    /// Where.
    pub targets: Targets,
    /// What it is.
    pub sign: Sign,
    /// How long it may take to come.
    pub within: Duration,
    /// The pause between two attempts.
    pub every: Duration,
    /// How long one attempt may take.
    pub attempt: Duration,
    /// The user it is done as, if not whoever all else is done as.
    pub becoming: Option<Become>,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// An answer.
    Http {
        /// The address.
        url: Template,
        /// Its status.
        expect: u16,
        /// What it holds.
        contains: Option<Template>,
        /// Header lines that are sent.
        headers: Vec<String>,
    },
    /// A connection to a host and a port.
    Tcp(Template),
    /// A file.
    File(Template),
    /// A command of the app's own.
    Command(String),
}
