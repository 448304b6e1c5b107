//! `relm setup-release`: a private release, built and never flipped, for a person to run commands in.

use clap::Args;

use super::building::build;
use super::deploy::SourceArgs;
use super::{EnvArgs, Payload, Refusal, Site, command, readiness, sourcing};
use crate::engine::Plan;
use crate::operations::{MarkComplete, MarkFailed};
use crate::release::Record;

/// Build a private release that never goes live by itself, and print its path
///
/// It has the code and its virtualenv, and nothing of yours has run in it. It is kept for --keep-days and removed by
/// the first clean after that. `relm deploy --release NAME` makes it live.
#[derive(Debug, Clone, Args)]
pub struct SetupRelease {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
    /// Days before a clean may remove it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=36500))]
    pub keep_days: u32,
    /// Only on hosts with one of these roles
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    pub roles: Vec<String>,
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub source: SourceArgs,
    /// Show what would be done, host by host, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Why; stands in the record
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
}

/// Builds `record.name` on the hosts of the site and leaves it there.
pub fn plan(site: Site<'_>, record: &Record, payload: &Payload) -> Result<Plan, Refusal> {
    readiness::require_ready_to_build(site, payload.unpacked)?;
    let plan = Plan::new("setup-release", &site.env.name, &site.env.fleet)
        .about(&record.name)
        .next(command("setup-release", site.env))
        .if_it_fails(MarkFailed { record: Some(record.clone()) });
    let plan = sourcing::check(plan, site.env);
    Ok(build(plan, site.env, record, payload).prepare(MarkComplete))
}
