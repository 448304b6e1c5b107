//! Whether a deploy would build anything that the live release is not.

use super::building::bring;
use super::deploy::{begin, switch};
use super::done::recorded;
use super::{Payload, Site};
use crate::engine::Step;
use crate::event::Phase;
use crate::fleet::HostName;
use crate::release::{Record, ReleaseName};

/// Says whether release `name`, which is live, is what a deploy of `payload` would come to: the same tree, and every step
/// done on its hosts by the definition that it has now. `reference` is what the code is called.
pub fn is_same(site: Site<'_>, name: &ReleaseName, payload: &Payload, reference: &str) -> bool {
    let all: Option<Vec<_>> = site.survey.hosts.iter().map(|(_, seen)| seen.release(name)).collect();
    let Some(all) = all else { return false };
    let Some(known) = all.first().map(|release| &release.record) else { return false };
    if !all.iter().all(|release| release.record.tree == payload.tree && release.is_finished) {
        return false;
    }
    let record = Record { reference: reference.to_owned(), ..known.clone() };
    let plan = switch(bring(begin(site, &record), site.env, &record, payload), site, &record);
    let planned = plan.planned_steps();
    // What is not in the file any more would not be built again.
    let is_kept = known.steps.iter().all(|then| planned.contains(then));
    let has = |step: &Step, host: &HostName| recorded(site, name, step, host) == Some(true);
    let is_done = |step: &Step| {
        let mut hosts = step.hosts.iter();
        if step.operation.targets().once {
            hosts.any(|host| has(step, host))
        } else {
            hosts.all(|host| has(step, host))
        }
    };
    // What a clean removes is another thing each time.
    let counts = |step: &&Step| step.builds() && (step.phase < Phase::Finish || step.operation.command().is_some());
    is_kept && plan.steps.iter().filter(counts).all(|step| step.hosts.is_empty() || is_done(step))
}
