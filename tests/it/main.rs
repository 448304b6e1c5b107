//! All integration tests, in one binary: linking it once is most of the time.

mod architecture;
mod docs;
