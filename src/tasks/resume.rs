//! `relm deploy --resume`: goes on with a deploy that was begun, from any machine, by what the hosts have written down.

use std::collections::{BTreeMap, BTreeSet};

use super::batches::divide;
use super::building::bring;
use super::cleaning::unreadable;
use super::deploy::{begin, switch};
use super::done::{Touched, mark_done, recorded};
use super::unfinished::{Standing, newer_than, standing, unfinished, where_it_stands};
use super::{Payload, Refusal, Site, changes, command, pools, readiness, redo};
use crate::engine::{Difference, Plan};
use crate::event::Phase;
use crate::fleet::HostName;
use crate::operations::{MarkFailed, ReopenRelease};
use crate::release::{Record, ReleaseName, State};
use crate::survey::begun_rollback;

/// The deploy that is gone on with.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Its record, as it stands on the hosts.
    pub record: Record,
    /// Hosts that were not part of it and are now.
    pub joining: Vec<HostName>,
    /// What a person has to confirm, as a question.
    pub question: Option<String>,
    /// Hosts of the file that cannot be reached and stay behind.
    pub away: Vec<HostName>,
}

/// Chooses the deploy to go on with: the one that is named, or the only one there is. `away` are the hosts that are left
/// out because they cannot be reached.
pub fn choose(site: Site<'_>, wanted: Option<&ReleaseName>, away: &[HostName]) -> Result<Chosen, Refusal> {
    readiness::require_ready(site, None)?;
    pools::require_members(site.env)?;
    let name = match wanted {
        Some(name) => name.clone(),
        None => the_only_one(site)?,
    };
    let mut question = None;
    match standing(site.survey, &name) {
        None => {
            return Err(refused(site, format!("no host knows a release {name}")).next(command("releases", site.env)));
        }
        Some(Standing::Finished) => {
            let reason = format!("release {name} is not unfinished: {}", where_it_stands(site.survey, &name));
            return Err(refused(site, reason).next(format!("{} --release {name}", command("deploy", site.env))));
        }
        Some(Standing::Private) => {
            return Err(refused(site, format!("release {name} is a private one"))
                .next(format!("{} --release {name}", command("deploy", site.env))));
        }
        Some(Standing::Superseded(newer)) => {
            question =
                Some(format!("{newer} is newer than {name} and went live since: go on with {name} all the same?"));
        }
        Some(Standing::Bad) => {
            let newer = newer_than(site.survey, &name, |release| release.state == State::Live);
            question = newer.map(|newer| {
                format!(
                    "{name} was rolled back from, and {newer}, which is newer, is live: go on with {name} all the same?"
                )
            });
        }
        Some(Standing::Open) => {}
    }
    let record = the_record(site, &name)?;
    redo::require_not_live(site, &name)?;
    let joining = joining(site, &record)?;
    Ok(Chosen { record, joining, question, away: away.to_vec() })
}

fn the_only_one(site: Site<'_>) -> Result<ReleaseName, Refusal> {
    let open = unfinished(site.survey);
    let resume = format!("{} --resume --release", command("deploy", site.env));
    match open.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            let all = site.survey.releases().into_iter().rev();
            let passed = all.filter_map(|name| match standing(site.survey, &name) {
                Some(Standing::Superseded(newer)) => Some((name, newer)),
                _ => None,
            });
            let mut refusal = Refusal::new("there is no unfinished deploy");
            if let Some((host, damage)) = unreadable(site.survey).into_iter().next() {
                refusal.reason =
                    format!("{host} cannot tell of all deploys: {damage}; of the others none is unfinished");
            }
            if let Some((name, newer)) = passed.into_iter().next() {
                refusal.reason = format!("{name} was not finished, and {newer}, which is newer, went live since");
                refusal = refusal.next(format!("{resume} {name}"));
            }
            if let Some(target) = begun_rollback(site.survey) {
                refusal.reason =
                    format!("the rollback to {target} has not come to its end, and there is no unfinished deploy");
                refusal = Refusal { next: vec![command("rollback", site.env)], ..refusal };
            }
            Err(refusal.next(command("deploy", site.env)))
        }
        several => {
            let rows = several.iter().rev().map(|name| {
                let record = the_record(site, name).ok();
                let begun = record.as_ref().map(|record| ago(site, record)).unwrap_or_default();
                let by = record.as_ref().map(person).unwrap_or_default().to_owned();
                vec![name.to_string(), begun, by, where_it_stands(site.survey, name)]
            });
            let refusal = Refusal::new(format!("there are {} unfinished deploys; name one", several.len()))
                .table(vec!["release", "begun", "by", "state"], rows.collect());
            Err(several.iter().rev().fold(refusal, |refusal, name| refusal.next(format!("{resume} {name}"))))
        }
    }
}

fn refused(site: Site<'_>, reason: String) -> Refusal {
    let others = unfinished(site.survey);
    let refusal = Refusal::new(reason);
    others.iter().fold(refusal, |refusal, name| {
        refusal.next(format!("{} --resume --release {name}", command("deploy", site.env)))
    })
}

/// What the hosts recorded; they agree on it.
pub(super) fn the_record(site: Site<'_>, name: &ReleaseName) -> Result<Record, Refusal> {
    let mut records = site.survey.hosts.iter().filter_map(|(_, seen)| Some(&seen.release(name)?.record));
    let first = records.next().ok_or_else(|| Refusal::new(format!("no host knows a release {name}")))?;
    if records.any(|other| other != first) {
        return Err(Refusal::new(format!("the hosts have different records of release {name}")));
    }
    Ok(first.clone())
}

/// Hosts that are to have the release and were not part of it. Refuses if one that was has lost it.
fn joining(site: Site<'_>, record: &Record) -> Result<Vec<HostName>, Refusal> {
    let name = &record.name;
    let mut known = site.survey.hosts.iter().filter_map(|(_, seen)| seen.release(name));
    // A host that had not come to its first step when the run ended has nothing of the release yet. But no host comes to
    // the switch before all have it.
    let before: BTreeSet<&str> =
        record.steps.iter().filter(|step| step.phase == "prepare").map(|step| step.name.as_str()).collect();
    let is_claimed = known.any(|release| release.steps.iter().any(|(step, _)| !before.contains(step.as_str())));
    let (mut joining, mut lost) = (Vec::new(), Vec::new());
    for (host, seen) in &site.survey.hosts {
        let was_part = is_claimed && record.hosts.iter().any(|part| part == host.as_str());
        match seen.release(name) {
            Some(release) if release.has_tree => {}
            Some(_) => lost.push(vec![host.to_string(), format!("{} is gone", seen.layout.release(name))]),
            None if was_part => lost.push(vec![host.to_string(), "its record is gone or cannot be read".to_owned()]),
            None => joining.push(host.clone()),
        }
    }
    let Some(first) = lost.first() else { return Ok(joining) };
    Err(Refusal::new(format!("release {name} is not whole any more: on {}, {}", first[0], first[1]))
        .table(vec!["host", "lost"], lost)
        .next(format!("{}   to build it anew", command("deploy", site.env))))
}

/// Goes on with `chosen`. `payload` may only be left out where no host needs the code any more.
pub fn plan(
    site: Site<'_>,
    chosen: &Chosen,
    payload: Option<&Payload>,
    differences: &BTreeMap<HostName, Vec<Difference>>,
) -> Result<Plan, Refusal> {
    let record = &chosen.record;
    let needed = payload.map_or(0, |payload| payload.unpacked);
    readiness::require_ready(site, Some(needed))?;
    let known = Payload::known(&record.tree);
    let plan = bring(begin(site, record), site.env, record, payload.unwrap_or(&known));
    Ok(divide(going_on(switch(plan, site, record), site, chosen, differences), site.env))
}

/// A plan of all steps as one that goes on with `chosen`.
pub(super) fn going_on(
    plan: Plan,
    site: Site<'_>,
    chosen: &Chosen,
    differences: &BTreeMap<HostName, Vec<Difference>>,
) -> Plan {
    let record = &chosen.record;
    let mut plan = plan.if_it_fails(MarkFailed { record: None });
    mark_done(&mut plan, site, &record.name, &touched(site, record, differences));
    let notes = notes(site, chosen, &plan, differences);
    plan = reopen(plan, site, &record.name);
    plan.notes.splice(0..0, notes);
    plan
}

/// Says whether some host still needs the code.
pub fn needs_code(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| step.operation.lacks_code() && step.left().next().is_some())
}

/// Hosts whose tree has to be looked at before their journals are trusted.
pub fn to_inspect(site: Site<'_>, name: &ReleaseName) -> Vec<HostName> {
    let has_code = |host: &HostName| {
        let release = site.survey.host(host).and_then(|seen| seen.release(name));
        release.is_some_and(|release| release.steps.iter().any(|(step, _)| step == "check_upload"))
    };
    site.survey.hosts.iter().map(|(host, _)| host.clone()).filter(has_code).collect()
}

/// The earliest step of each host that has to be done again. What is live is told of and left as it is.
pub(super) fn touched(site: Site<'_>, record: &Record, differences: &BTreeMap<HostName, Vec<Difference>>) -> Touched {
    let is_live = |host: &HostName| site.survey.host(host).and_then(|seen| seen.live()) == Some(&record.name);
    let order = |step: &str| record.steps.iter().position(|planned| planned.name == step).unwrap_or(0);
    let first = |found: &Vec<Difference>| found.iter().map(|one| one.step.clone()).min_by_key(|step| order(step));
    let hosts = differences.iter().filter(|(host, _)| !is_live(host));
    hosts.filter_map(|(host, found)| Some((host.clone(), first(found)?))).collect()
}

/// Where steps of `prepare` are run again, the release is being built again.
pub(super) fn reopen(plan: Plan, site: Site<'_>, name: &ReleaseName) -> Plan {
    let closed = |host: &HostName| {
        let release = site.survey.host(host).and_then(|seen| seen.release(name));
        release.is_some_and(|release| !matches!(release.state, State::Building | State::Live))
    };
    let mut prepare = plan.steps.iter().filter(|step| step.phase == Phase::Prepare).collect::<Vec<_>>();
    prepare.retain(|step| step.builds() && step.left().next().is_some());
    let hosts = site.env.fleet.names().into_iter();
    let hosts: Vec<HostName> =
        hosts.filter(|host| closed(host) && prepare.iter().any(|step| step.left().any(|left| left == host))).collect();
    if hosts.is_empty() { plan } else { plan.prepare_first(ReopenRelease, hosts) }
}

/// What a person should know before the run goes on.
fn notes(
    site: Site<'_>,
    chosen: &Chosen,
    plan: &Plan,
    differences: &BTreeMap<HostName, Vec<Difference>>,
) -> Vec<String> {
    let record = &chosen.record;
    let begun = format!(
        "going on with {}, begun {} by {} on {}",
        record.name,
        ago(site, record),
        person(record),
        record.machine
    );
    let mut notes = vec![begun];
    notes.extend(goes_on_at(site, plan));
    let live = |host: &HostName| site.survey.host(host).and_then(|seen| seen.live()) == Some(&record.name);
    notes.extend(differences.iter().filter(|(_, found)| !found.is_empty()).map(|(host, found)| {
        let what = if live(host) { "it is live and stays as it is" } else { "it is made again" };
        format!("{host}: {}; {what}", first_paths(found))
    }));
    notes.extend(chosen.joining.iter().map(|host| format!("{host} has nothing of this deploy yet and joins it")));
    let known: Vec<HostName> = site.env.fleet.names().into_iter().chain(chosen.away.iter().cloned()).collect();
    let gone = record.hosts.iter().filter(|host| !known.iter().any(|known| known.as_str() == **host));
    notes.extend(
        gone.map(|host| format!("{host} was part of this deploy, is not in the file any more and is left alone")),
    );
    notes.extend(changes::told(site, record, plan, |step, host| recorded(site, &record.name, step, host)));
    notes
}

/// At which step each host goes on.
fn goes_on_at(site: Site<'_>, plan: &Plan) -> Option<String> {
    let mut at: Vec<(String, Vec<String>)> = Vec::new();
    for host in site.env.fleet.names() {
        let next = plan.steps.iter().filter(|step| step.operation.is_journaled());
        let next = next.filter(|step| step.left().any(|left| *left == host)).map(crate::engine::Step::name).next();
        let next = next.unwrap_or_else(|| "nothing more".to_owned());
        match at.iter_mut().find(|(step, _)| *step == next) {
            Some((_, hosts)) => hosts.push(host.to_string()),
            None => at.push((next, vec![host.to_string()])),
        }
    }
    let parts: Vec<String> = at.into_iter().map(|(step, hosts)| format!("{step} on {}", hosts.join(" "))).collect();
    (!parts.is_empty()).then(|| format!("to be done next: {}", parts.join(", ")))
}

/// The first paths that are not what they were.
fn first_paths(found: &[Difference]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = found.iter().take(SHOWN).map(|one| format!("{} {}", one.path, one.what)).collect();
    let more = found.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    format!("{}{more}", shown.join(", "))
}

fn ago(site: Site<'_>, record: &Record) -> String {
    let minutes = (site.now - record.created).num_minutes();
    match minutes {
        ..1 => "a moment ago".to_owned(),
        1..120 => format!("{minutes} min ago"),
        120..2880 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1440),
    }
}

/// The person without the address.
fn person(record: &Record) -> &str {
    record.by.split(" <").next().unwrap_or(&record.by)
}
