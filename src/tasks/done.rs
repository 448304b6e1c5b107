//! Which steps of a plan are done already, host by host: what the release's journals say, held against what relm can
//! see for itself.

use std::collections::BTreeMap;

use super::{Site, holding};
use crate::engine::{Gives, On, Plan, Step, hash};
use crate::event::Phase;
use crate::fleet::HostName;
use crate::operations::SetMaintenance;
use crate::release::{ReleaseName, State};
use crate::secret::Secrets;
use crate::survey::{HostSeen, ReleaseSeen};

/// These two make the tree that all other steps of `prepare` build on; they go together.
const FOUNDATION: [&str; 2] = ["upload_code", "check_upload"];

/// The first step of `prepare` whose result is not what it made any more, where there is one.
pub type Touched = BTreeMap<HostName, String>;

/// Marks what is done.
pub(super) fn mark_done(plan: &mut Plan, site: Site<'_>, name: &ReleaseName, touched: &Touched) {
    for step in &mut plan.steps {
        for host in step.hosts.clone() {
            match where_done(site, name, step, &host, touched) {
                Some(Done::Here) => _ = step.done.insert(host),
                Some(Done::Unneeded) => _ = step.unneeded.insert(host),
                None => {}
            }
        }
    }
    keep_maintenance(plan, site, name);
    let elsewhere =
        |step: &Step, host: &HostName| step.operation.targets().once && recorded(site, name, step, host).is_none();
    for (host, seen) in &site.survey.hosts {
        if seen.live() != Some(name) {
            let changed = plan.steps.iter().find(|step| {
                step.phase == Phase::Prepare && step.builds() && recorded(site, name, step, host) == Some(false)
            });
            let again = [touched.get(host).cloned(), changed.map(Step::name)];
            settle_preparation(plan, host, &again, |step| elsewhere(step, host));
        }
    }
    for at in 0..plan.steps.len() {
        if is_given_anew(plan, at) {
            let (given, hosts) = (plan.steps[at].name(), plan.steps[at].hosts.clone());
            for host in hosts.iter().filter(|host| site.survey.host(host).and_then(HostSeen::live) != Some(name)) {
                settle_preparation(plan, host, &[Some(given.clone())], |step| elsewhere(step, host));
            }
        }
    }
    holding::settle(plan, site);
}

/// Visitors are told also where the release is live already and has not come to the end of its switch.
fn keep_maintenance(plan: &mut Plan, site: Site<'_>, name: &ReleaseName) {
    let is_live = |host: &&HostName| site.survey.host(host).and_then(HostSeen::live) == Some(name);
    let lacks = |plan: &Plan, host: &HostName| {
        let mut after =
            plan.steps.iter().filter(|step| step.phase == Phase::AfterFlip && step.operation.is_journaled());
        after.any(|step| step.hosts.contains(host) && step.is_left(host))
    };
    let Some(at) = plan.steps.iter().position(|step| step.name() == SetMaintenance::ON) else { return };
    for host in plan.steps[at].hosts.clone().iter().filter(is_live) {
        if lacks(plan, host) {
            plan.steps[at].run_again(host);
        }
    }
}

/// Says whether a step takes from a host on which something that comes before it is done again: what it takes may be another
/// then, and what comes after it builds on that.
fn is_given_anew(plan: &Plan, at: usize) -> bool {
    let Some(from) = plan.steps[at].operation.gives().map(Gives::host) else { return false };
    let mut before = plan.steps[..at].iter().filter(|step| step.phase == Phase::Prepare && step.builds());
    plan.steps[at].builds() && before.any(|step| step.hosts.contains(from) && step.is_left(from))
}

/// Says whether the host's journal has the step by the definition it has now, or by another one.
pub(super) fn recorded(site: Site<'_>, name: &ReleaseName, step: &Step, host: &HostName) -> Option<bool> {
    let seen = site.survey.host(host)?;
    let (_, found) = seen.release(name)?.steps.iter().find(|(done, _)| *done == step.name())?;
    let host = site.env.fleet.hosts.iter().find(|known| known.name == *host)?;
    let env = &site.env.name;
    let secrets = Secrets::none();
    let on = On {
        host,
        layout: &seen.layout,
        env,
        release: Some(name),
        before: seen.live(),
        before_reference: "",
        login: None,
        secrets,
    };
    Some(*found == hash(step, &on))
}

/// Why a step is not run on a host.
enum Done {
    /// By the host's own journal.
    Here,
    /// It never ran there, and need not.
    Unneeded,
}

fn where_done(site: Site<'_>, name: &ReleaseName, step: &Step, host: &HostName, touched: &Touched) -> Option<Done> {
    let seen = site.survey.host(host)?;
    if !step.operation.is_journaled() || step.operation.always() {
        return None;
    }
    let is_live = seen.live() == Some(name);
    // Whatever was taken down once may be up again by now.
    if step.operation.is_passing() && !is_live {
        return None;
    }
    // What comes before the flip is not run again in what is live.
    if is_live && step.phase < Phase::Flip {
        let ran = recorded(site, name, step, host).is_some();
        return Some(if ran { Done::Here } else { Done::Unneeded });
    }
    // A run that was killed may have flipped and not come to say so.
    if is_live && step.phase == Phase::Flip {
        return Some(Done::Here);
    }
    let has = |host: &HostName| recorded(site, name, step, host) == Some(true);
    let elsewhere = || site.survey.hosts.iter().any(|(other, _)| !touched.contains_key(other) && has(other));
    let done = if has(host) {
        Done::Here
    } else if step.operation.targets().once && elsewhere() {
        Done::Unneeded
    } else {
        return None;
    };
    is_so(step, seen, seen.release(name)).then_some(done)
}

/// Some steps leave what can be seen.
fn is_so(step: &Step, seen: &HostSeen, release: Option<&ReleaseSeen>) -> bool {
    let Some(release) = release else { return step.operation.targets().once };
    match step.name().as_str() {
        "mark_complete" => release.state.is_complete() || release.state == State::Bad,
        "record" => release.is_finished,
        _ if step.phase == Phase::Flip => seen.live() == Some(&release.name),
        _ => true,
    }
}

/// Of the steps that build on one another, does those again that come after one that is done `again`, because of what became
/// of what it made or of its definition; but not what was done once, and elsewhere.
fn settle_preparation(plan: &mut Plan, host: &HostName, again: &[Option<String>], elsewhere: impl Fn(&Step) -> bool) {
    let prepare: Vec<usize> = (0..plan.steps.len())
        .filter(|&at| plan.steps[at].phase == Phase::Prepare && plan.steps[at].hosts.contains(host))
        .collect();
    let is_foundation = |at: &usize| FOUNDATION.contains(&plan.steps[*at].name().as_str());
    let is_done = |at: &usize| !plan.steps[*at].is_left(host);
    let (foundation, others): (Vec<usize>, Vec<usize>) = prepare.iter().partition(|at| is_foundation(at));
    let is_torn = foundation.iter().any(|at| !is_done(at)) && others.iter().any(is_done);
    let lost = foundation.first().is_some_and(|at| !is_done(at)) || is_torn;
    let place = |step: &String| prepare.iter().position(|at| plan.steps[*at].name() == *step).unwrap_or(0);
    let from = if lost { Some(0) } else { again.iter().flatten().map(place).min() };
    for &at in from.map(|from| &prepare[from..]).unwrap_or_default() {
        if !elsewhere(&plan.steps[at]) {
            plan.steps[at].run_again(host);
        }
    }
    // Complete means: every step before the switch is done and on the disk. A look that is taken in every run is none.
    let is_left = |at: &usize| plan.steps[*at].builds() && plan.steps[*at].is_left(host);
    if prepare.iter().any(is_left) {
        for at in prepare {
            if plan.steps[at].name() == "mark_complete" {
                plan.steps[at].run_again(host);
            }
        }
    }
}
