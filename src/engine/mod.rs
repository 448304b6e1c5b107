//! Runs any plan: steps over hosts, batches, interruption, putting back. Names no operation.

mod begun;
mod claim;
mod differences;
mod ending;
mod events;
mod inspect;
mod join;
mod journal;
mod last_words;
pub mod lock;
mod machine;
mod manifest;
mod operation;
mod plan;
mod put_back;
mod run;
mod seal;
mod step;
mod stretch;
mod survey;
mod switch;

pub use claim::{ClaimError, claim};
pub use differences::{Difference, What};
pub use events::{Events, Heard};
pub use inspect::{inspect, verify};
pub use join::{forget_lost, join};
pub use journal::hash;
pub use machine::Machine;
pub use manifest::manifest;
pub use operation::{Makes, On, Operation, Reading, Work};
pub use plan::{Batches, Plan, Step};
pub use run::{Ended, run};
pub use survey::survey;
