//! The integration tests: one binary, one module for each subject.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod ssh;
mod sshd;
