//! A whole run: phases in order, putting back, the last look, the ending.

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::begun::Begun;
use super::doubt::stays;
use super::ending::{Came, judge};
use super::given::AllGiven;
use super::look::{LastWords, look};
use super::parts::Part;
use super::put_back::put_back;
use super::settle::settle;
use super::stretch::{LastWord, Setting, Went, run_steps};
use super::switch::switch;
use super::telling::{Run, run_work};
use super::to_type::to_type;
use super::{Decides, Events, Machine, Plan, Step};
use crate::event::{Ending, Event, Phase};

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// In what state the fleet is.
    pub ending: Ending,
    /// What the process exits with.
    pub exit_code: u8,
}

/// Runs a plan to its end, whatever that is. `stop` is Ctrl-C; `decides` is asked where the plan leaves something open.
pub async fn run(
    plan: &Plan,
    machines: &[Machine],
    events: &Events,
    stop: &CancellationToken,
    decides: &dyn Decides,
) -> Ended {
    events.send(Event::RunStarted {
        task: plan.task.clone(),
        env: plan.env.clone(),
        release: plan.release.clone(),
        steps: plan.step_infos(),
        dry_run: false,
    });
    for note in &plan.notes {
        events.send(Event::Warning { host: None, message: note.clone() });
    }
    for step in plan.steps.iter().filter(|step| step.hosts.is_empty()) {
        let message = format!("{}: no host of {} has its role, so it does not run", step.name(), plan.env);
        events.send(Event::Warning { host: None, message });
    }
    let given = AllGiven::default();
    let setting = Setting {
        run: Run { events, stop, about: plan.release.as_ref() },
        env: &plan.env,
        release: plan.release.as_ref(),
        machines,
        given: &given,
        decides,
        at_once: None,
    };
    let said = LastWords::default();
    let begun = Begun::of(plan);
    let came = phases(setting, plan, &begun, &said).await;
    if matches!(came, Came::BeforeSwitch | Came::Back { .. }) {
        give_up(setting, plan).await;
    }
    let is_settled = matches!(came, Came::Through { .. } | Came::Back { .. });
    if came == Came::AfterSwitch || (plan.is_switched() && !is_settled) {
        settle(setting, plan, &begun).await;
    }
    if events.left_out() > 0 {
        let message =
            format!("{} lines of output came faster than they could be shown, and were left out", events.left_out());
        events.send(Event::Warning { host: None, message });
    }
    let mut look = look(machines, said).await;
    let (ending, exit_code) = judge(plan, machines, &came, &look, stop.is_cancelled());
    for host in &plan.behind {
        look.hosts.insert(host.clone(), None);
        look.unread.push(host.clone());
    }
    events.send(Event::RunEnded {
        ending,
        exit_code,
        hosts: look.hosts,
        unread: look.unread,
        behind: plan.behind.clone(),
        reason: reason(&came).or_else(|| begun.stays()),
        next: to_type(plan, &came, ending, &begun),
    });
    Ended { ending, exit_code }
}

fn reason(came: &Came) -> Option<String> {
    let Came::Paused(pauses) = came else { return None };
    let words: Vec<&str> = pauses.iter().map(|pause| pause.words.as_str()).collect();
    Some(words.join("; "))
}

/// Goes through the phases, and takes back what was begun if the release does not come to be live everywhere. When all
/// goes well, every host has the last word in `said`.
async fn phases<'a>(setting: Setting<'a>, plan: &'a Plan, begun: &Begun<'a>, said: &LastWords) -> Came {
    // What an earlier run took down must not stay down. But once it had switched all hosts, what is live stays live.
    let was_through = plan.is_switched();
    if !was_through {
        note_earlier(setting, plan, begun);
    }
    let hear = |machine: &Machine, words: &str| said.hear(machine, words);
    let last = LastWord { script: &LastWords::script, heard: &hear };
    if let ([_], false) = (setting.machines, was_through) {
        return alone(setting, plan, begun, last).await;
    }
    let before = before_switch(setting, plan, begun).await;
    if !before.ok {
        return back(setting, plan, begun, &before).await;
    }
    if plan.flips() && was_through {
        note_earlier(setting, plan, begun);
    }
    let (switched, after) = switch_all(setting, plan, begun, last).await;
    if switched && after.ok {
        return Came::Through { changed: before.changed || plan.has_batches() || after.changed };
    }
    match (plan.flips(), switched) {
        (false, _) => back(setting, plan, begun, &after).await,
        (true, false) => after_switch_failed(setting, plan, begun).await,
        (true, true) => Came::AfterSwitch,
    }
}

/// All of it on a fleet of one, which has nobody to wait for.
async fn alone<'a>(setting: Setting<'a>, plan: &'a Plan, begun: &Begun<'a>, last: LastWord<'_>) -> Came {
    let steps: Vec<&Step> = plan.steps.iter().collect();
    let went = run_steps(setting, &steps, begun, Some(last)).await;
    if went.ok {
        return Came::Through { changed: went.changed || plan.flips() };
    }
    if !plan.flips() {
        return back(setting, plan, begun, &went).await;
    }
    match steps.get(went.done).map(|step| step.phase) {
        Some(Phase::Check | Phase::Prepare) => back(setting, plan, begun, &went).await,
        Some(Phase::BeforeFlip | Phase::Flip | Phase::AfterFlip) => after_switch_failed(setting, plan, begun).await,
        Some(Phase::Finish) | None => Came::AfterSwitch,
    }
}

/// Puts back a switch that has failed, unless it is to stay.
async fn after_switch_failed<'a>(setting: Setting<'a>, plan: &'a Plan, begun: &Begun<'a>) -> Came {
    if stays(setting, begun).await {
        return Came::AfterSwitch;
    }
    Came::Back { undone: put_back(setting, plan, begun).await }
}

/// Everything that changes nothing live.
async fn before_switch<'a>(setting: Setting<'a>, plan: &'a Plan, begun: &Begun<'a>) -> Went {
    // Apart, so that no host builds anything while another may still say no.
    let checked = run_steps(setting, &plan.steps_of(&[Phase::Check]), begun, None).await;
    if !checked.ok {
        return checked;
    }
    // While one host may fail here the others need their lock: they mark that the release did not come to be.
    let few = Setting { at_once: plan.at_once, ..setting };
    let prepared = run_steps(few, &plan.steps_of(&[Phase::Prepare]), begun, None).await;
    Went { changed: checked.changed || prepared.changed, ..prepared }
}

/// The switch, batch by batch, and what comes after it. Says first whether every host switched.
async fn switch_all<'a>(setting: Setting<'a>, plan: &'a Plan, begun: &Begun<'a>, last: LastWord<'_>) -> (bool, Went) {
    if plan.has_batches() && !switch(setting, plan, begun).await {
        return (false, Went::default());
    }
    (true, run_steps(setting, &plan.steps_of(&[Phase::Finish]), begun, Some(last)).await)
}

/// Notes what an earlier run of the same release did and left so, and what any may have been killed over, where it can be
/// taken back.
fn note_earlier<'a>(setting: Setting<'a>, plan: &'a Plan, begun: &Begun<'a>) {
    let has_flipped = |host| plan.steps.iter().any(|step| step.phase == Phase::Flip && step.done.contains(host));
    for step in plan.steps.iter().filter(|step| step.phase < Phase::Finish) {
        for machine in setting.machines.iter().filter(|machine| step.hosts.contains(&machine.host.name)) {
            let host = &machine.host.name;
            let was_done = step.done.contains(host);
            let may_be = plan.follows_unfinished && step.operation.is_passing();
            let can_be_undone = || step.operation.undo(&machine.on(setting.env, machine.before.as_ref())).is_some();
            // Served again: it has to be taken out before it goes back.
            let serves = step.phase == Phase::AfterFlip && step.operation.is_owed() && has_flipped(host);
            if serves || (was_done && can_be_undone()) {
                begun.note(step, machine);
            } else if may_be && can_be_undone() {
                begun.note_doubtful(step, machine);
            }
        }
    }
}

/// Takes back everything of a run that did not come to the switch; an earlier run may have come to it. A run that flips
/// nothing comes to none.
async fn back<'a>(setting: Setting<'a>, plan: &'a Plan, begun: &Begun<'a>, went: &Went) -> Came {
    let had_flipped = begun.has_flipped();
    let undone = put_back(setting, plan, begun).await;
    match (went.is_paused(), had_flipped) {
        // Whatever it failed over, that is not the worst of it.
        _ if !undone && plan.flips() => Came::Back { undone },
        (true, _) => Came::Paused(went.paused.clone()),
        (false, true) => Came::Back { undone },
        (false, false) => Came::BeforeSwitch,
    }
}

/// Marks on every host that the release did not come to be. A host that cannot be told keeps it as "building", which
/// is never chosen either.
async fn give_up(setting: Setting<'_>, plan: &Plan) {
    let Some(operation) = &plan.on_failure else { return };
    let never = CancellationToken::new();
    let run = Run { stop: &never, ..setting.run };
    let hosts = setting.machines.iter().map(|machine| async move {
        let work = operation.work(&machine.on(setting.env, setting.release));
        let _ = run_work(run, Part::plain(&operation.name(), &work), machine, &work).await;
    });
    join_all(hosts).await;
}
