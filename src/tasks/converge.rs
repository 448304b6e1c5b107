//! `relm converge`: brings every host that runs something else to the release the fleet runs.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use clap::Args;

use super::batches::divide;
use super::building::bring;
use super::deploy::{begin, switch};
use super::done::mark_done;
use super::resume::{reopen, touched};
use super::{
    EnvArgs, Payload, Refusal, Site, command, healing, holding, maintenance, pools, readiness, schema, singletons,
    standing,
};
use crate::engine::{Difference, Plan};
use crate::fleet::HostName;
use crate::release::{Flip, Record, ReleaseName};
use crate::survey::{HostSeen, Survey, begun_rollback};

/// Bring every host that is behind or out of step to the release the others run
///
/// The fleet's release is the one most hosts run, or the one that went live last; where these are not the same, name
/// one with --to. It is built where it is missing, from the same source, and only hosts that run something else flip. What a
/// failed deploy could not put back to the end is started again, a maintenance that a run has left on ends, and hosts that
/// one has left out of their pools come in.
#[derive(Debug, Clone, Args)]
pub struct Converge {
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub env: EnvArgs,
    /// This release, whatever most hosts run
    #[arg(long, value_name = "RELEASE")]
    pub to: Option<ReleaseName>,
    /// Show what would be done, host by host, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Why; stands in the history
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
}

/// Where the fleet goes, and who has yet to.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The fleet's release, as it stands on a host that has it.
    pub record: Record,
    /// Hosts that run something else, have not come to the end of switching to it or back to it, or were left in maintenance or
    /// out of a pool.
    pub behind: Vec<HostName>,
    /// Of these, the ones that know nothing of the release.
    pub joining: Vec<HostName>,
    /// Of these, the ones that have its record and not its directory.
    pub lost: Vec<HostName>,
    /// Of these, the ones that run it again, or still: what was put back there may not have been started, or it is in
    /// maintenance, or out of a pool.
    pub again: Vec<HostName>,
    /// Of these, the ones where nothing lacks but that maintenance ends, which a run has left on, or that they come into pools.
    pub only_down: Vec<HostName>,
    /// Of these, the ones that a run has left in maintenance.
    pub in_maintenance: Vec<HostName>,
    /// Of these, the ones that a run has left out of pools, with these.
    pub drained: BTreeMap<HostName, BTreeSet<String>>,
}

/// Chooses the fleet's release, or takes the one that is named.
pub fn choose(site: Site<'_>, to: Option<&ReleaseName>) -> Result<Chosen, Refusal> {
    readiness::require_ready(site, None)?;
    pools::require_members(site.env)?;
    let name = match to {
        Some(name) => name.clone(),
        None => of_the_fleet(site)?,
    };
    let whole = site.survey.hosts.iter().filter_map(|(_, seen)| seen.release(&name));
    let mut whole = whole.filter(|release| release.has_tree && release.is_whole());
    let Some(known) = whole.next() else {
        return Err(Refusal::new(format!("no host has release {name} whole")).next(command("releases", site.env)));
    };
    // A host that flipped and was not heard of again may still run the old code.
    let is_there = |seen: &HostSeen| {
        let is_finished = seen.release(&name).is_some_and(|release| release.is_finished);
        seen.live() == Some(&name) && is_finished && !seen.is_half_back()
    };
    let left_out = |host: &HostName| pools::left_out(site.env, site.survey, host);
    let is_behind = |(host, seen): &&(HostName, HostSeen)| {
        !is_there(seen) || maintenance::is_left_on(site.env, host, seen) || !left_out(host).is_empty()
    };
    let behind: Vec<&(HostName, HostSeen)> = site.survey.hosts.iter().filter(is_behind).collect();
    let names = |wanted: &dyn Fn(&HostSeen) -> bool| -> Vec<HostName> {
        behind.iter().filter(|(_, seen)| wanted(seen)).map(|(host, _)| host.clone()).collect()
    };
    let only_down = || behind.iter().filter(|(_, seen)| is_there(seen));
    let is_left_on = |(host, seen): &&&(HostName, HostSeen)| maintenance::is_left_on(site.env, host, seen);
    let pools = |host| left_out(host).into_keys().map(str::to_owned).collect::<BTreeSet<_>>();
    let drained = only_down().map(|(host, _)| (host.clone(), pools(host)));
    Ok(Chosen {
        record: known.record.clone(),
        joining: names(&|seen| seen.release(&name).is_none_or(|release| !release.has_tree)),
        lost: names(&|seen| seen.release(&name).is_some_and(|release| !release.has_tree)),
        again: names(&|seen| seen.live() == Some(&name) && (seen.is_half_back() || is_there(seen))),
        only_down: only_down().map(|(host, _)| host.clone()).collect(),
        in_maintenance: only_down().filter(is_left_on).map(|(host, _)| host.clone()).collect(),
        drained: drained.filter(|(_, pools)| !pools.is_empty()).collect(),
        behind: names(&|_| true),
    })
}

/// The release most hosts run and the one that went live last, where they do not contradict one another and its deploy
/// came to its end.
fn of_the_fleet(site: Site<'_>) -> Result<ReleaseName, Refusal> {
    let survey = site.survey;
    let newest = newest(survey).ok_or_else(|| Refusal::new("nothing is live").next(command("deploy", site.env)))?;
    let most = most(survey).unwrap_or(newest);
    let is_finished =
        |seen: &HostSeen| seen.live() == Some(most) && seen.release(most).is_some_and(|it| it.is_finished);
    if most == newest && survey.hosts.iter().any(|(_, seen)| is_finished(seen)) {
        return Ok(most.clone());
    }
    if let Some(target) = begun_rollback(survey) {
        return Err(unfinished_rollback(site, &target, most));
    }
    if most != newest {
        let reason = format!("it is not clear what the fleet runs: {most} on most hosts, and {newest} went live last");
        return Err(unclear(site, reason, &[most, newest]));
    }
    let refusal = unclear(site, format!("the deploy of {most} has not come to its end"), &[most]);
    Err(refusal.next(format!("{} --resume", command("deploy", site.env))))
}

fn unfinished_rollback(site: Site<'_>, target: &ReleaseName, most: &ReleaseName) -> Refusal {
    let refusal = unclear(site, format!("the rollback to {target} has not come to its end"), &[]);
    let refusal = refusal.next(command("rollback", site.env));
    if most == target { refusal } else { refusal.next(format!("{} --to {most}", command("converge", site.env))) }
}

fn unclear(site: Site<'_>, reason: String, names: &[&ReleaseName]) -> Refusal {
    let row = |(host, seen): &(HostName, HostSeen)| {
        let live = seen.live();
        let since =
            live.and_then(|live| seen.went_live(live)).map(|flip| flip.at.format("%Y-%m-%d %H:%M:%S").to_string());
        let live = live.map_or_else(|| "-".to_owned(), ToString::to_string);
        vec![host.to_string(), live, since.unwrap_or_default()]
    };
    let refusal =
        Refusal::new(reason).table(vec!["host", "live", "since"], site.survey.hosts.iter().map(row).collect());
    names.iter().fold(refusal, |refusal, name| refusal.next(format!("{} --to {name}", command("converge", site.env))))
}

/// The release more than half of the hosts run.
fn most(survey: &Survey) -> Option<&ReleaseName> {
    let mut counts: BTreeMap<&ReleaseName, usize> = BTreeMap::new();
    for live in survey.hosts.iter().filter_map(|(_, seen)| seen.live()) {
        *counts.entry(live).or_default() += 1;
    }
    counts.into_iter().find(|(_, count)| count * 2 > survey.hosts.len()).map(|(name, _)| name)
}

/// Of the releases that are live somewhere, the one that went live, or live again, last.
fn newest(survey: &Survey) -> Option<&ReleaseName> {
    let live = survey.hosts.iter().filter_map(|(_, seen)| Some((seen, seen.live()?)));
    live.max_by_key(|(seen, live)| decided(seen, live)).map(|(_, live)| live)
}

/// When it was decided that the host runs this. What `converge` did there, and put back, followed the others.
fn decided(seen: &HostSeen, live: &ReleaseName) -> Option<DateTime<Utc>> {
    let follows = |flip: &&Flip| seen.history.iter().any(|other| other.task == "converge" && other.run == flip.run);
    let flips = seen.history.iter().rev().filter(|flip| flip.to.as_ref() == Some(live));
    flips.filter(|flip| !follows(flip)).map(|flip| flip.at).next()
}

/// Brings the hosts that are behind to the chosen release. `payload` may only be left out where none needs the code.
pub fn plan(
    site: Site<'_>,
    chosen: &Chosen,
    payload: Option<&Payload>,
    differences: &BTreeMap<HostName, Vec<Difference>>,
) -> Result<Plan, Refusal> {
    readiness::require_ready(site, Some(payload.map_or(0, |payload| payload.unpacked)))?;
    let record = &chosen.record;
    let of = |is_behind: bool| {
        let mut env = site.env.clone();
        env.fleet.hosts.retain(|host| chosen.behind.contains(&host.name) == is_behind);
        env
    };
    let env = of(true);
    let there = Site { env: &env, ..site };
    let known = Payload::known(&record.tree);
    let mut plan = switch(bring(begin(there, record), &env, record, payload.unwrap_or(&known)), there, record);
    let mut again = touched(there, record, differences);
    again.extend(chosen.lost.iter().map(|host| (host.clone(), "upload_code".to_owned())));
    mark_done(&mut plan, site, &record.name, &again);
    once_is_enough(&mut plan, site, &record.name);
    healing::only_start_again(&mut plan, site, &record.name);
    healing::only_what_lacks(&mut plan, chosen);
    singletons::stay(&mut plan, site, &chosen.behind);
    // What only others have to do is nothing that anybody should miss.
    plan.steps.retain(|step| !step.hosts.is_empty() || site.env.fleet.select(&step.operation.targets()).is_empty());
    let again = command("converge", site.env);
    let mut plan = divide(reopen(plan, there, &record.name), site.env);
    "converge".clone_into(&mut plan.task);
    (plan.next, plan.next_when_live) = (vec![again.clone()], vec![again]);
    // What some host runs already meets the schema there.
    if site.survey.hosts.iter().all(|(_, seen)| seen.live() != Some(&record.name)) {
        plan.question = schema::question(site.survey, &record.name);
    }
    let plan = standing::tell(plan, &of(false), site.survey);
    Ok(healing::told(plan, chosen))
}

/// What is done once in a fleet was done when the others came to the release, whatever the file says of it now.
fn once_is_enough(plan: &mut Plan, site: Site<'_>, name: &ReleaseName) {
    let ran = |step: &str| {
        let releases = site.survey.hosts.iter().filter_map(|(_, seen)| seen.release(name));
        releases.into_iter().any(|release| release.steps.iter().any(|(done, _)| done == step))
    };
    for step in &mut plan.steps {
        if step.operation.targets().once && ran(&step.name()) {
            step.done.clear();
            // Wherever it ran, the others rely on it: it is not taken back either.
            step.unneeded = step.hosts.iter().cloned().collect();
        }
    }
    holding::settle(plan, site);
}

/// Hosts whose tree has to be looked at before their journals are trusted.
pub fn to_inspect(site: Site<'_>, chosen: &Chosen) -> Vec<HostName> {
    let hosts = super::resume::to_inspect(site, &chosen.record.name).into_iter();
    hosts.filter(|host| chosen.behind.contains(host) && !chosen.lost.contains(host)).collect()
}

/// A plan that does nothing, for a fleet in step.
pub fn nothing(site: Site<'_>, chosen: &Chosen) -> Plan {
    let plan = Plan::new("converge", &site.env.name, &site.env.fleet).about(&chosen.record.name);
    standing::tell(plan, site.env, site.survey)
}
