//! One JSON object a line, for programs.

use std::io::Write;

use super::{Renderer, sink::Sink, tame_json};
use crate::event::Stamped;

/// Writes every event as it is, with everything escaped that a terminal would obey.
#[derive(Debug)]
pub struct Json<W> {
    out: Sink<W>,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out: Sink::new(out) }
    }
}

impl<W: Write> Renderer for Json<W> {
    fn event(&mut self, event: &Stamped) {
        self.out.write(&json_line(event));
    }
}

/// An event as programs read it, its end included.
pub fn json_line(event: &Stamped) -> String {
    let line = serde_json::to_string(event).expect("events have no maps with keys other than names");
    tame_json(&line) + "\n"
}
