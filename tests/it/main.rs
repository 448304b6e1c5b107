//! All integration tests, in one binary: linking it once is most of the time.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod architecture;
mod docs;
mod ssh;
mod sshd;
