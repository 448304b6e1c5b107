//! Events in, text out. Nothing here reaches a host, asks a clock or looks at a terminal.
//!
//! A [`Renderer`] sees one event after the other. What it knows of the run beyond the event at hand is the [`Board`].
//! Text goes through [`Line`], which takes the terminal escapes out of it, whoever wrote them.

mod block;
mod board;
mod ending;
mod failures;
mod json;
mod line;
mod lines;
mod live;
mod plain;
mod play;
mod rows;
mod sink;
mod step;
mod step_line;
mod table;
mod tally;
mod tame;
mod terminal;
pub mod text;
mod timings;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

use crate::event::Stamped;

pub use board::Board;
pub use json::{Json, json_line};
pub use line::{Line, style};
pub use lines::Lines;
pub use plain::Plain;
pub use play::{LogError, play, read_log};
pub use table::Table;
pub use tame::{tame, tame_json};
pub use terminal::{Screen, Terminal};

/// Shows a run.
///
/// A renderer never fails: one that cannot write any more goes silent, because no broken pipe may stop a deploy.
pub trait Renderer {
    /// Takes the next event.
    fn event(&mut self, event: &Stamped);

    /// Says that time has passed, so that spinners turn and timers count. About ten times a second is pleasant.
    fn tick(&mut self, now: DateTime<Utc>) {
        let _ = now;
    }
}
