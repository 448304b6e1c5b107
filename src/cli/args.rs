//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::config::Set;
use crate::release::Consent;
use crate::tasks;

/// Atomic releases for your own Linux hosts, over plain ssh
///
/// relm builds a release in a directory of its own on every host, and only when all hosts are ready does it flip
/// `current` to it, on all of them or on none.
#[derive(Debug, Parser)]
#[command(name = "relm", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 done · 1 failed, nothing live changed or all was put back · 2 usage or \
    Releases.toml · 3 refused before anything changed · 4 live, something unfinished · 5 hosts run different \
    releases · 75 paused · 130 interrupted")]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) common: Common,
}

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Common {
    /// Releases.toml to read [default: the nearest one upwards]
    #[arg(long, value_name = "FILE", global = true, help_heading = "Everywhere")]
    pub(super) config: Option<PathBuf>,
    /// A setting of the environment for this run alone, over what Releases.toml says: `release.keep=5`
    #[arg(long, value_name = "KEY=VALUE", value_parser = Set::read, global = true, help_heading = "Everywhere")]
    pub(super) set: Vec<Set>,
    /// Print JSON on standard output
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(super) json: bool,
    /// Show all output of the hosts
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub(super) verbose: bool,
    /// Answer every question with yes
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(super) yes: bool,
    /// Somebody agreed that what is busy is disturbed, and why; stands in the history. For tasks that change hosts
    #[arg(long, value_name = "NAME=\"WHO: WHY\"", value_parser = consent, global = true, help_heading = "Everywhere")]
    pub(super) consent: Vec<Consent>,
    /// Wait so long for the lock when another run holds the environment: `10m`
    #[arg(long, value_name = "TIME", value_parser = time, global = true, help_heading = "Everywhere")]
    pub(super) wait: Option<Duration>,
    /// Only these hosts, for commands that read and for `run`
    #[arg(long, value_name = "HOST", value_delimiter = ',', global = true, help_heading = "Everywhere")]
    pub(super) hosts: Vec<String>,
}

fn consent(text: &str) -> Result<Consent, String> {
    let (name, words) = text.split_once('=').ok_or("such as spiders=\"Ann: they can be run again\"")?;
    let (who, why) = words.split_once(':').unwrap_or_default();
    if name.trim().is_empty() || who.trim().is_empty() || why.trim().is_empty() {
        return Err("say who agreed, and why: spiders=\"Ann: they can be run again\"".to_owned());
    }
    Ok(Consent { name: name.trim().to_owned(), words: words.trim().to_owned() })
}

fn time(text: &str) -> Result<Duration, String> {
    crate::config::duration(text).ok_or_else(|| "such as 90s, 10m or 1h30m".to_owned())
}

/// One line a command.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Deploy(tasks::deploy::Deploy),
    Rollback(tasks::rollback::Rollback),
    Promote(tasks::promote::Promote),
    Converge(tasks::converge::Converge),
    SetupRelease(tasks::setup_release::SetupRelease),
    CleanReleases(tasks::clean_releases::CleanReleases),
    Keep(tasks::keep::Keep),
    Releases(tasks::releases::Releases),
    Status(tasks::status::Status),
    History(tasks::history::History),
    Timings(tasks::timings::Timings),
    Check(tasks::check::Check),
    Config(super::config::ConfigArgs),
    Diff(tasks::diff::Diff),
    Verify(tasks::verify::Verify),
    Services(tasks::services::Services),
    #[command(subcommand)]
    Maintenance(super::maintenance::MaintenanceCommand),
    Run(tasks::run::Run),
    Manage(tasks::manage::ManageArgs),
    Jobs(tasks::jobs::Jobs),
    #[command(subcommand)]
    Lock(super::lock::LockCommand),
    /// List every task, relm's own and those of Releases.toml
    Tasks,
    Trust(super::trust::Trust),
    Init(super::init::Init),
    #[command(subcommand, hide = true)]
    Debug(super::debug::Debug),
    /// A task of Releases.toml.
    #[command(external_subcommand)]
    Own(Vec<String>),
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;
    use crate::config::BUILT_IN;

    /// A task with a command's name would never run. `help` and `resume` are nobody's.
    #[test]
    fn tasks_of_a_file_are_called_like_no_command() {
        let cli = Cli::command();
        let commands = cli.get_subcommands().map(clap::Command::get_name).chain(["help", "resume"]);
        assert_eq!(BUILT_IN.into_iter().collect::<BTreeSet<_>>(), commands.collect());
    }
}
