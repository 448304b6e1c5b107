//! `relm clean-releases`: removes what retention has given up.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::cleaning::{Verdicts, removal, rules, unreadable, verdicts};
use super::{EnvArgs, Refusal, Site, command, readiness};
use crate::engine::Plan;
use crate::fleet::HostName;
use crate::release::{Reason, ReleaseName, Rules, Verdict};

/// Remove old releases
///
/// Kept are the newest good ones, the live one and the one a rollback would choose, private releases until their
/// day, what is being built, and what a process still runs in. Failed and bad releases stay for a day, or for
/// `keep_failed` of Releases.toml. If any record cannot be read, nothing is removed.
#[derive(Debug, Clone, Args)]
pub struct CleanReleases {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
    /// Good releases to keep, the live one included; `keep` of Releases.toml if left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
    /// A release that stays in any case; can be repeated
    #[arg(long, value_name = "RELEASE")]
    pub exclude: Vec<ReleaseName>,
    /// List what would go and why the rest stays, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What a clean does with one release of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdicted {
    /// The host.
    pub host: HostName,
    /// The release.
    pub release: ReleaseName,
    /// Whether it goes.
    pub remove: bool,
    /// Why.
    pub reason: String,
}

/// Removes what is superseded, on every host or on none. What a host has live, or would go back to, is its own matter: one that was
/// left out loses nothing by it.
pub fn plan(site: Site<'_>, keep: Option<u32>, exclude: &[ReleaseName]) -> Result<Plan, Refusal> {
    let all = decisions(site, keep, exclude)?;
    let again = command("clean-releases", site.env);
    let plan = Plan::new("clean-releases", &site.env.name, &site.env.fleet).next(again.clone()).heal(again);
    let plan = in_use(&all).into_iter().fold(plan, Plan::note);
    Ok(plan.finish(removal(&all, false)))
}

/// What would go if no process ran in it, a sentence each.
fn in_use(all: &BTreeMap<HostName, Verdicts>) -> Vec<String> {
    let note = |host: &HostName, (name, verdict): &(ReleaseName, Verdict)| match verdict {
        Verdict::Keep(Reason::InUse(pid)) => Some(format!("{host}: {name} stays, process {pid} runs in it")),
        _ => None,
    };
    all.iter().flat_map(|(host, verdicts)| verdicts.iter().filter_map(|verdict| note(host, verdict))).collect()
}

/// Lists what a clean would do.
pub fn preview(site: Site<'_>, keep: Option<u32>, exclude: &[ReleaseName]) -> Result<Vec<Verdicted>, Refusal> {
    let all = decisions(site, keep, exclude)?;
    let line = |host: &HostName, (release, verdict): (ReleaseName, Verdict)| {
        let (remove, reason) = match verdict {
            Verdict::Keep(reason) => (false, reason),
            Verdict::Remove(reason) => (true, reason),
        };
        Verdicted { host: host.clone(), release, remove, reason: reason.to_string() }
    };
    let lines = all
        .into_iter()
        .flat_map(|(host, verdicts)| verdicts.into_iter().map(|verdict| line(&host, verdict)).collect::<Vec<_>>());
    Ok(lines.collect())
}

fn decisions(
    site: Site<'_>,
    keep: Option<u32>,
    exclude: &[ReleaseName],
) -> Result<BTreeMap<HostName, Verdicts>, Refusal> {
    let damaged = unreadable(site.survey);
    if !damaged.is_empty() {
        let rows = damaged.into_iter().map(|(host, damage)| vec![host.to_string(), damage]).collect();
        return Err(Refusal::new("records cannot be read, so nothing is removed").table(vec!["host", "trouble"], rows));
    }
    readiness::require_ready(site, None)?;
    let is_known = |name: &&ReleaseName| site.survey.hosts.iter().any(|(_, seen)| seen.release(name).is_some());
    if let Some(unknown) = exclude.iter().find(|name| !is_known(name)) {
        let reason = format!("no host of {} has a release {unknown}, so nothing is removed", site.env.name);
        return Err(Refusal::new(reason).next(command("releases", site.env)));
    }
    let of_file = rules(site.env);
    let keep = keep.map_or(of_file.keep, |keep| keep as usize);
    Ok(verdicts(site.survey, &Rules { keep, spared: exclude.to_vec(), ..of_file }, None, site.now))
}
