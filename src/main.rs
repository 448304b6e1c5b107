//! The `relm` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    relm::cli::run()
}
