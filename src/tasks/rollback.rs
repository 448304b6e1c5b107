//! `relm rollback`: every host goes back to the release that was live before, by record.

use clap::Args;

use super::batches::divide;
use super::building::around_flip;
use super::unfinished::resume;
use super::{EnvArgs, Refusal, Site, command, pools, readiness, sourcing};
use crate::engine::Plan;
use crate::fleet::HostName;
use crate::operations::{CheckFlip, FlipCurrent, MarkFinished};
use crate::release::ReleaseName;
use crate::survey::{Migrated, NoTarget, migrated_since, rollback_target};

/// Go back to the release that was live before the current one
///
/// The target is the same on every host and comes from the hosts' own records, never from directory order. The release
/// that is left is marked bad and never chosen again. Rolling back once more goes further back.
#[derive(Debug, Clone, Args)]
pub struct Rollback {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
    /// This release instead of the one before
    #[arg(long, value_name = "RELEASE")]
    pub to: Option<ReleaseName>,
    /// Show what would be done, host by host, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Why; stands in the history
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
}

/// A rollback to `to`, or to the release before the live one.
pub fn plan(site: Site<'_>, to: Option<&ReleaseName>) -> Result<Plan, Refusal> {
    readiness::require_ready(site, None)?;
    pools::require_members(site.env)?;
    let target = rollback_target(site.survey, to).map_err(|none| refusal(site, none))?;
    let seen = site.survey.hosts.iter().find_map(|(_, seen)| seen.release(&target));
    let record = seen.expect("a rollback target is on every host").record.clone();
    let reference = record.reference.clone();
    let record_file = site.env.release.record_file.clone();
    let flip = FlipCurrent { actor: site.actor.clone(), record, leaves_bad: true, record_file };
    let plan = sourcing::check(Plan::new("rollback", &site.env.name, &site.env.fleet), site.env)
        .about(&target)
        .prepare(CheckFlip)
        .flip(flip)
        .next(command("rollback", site.env))
        .heal(command("converge", site.env))
        .next_when_live(resume(site, &target, true));
    let mut plan = divide(around_flip(plan, site, &reference).finish(MarkFinished), site.env);
    plan.question = question(&migrated_since(site.survey, &target), &target);
    Ok(plan)
}

/// Code that goes back meets a schema that does not: somebody has to know that it can.
fn question(since: &[Migrated], target: &ReleaseName) -> Option<String> {
    let name = |migrated: &Migrated| match migrated.name.as_str() {
        "" => format!("{} ({})", migrated.step, migrated.release),
        name => format!("{name} ({}, {})", migrated.step, migrated.release),
    };
    let names: Vec<String> = since.iter().map(name).collect();
    (!names.is_empty()).then(|| {
        format!(
            "since {target} there ran, or were begun, and are not taken back: {}. Can {target} run on that?",
            names.join("; ")
        )
    })
}

fn refusal(site: Site<'_>, none: NoTarget) -> Refusal {
    let text = |name: Option<ReleaseName>| name.map_or_else(|| "-".to_owned(), |name| name.to_string());
    let row = |(host, live, target, trouble): (HostName, Option<ReleaseName>, Option<ReleaseName>, String)| {
        vec![host.to_string(), text(live), text(target), trouble]
    };
    Refusal::new(none.reason)
        .table(vec!["host", "live", "would go back to", ""], none.rows.into_iter().map(row).collect())
        .next(format!("{}   and then   {} --to RELEASE", command("releases", site.env), command("rollback", site.env)))
}
