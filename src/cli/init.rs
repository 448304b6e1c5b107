//! `relm init`: a commented Releases.toml to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};

use clap::Args;

use super::complaint::Complaint;
use super::out;

/// Write a commented Releases.toml here
#[derive(Debug, Clone, Args)]
pub(super) struct Init {}

/// Writes the file; never over one that is there.
pub(super) fn write(_init: &Init) -> Result<u8, Complaint> {
    let new = OpenOptions::new().write(true).create_new(true).open("Releases.toml");
    let mut file = new.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Complaint::usage("Releases.toml is here already; relm does not write over it"),
        _ => Complaint::failed(format!("cannot write Releases.toml: {error}")),
    })?;
    let written = file.write_all(include_bytes!("../../templates/Releases.toml"));
    written.map_err(|error| Complaint::failed(format!("cannot write Releases.toml: {error}")))?;
    out::line("wrote Releases.toml: put your hosts in it, then");
    out::line("  relm check      can a deploy start?");
    out::line("  relm deploy     build a release on every host and make it live");
    Ok(0)
}
