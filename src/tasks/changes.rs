//! What became of `Releases.toml` since a deploy was begun: its steps then and now.

use super::Site;
use crate::engine::{Plan, Step};
use crate::event::Phase;
use crate::fleet::HostName;
use crate::release::{PlannedStep, Record};

/// A sentence for each step that changed, is new or is gone. `recorded` says of a step on a host whether it was done by
/// the definition it has now, or by another one.
pub(super) fn told(
    site: Site<'_>,
    record: &Record,
    plan: &Plan,
    recorded: impl Fn(&Step, &HostName) -> Option<bool>,
) -> Vec<String> {
    let now = plan.planned_steps();
    // Of before this was recorded nobody knows.
    if record.steps.is_empty() {
        return Vec::new();
    }
    let (mut told, mut changed) = (Vec::new(), None);
    for (step, planned) in plan.steps.iter().zip(&now) {
        let was_done = || site.survey.hosts.iter().any(|(host, _)| recorded(step, host).is_some());
        let another = || site.survey.hosts.iter().any(|(host, _)| recorded(step, host) == Some(false));
        let what = match record.steps.iter().find(|then| then.name == planned.name) {
            None => "is new in Releases.toml".to_owned(),
            Some(then) if then != planned => difference(then, planned, step),
            Some(_) if another() => "is defined otherwise than when it was done".to_owned(),
            Some(_) => match &changed {
                Some(first)
                    if step.phase == Phase::Prepare && step.left().any(|host| recorded(step, host) == Some(true)) =>
                {
                    format!("stands behind {first} and may build on it")
                }
                _ => continue,
            },
        };
        if changed.is_none() && step.phase == Phase::Prepare && step.builds() && another() {
            changed = Some(planned.name.clone());
        }
        let then = if step.left().next().is_none() {
            "it is not run in what is live"
        } else if was_done() {
            "it is run again"
        } else {
            "it is run as it is now"
        };
        told.push(format!("{}: {what}; {then}", planned.name));
    }
    let gone = record.steps.iter().filter(|then| !now.iter().any(|planned| planned.name == then.name));
    told.extend(gone.map(|then| format!("{}: is not in Releases.toml any more and is not run", then.name)));
    told
}

/// The old command is not known: a record keeps no more than its hash.
fn difference(then: &PlannedStep, now: &PlannedStep, step: &Step) -> String {
    if then.command != now.command {
        let text = step.operation.command().unwrap_or_default().trim().replace('\n', "; ");
        return format!("its command has changed and is now `{text}`");
    }
    if then.phase != now.phase {
        return format!("was in {} and is in {}", then.phase, now.phase);
    }
    "is for other hosts than it was".to_owned()
}
