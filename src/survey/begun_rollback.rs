//! A rollback that was killed: the same words, typed again, go on with it. To go further back instead would be a rollback to
//! the wrong release, and would mark bad what the fleet was to run.

use super::{HostSeen, Survey};
use crate::release::ReleaseName;

/// Where a rollback goes that has begun to switch and has not come to its end; nothing if there is none, or if hosts run
/// something that it neither left nor went to.
pub fn begun_rollback(survey: &Survey) -> Option<ReleaseName> {
    let begun: Vec<_> = survey.hosts.iter().filter_map(|(_, seen)| begun_on(seen)).collect();
    let (target, _) = *begun.first()?;
    let is_part = |seen: &HostSeen| {
        let live = seen.live();
        live == Some(target) || begun.iter().any(|(_, left)| live.is_some() && live == *left)
    };
    let is_one = begun.iter().all(|(to, _)| *to == target);
    (is_one && survey.hosts.iter().all(|(_, seen)| is_part(seen))).then(|| target.clone())
}

/// Where the rollback went that brought in what is live, and what it left. A later deploy that was put back changes nothing
/// of that.
fn begun_on(seen: &HostSeen) -> Option<(&ReleaseName, Option<&ReleaseName>)> {
    let live = seen.live()?;
    let brought = seen.brought_in(live).filter(|flip| flip.task == "rollback")?;
    let is_over = seen.release(live).is_none_or(|release| release.is_finished);
    (!is_over).then_some((live, brought.from.as_ref()))
}
