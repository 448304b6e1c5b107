//! What a run says to type next: what its plan names for each way in which it can end.

use super::Plan;
use super::begun::Begun;
use super::ending::Came;
use crate::event::Ending;
use crate::release::Wanted;

impl Plan {
    /// Adds a command to type after a failure.
    #[must_use]
    pub fn next(mut self, command: impl Into<String>) -> Self {
        self.next.push(command.into());
        self
    }

    /// Names the command that begins once more.
    #[must_use]
    pub fn anew(mut self, command: impl Into<String>) -> Self {
        self.anew = Some(command.into());
        self
    }

    /// Names the command that does it without the app's checks.
    #[must_use]
    pub fn past_checks(mut self, command: impl Into<String>) -> Self {
        self.past_checks = Some(command.into());
        self
    }

    /// Names the command to type where a step of that name could not be taken back.
    #[must_use]
    pub fn remedy(mut self, step: impl Into<String>, command: impl Into<String>) -> Self {
        self.remedies.push((step.into(), command.into()));
        self
    }

    /// Names the command that brings a mixed fleet together.
    #[must_use]
    pub fn heal(mut self, command: impl Into<String>) -> Self {
        self.heal = Some(command.into());
        self
    }

    /// Adds a command to type after a failure that leaves the release live and unfinished.
    #[must_use]
    pub fn next_when_live(mut self, command: impl Into<String>) -> Self {
        self.next_when_live.push(command.into());
        self
    }
}

/// What to type when a run has come to its end; first of all what does by hand what could not be taken back.
pub(super) fn to_type(plan: &Plan, came: &Came, ending: Ending, begun: &Begun<'_>) -> Vec<String> {
    by_hand(plan, begun).into_iter().chain(agreeing(going_on(plan, came, ending, begun), came)).collect()
}

/// What does by hand what could not be taken back: that comes before all else.
fn by_hand(plan: &Plan, begun: &Begun<'_>) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for (_, command) in plan.remedies.iter().filter(|(step, _)| begun.has_left(step)) {
        if !commands.contains(command) {
            commands.push(command.clone());
        }
    }
    commands
}

/// What to type next, also for whoever is not going to wait: whom to ask, and how to say that they agree.
fn agreeing(mut next: Vec<String>, came: &Came) -> Vec<String> {
    let mut wanted: Vec<Wanted> = Vec::new();
    if let Came::Paused(pauses) = came {
        for one in pauses.iter().filter_map(|pause| pause.wanted.as_ref()) {
            if !wanted.contains(one) {
                wanted.push(one.clone());
            }
        }
    }
    if let (Some(again), false) = (next.first(), wanted.is_empty()) {
        next.extend(Wanted::next(&wanted, again));
    }
    next
}

fn going_on(plan: &Plan, came: &Came, ending: Ending, begun: &Begun<'_>) -> Vec<String> {
    let mut all = if begun.has_done() { next(plan, came, ending, begun) } else { anew(plan, came, ending, begun) };
    let was_checked = matches!(came, Came::BeforeSwitch | Came::Paused(_)) && begun.ended_in_checks();
    all.extend(plan.past_checks.clone().filter(|_| was_checked));
    all
}

/// What to type next where no host has begun anything that could be gone on with.
fn anew(plan: &Plan, came: &Came, ending: Ending, begun: &Begun<'_>) -> Vec<String> {
    match (&plan.anew, ending) {
        (Some(anew), Ending::NothingChanged | Ending::Interrupted | Ending::Paused)
            if *came != (Came::Through { changed: false }) =>
        {
            vec![anew.clone()]
        }
        _ => next(plan, came, ending, begun),
    }
}

/// What to type next.
fn next(plan: &Plan, came: &Came, ending: Ending, begun: &Begun<'_>) -> Vec<String> {
    let heal = plan.heal.iter().cloned();
    match ending {
        Ending::Succeeded if plan.behind.is_empty() => Vec::new(),
        Ending::Succeeded => heal.collect(),
        Ending::NothingChanged if matches!(came, Came::Through { changed: false }) => Vec::new(),
        // No host has switched, so none has to be brought along.
        Ending::Mixed if matches!(came, Came::Back { .. }) && !begun.has_flipped() => plan.next.clone(),
        // Half flipped by an earlier run, which is gone on with.
        Ending::Mixed if matches!(came, Came::BeforeSwitch | Came::Paused(_)) => plan.next.clone(),
        Ending::PutBack if begun.stays().is_none() || !begun.has_flipped() => plan.next.clone(),
        Ending::Mixed | Ending::PutBack if plan.next.iter().any(|next| Some(next) == plan.heal.as_ref()) => {
            plan.next.clone()
        }
        Ending::Mixed | Ending::PutBack => heal.chain(plan.next.iter().cloned()).collect(),
        Ending::LiveButUnfinished => plan.next_when_live.clone(),
        _ if *came == Came::AfterSwitch && plan.flips() => plan.next_when_live.clone(),
        _ => plan.next.clone(),
    }
}
