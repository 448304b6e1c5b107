//! All integration tests, in one binary: linking it once is most of the time.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod architecture;
mod becoming;
mod chaos;
mod clean;
mod cli;
mod converge;
mod crowd;
mod delta;
mod deploy;
mod docs;
mod events;
mod failures;
mod faults;
mod fleet;
mod hostile;
mod invariants;
mod lock;
mod operations;
mod power_cuts;
mod python;
mod reports;
mod resume;
mod resume_edges;
mod retention;
mod rollback;
mod run;
mod secrets;
mod sentinel;
mod setup_release;
mod shared;
mod shells;
mod signals;
mod site;
mod ssh;
mod ssh_deploy;
mod sshd;
mod store;
mod traces;
mod transaction;
mod unfinished;
mod upload;
mod users;
mod verify;
mod waits;
