//! Hidden commands for editors and for work on relm itself.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use clap::Subcommand;

use super::args::Common;
use super::complaint::Complaint;
use super::out;
use crate::config;
use crate::ui::{self, Plain};

/// Hidden commands.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Debug {
    /// Print the JSON schema of Releases.toml
    Schema,
    /// Show a log of events, as `--json` prints them, the way a run is shown
    Play {
        /// The log
        log: PathBuf,
    },
}

/// Does it.
pub(super) fn run(command: &Debug, common: &Common) -> Result<u8, Complaint> {
    match command {
        Debug::Schema => {
            let schema = serde_json::to_string_pretty(&config::schema());
            out::line(schema.expect("a schema is plain data"));
        }
        Debug::Play { log } => {
            let file = File::open(log).map_err(|error| Complaint::failed(format!("{}: {error}", log.display())))?;
            let mut renderer = Plain::new(std::io::stdout(), common.verbose);
            let played = ui::play(BufReader::new(file), &mut renderer);
            played.map_err(|error| Complaint::failed(format!("{}: {error}", log.display())))?;
        }
    }
    Ok(0)
}
