//! `relm deploy`: code becomes a release on every host, and then all of them flip.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::batches::divide;
use super::building::{app_operations, around_flip, build};
use super::cleaning::{removal, rules, unreadable, verdicts};
use super::complete::{self, Part, is_finished};
use super::done::mark_done;
use super::unfinished::resume;
use super::wellness::look;
use super::{EnvArgs, Payload, Refusal, Site, command, pools, publishing, readiness, redo, schema, sourcing};
use crate::engine::Plan;
use crate::event::Phase;
use crate::operations::{CheckFlip, FlipCurrent, MarkComplete, MarkFailed, MarkFinished};
use crate::release::{Record, ReleaseName};

const EXAMPLES: &str = "Examples:
  relm deploy production
  relm deploy production --ref v1.4.2 -m \"fix the checkout\"
  relm deploy production formplayer               a component of it, which has releases of its own
  relm deploy production --resume                 go on with the one unfinished deploy
  relm deploy production --resume --dry-run       show what is left of it
  relm deploy production --release 2026-11-20_14.30.05";

/// Build a release on every host and make it live on all of them, or on none
///
/// Everything is made ready on every host first: the code is uploaded and checked, shared files are linked, the
/// virtualenv is built, your operations run. Only when all hosts are ready do they flip. If anything fails in the
/// switch, every host is put back to what it ran before. Whatever stopped a deploy, --resume goes on with it, from any
/// machine: it runs only what the hosts have not written down as done.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct Deploy {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub source: SourceArgs,
    /// Make this release live: one that was built before, a private one for instance
    #[arg(long, value_name = "NAME", conflicts_with_all = ["reference", "dir", "archive"])]
    pub release: Option<ReleaseName>,
    /// With --release: only on hosts with one of these roles; the others keep what they run
    #[arg(long, value_name = "ROLE", value_delimiter = ',', requires = "release", conflicts_with = "resume")]
    pub roles: Vec<String>,
    /// Go on with a deploy that was begun and not finished; with --release NAME, with that one
    #[arg(long, conflicts_with = "reference")]
    pub resume: bool,
    /// Show what would be done, host by host, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Run a file of `migrate = { sql = "…" }` again that has run: its path there, or OPERATION:PATH
    #[arg(long, value_name = "FILE")]
    pub redo: Vec<String>,
    /// Tell nobody of it, and set no tag; it stands in the history all the same
    #[arg(long)]
    pub no_notify: bool,
    /// Why; stands in the history
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
}

/// Where the code comes from, instead of what Releases.toml says.
#[derive(Debug, Clone, Default, Args)]
pub struct SourceArgs {
    /// Branch, tag or commit of the git source
    #[arg(long = "ref", value_name = "REF", id = "reference")]
    pub reference: Option<String>,
    /// A directory instead of the file's source
    #[arg(long, value_name = "DIR", conflicts_with = "reference")]
    pub dir: Option<PathBuf>,
    /// An archive instead of the file's source: .tar.gz, .tgz, .tar.zst, .tar or .zip
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reference", "dir"])]
    pub archive: Option<PathBuf>,
}

/// A deploy of new code: `record.name` is the release it makes.
pub fn plan(site: Site<'_>, record: &Record, payload: &Payload) -> Result<Plan, Refusal> {
    readiness::require_ready_to_build(site, payload.unpacked)?;
    pools::require_members(site.env)?;
    let plan = build(begin(site, record), site.env, record, payload);
    let plan = plan
        .anew(command("deploy", site.env) + &redo::words(site.env))
        .if_it_fails(MarkFailed { record: Some(record.clone()) });
    Ok(divide(switch(plan, site, record), site.env))
}

/// A deploy of a release that stands on the hosts already.
pub fn plan_existing(site: Site<'_>, name: &ReleaseName, part: Part<'_>) -> Result<Plan, Refusal> {
    readiness::require_ready(site, None)?;
    pools::require_members(site.env)?;
    let record = complete::everywhere(site, name, part)?;
    let mut seen = site.survey.hosts.iter().map(|(_, seen)| seen);
    redo::require_not_live(site, name)?;
    if site.survey.live_everywhere() == Some(name) && seen.all(|seen| is_finished(seen, name)) {
        return Ok(Plan::new("deploy", &site.env.name, &site.env.fleet).about(name));
    }
    // Nothing marks it failed if the run fails: it was whole before, and still is.
    let mut plan = switch(begin(site, &record), site, &record);
    plan.next = vec![part.typed(site.env, name)];
    if let Some(note) = part.note() {
        // A resumed deploy, or a converge, is for all hosts.
        (plan.next_when_live, plan.heal) = (plan.next.clone(), plan.next.first().cloned());
        plan.notes.push(note);
    }
    mark_done(&mut plan, site, name, &BTreeMap::new());
    plan.steps.retain(|step| step.phase != Phase::Prepare || step.left().next().is_some());
    for step in &mut plan.steps {
        let done = std::mem::take(&mut step.done);
        if step.phase == Phase::Prepare {
            // The deploy that built it came to its end: there is nothing of it to take back.
            step.unneeded.extend(done);
        } else {
            step.unneeded.clear();
        }
    }
    if site.survey.live_everywhere() != Some(name) {
        plan.question = schema::question(site.survey, name);
    }
    Ok(divide(plan, site.env))
}

/// The start of a deploy of `record.name`: what is checked, and what to type if it fails.
pub(super) fn begin(site: Site<'_>, record: &Record) -> Plan {
    let name = &record.name;
    let plan = Plan::new("deploy", &site.env.name, &site.env.fleet)
        .about(name)
        .next(resume(site, name, false))
        .heal(command("converge", site.env))
        .next_when_live(resume(site, name, true));
    let plan = redo::check(sourcing::check(plan, site.env), site.env);
    let plan = app_operations(plan, site, &record.reference, &[Phase::Check]);
    look(plan, site.env, &record.reference, &[Phase::Check])
}

/// From the app's own preparations to the clean at the end.
pub(super) fn switch(plan: Plan, site: Site<'_>, record: &Record) -> Plan {
    let record_file = site.env.release.record_file.clone();
    let flip = FlipCurrent { actor: site.actor.clone(), record: record.clone(), leaves_bad: false, record_file };
    let clean = verdicts(site.survey, &rules(site.env), Some(&record.name), site.now);
    let plan = app_operations(plan, site, &record.reference, &[Phase::Prepare]);
    let plan = publishing::look(plan, site.env).prepare(MarkComplete).prepare(CheckFlip);
    let plan = unreadable(site.survey)
        .into_iter()
        .fold(plan, |plan, (host, damage)| plan.note(format!("{host}: {damage}, so nothing will be cleaned there")));
    around_flip(plan, site, &record.reference).flip(flip).finish(MarkFinished).finish(removal(&clean, true))
}
