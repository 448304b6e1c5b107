//! `relm maintenance`, from the words to the exit code.

use clap::{Args, Subcommand};

use super::args::Common;
use super::change::Change;
use super::complaint::Complaint;
use super::secrets::Needs;
use super::session;
use crate::config::Part;
use crate::tasks::{EnvArgs, maintenance};

/// Tell visitors that the site is being worked on, or stop telling them
///
/// What is switched on by hand stays on until it is switched off by hand, whatever is deployed meanwhile.
#[derive(Debug, Subcommand)]
pub(super) enum MaintenanceCommand {
    /// Switch it on
    On(On),
    /// Switch it off
    Off(Off),
}

/// What is switched on.
#[derive(Debug, Args)]
pub(super) struct On {
    #[command(flatten)]
    env: EnvArgs,
    /// For a long time: visitors are told so
    #[arg(long)]
    long: bool,
    /// Why; stands in the history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

/// What is switched off.
#[derive(Debug, Args)]
pub(super) struct Off {
    #[command(flatten)]
    env: EnvArgs,
    /// Why; stands in the history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

pub(super) async fn act(command: &MaintenanceCommand, common: &Common) -> Result<u8, Complaint> {
    session::whole("maintenance", common)?;
    let (env, on, long, message) = match command {
        MaintenanceCommand::On(args) => (&args.env, true, args.long, &args.message),
        MaintenanceCommand::Off(args) => (&args.env, false, false, &args.message),
    };
    let config = session::load(common)?;
    let env = session::chosen(&config, env, common)?;
    let change = Change::new("maintenance", &config, env, common)
        .because(message.as_deref())
        .needing(Needs::Part(Part::Maintenance))
        .sparing();
    change.run(|site| maintenance::plan(site, on, long)).await
}
