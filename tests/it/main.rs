//! All integration tests, in one binary: linking it once is most of the time.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod architecture;
mod clean;
mod cli;
mod deploy;
mod docs;
mod events;
mod failures;
mod operations;
mod power_cuts;
mod python;
mod reports;
mod rollback;
mod run;
mod setup_release;
mod shared;
mod shells;
mod signals;
mod site;
mod ssh;
mod ssh_deploy;
mod sshd;
mod unfinished;
mod upload;
mod verify;
