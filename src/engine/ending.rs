//! What a run came to, computed from a fresh look at the hosts and not from what relm believes it did.

use super::look::Look;
use super::{Machine, Plan};
use crate::event::Ending;
use crate::release::Wanted;

/// A wait that was in vain on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pause {
    /// A sentence without a full stop.
    pub(super) words: String,
    /// The consent that makes the wait needless.
    pub(super) wanted: Option<Wanted>,
}

/// How far a run came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Came {
    /// Everything was done, and something or nothing changed.
    Through { changed: bool },
    /// It failed before anything live changed.
    BeforeSwitch,
    /// Waits were in vain before anything live changed.
    Paused(Vec<Pause>),
    /// It failed in the switch and was put back, or something could not be undone.
    Back { undone: bool },
    /// It failed after all hosts had switched.
    AfterSwitch,
}

/// The ending and the exit code.
pub(super) fn judge(plan: &Plan, machines: &[Machine], came: &Came, look: &Look, interrupted: bool) -> (Ending, u8) {
    let is_live = |machine: &Machine| look.hosts.get(&machine.host.name).cloned().flatten() == plan.release;
    let is_as_before = |machine: &Machine| look.hosts.get(&machine.host.name).cloned().flatten() == machine.before;
    let resumed = plan.flips() && machines.iter().any(|machine| is_live(machine) && !is_as_before(machine));
    let all_read = look.unread.is_empty();
    let mut live = look.hosts.values();
    let first = live.next();
    let in_step = live.all(|other| Some(other) == first);
    match came {
        Came::Through { changed: false } => (Ending::NothingChanged, 0),
        Came::Through { .. } if !plan.flips() => (Ending::Succeeded, 0),
        Came::Through { .. } if all_read && machines.iter().all(is_live) => (Ending::Succeeded, 0),
        // All flips succeeded, and a host cannot be asked any more or says otherwise.
        Came::Through { .. } | Came::AfterSwitch
            if machines.iter().any(|m| !look.unread.contains(&m.host.name) && !is_live(m)) && plan.flips() =>
        {
            // All on one release that is not ours: somebody came after us.
            if in_step && all_read { (Ending::NothingChanged, 1) } else { (Ending::Mixed, 5) }
        }
        // An earlier run had flipped hosts, and this one, which resumed it, did not come to the others.
        Came::BeforeSwitch | Came::Paused(_) if resumed && !(all_read && machines.iter().all(is_live)) => {
            (Ending::Mixed, 5)
        }
        Came::AfterSwitch | Came::BeforeSwitch | Came::Paused(_) if interrupted => (Ending::Interrupted, 130),
        Came::AfterSwitch if !plan.flips() => (Ending::NothingChanged, 1),
        Came::Through { .. } | Came::AfterSwitch => (Ending::LiveButUnfinished, 4),
        Came::BeforeSwitch if resumed => (Ending::LiveButUnfinished, 4),
        Came::BeforeSwitch => (Ending::NothingChanged, 1),
        Came::Paused(_) => (Ending::Paused, 75),
        // Somebody else has flipped all of them meanwhile: not ours, and not mixed either.
        Came::Back { .. }
            if all_read && in_step && !machines.iter().any(is_live) && !machines.iter().any(is_as_before) =>
        {
            (Ending::NothingChanged, 1)
        }
        // It could not be taken back, and every host runs the new release: a run that lost its lock in the switch.
        Came::Back { .. }
            if all_read && plan.flips() && machines.iter().all(is_live) && !machines.iter().all(is_as_before) =>
        {
            (Ending::LiveButUnfinished, 4)
        }
        Came::Back { .. } if !all_read || !machines.iter().all(is_as_before) => (Ending::Mixed, 5),
        // Every host serves what it served before, and something that an inverse was to bring up is still down.
        Came::Back { undone: false } => (Ending::Mixed, 5),
        Came::Back { .. } if interrupted => (Ending::Interrupted, 130),
        Came::Back { .. } => (Ending::PutBack, 1),
    }
}
