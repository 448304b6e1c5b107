//! `relm rollback`: every host goes back to the release that was live before, by record.

use clap::Args;

use super::batches::divide;
use super::building::{add, around_flip, command as app_command};
use super::unfinished::resume;
use super::{EnvArgs, Refusal, Site, command, pools, readiness, schema, sourcing};
use crate::engine::Plan;
use crate::event::Phase;
use crate::fleet::HostName;
use crate::operations::{CheckFlip, FlipCurrent, MarkFinished};
use crate::release::{PlannedStep, Record, ReleaseName};
use crate::survey::{NoTarget, begun_rollback, rollback_target};

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
    /// Without your operations of `phase = "check"`, which look first whether that release can serve
    #[arg(long)]
    pub no_checks: bool,
    /// Show what would be done, host by host, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Why; stands in the history
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
}

/// A rollback to `to`, or to the release before the live one; `unchecked` if the app's checks are not to be asked.
pub fn plan(site: Site<'_>, to: Option<&ReleaseName>, unchecked: bool) -> Result<Plan, Refusal> {
    readiness::require_ready(site, None)?;
    pools::require_members(site.env)?;
    let target = rollback_target(site.survey, to).map_err(|none| refusal(site, none))?;
    let seen = site.survey.hosts.iter().find_map(|(_, seen)| seen.release(&target));
    let record = seen.expect("a rollback target is on every host").record.clone();
    let reference = record.reference.clone();
    let record_file = site.env.release.record_file.clone();
    let mut plan = sourcing::check(Plan::new("rollback", &site.env.name, &site.env.fleet), site.env).about(&target);
    if !unchecked {
        let to = to.map(|to| format!(" --to {to}")).unwrap_or_default();
        plan = checked(plan, site, &record).past_checks(format!("{}{to} --no-checks", command("rollback", site.env)));
    }
    let flip = FlipCurrent { actor: site.actor.clone(), record, leaves_bad: true, record_file };
    let plan = plan
        .prepare(CheckFlip)
        .flip(flip)
        .next(command("rollback", site.env))
        .heal(command("converge", site.env))
        .next_when_live(resume(site, &target, true));
    let mut plan = divide(around_flip(plan, site, &reference).finish(MarkFinished), site.env);
    if begun_rollback(site.survey).as_ref() == Some(&target) {
        let further = format!("{} --to RELEASE goes further back", command("rollback", site.env));
        plan = plan.note(format!("going on with the rollback to {target}, which had not come to its end; {further}"));
    }
    plan.question = schema::question(site.survey, &target);
    Ok(plan)
}

/// Adds the app's checks of the release that is gone back to: those that it was built with, because it may lack what
/// others look at. A private release was built without any, and a deploy brought it live with those of the file. They stand
/// where they stand before a deploy: one that names a file beside the releases must not fail on the day of a rollback.
fn checked(plan: Plan, site: Site<'_>, record: &Record) -> Plan {
    let has_all = record.private || record.steps.is_empty();
    let is_of_target = |step: &PlannedStep| {
        let mut known = record.steps.iter();
        has_all
            || known.any(|then| (&then.name, &then.phase, &then.command) == (&step.name, &step.phase, &step.command))
    };
    let checks = site.env.operations.iter().filter(|operation| operation.phase == Phase::Check);
    checks.fold(plan, |plan, operation| {
        let with = add(plan.clone(), site, Phase::Check, operation, app_command(operation, &record.reference));
        if with.planned_steps().last().is_none_or(is_of_target) {
            return with;
        }
        plan.note(format!("{} was built without the check {} as it is now: it is not run", record.name, operation.name))
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
