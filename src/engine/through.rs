//! Steps that are for one host and done on others, which have to do with it: a proxy that sends it requests.

use std::time::Instant;

use super::parts::Part;
use super::stretch::Setting;
use super::telling::{Run, run_work};
use super::together::Failed;
use super::{Machine, On, Step, Work};
use crate::event::{Failure, Outcome};
use crate::fleet::{Fleet, Host, Targets};

/// The machines that a step for `machine` is done on, each under its name. What commands need there is each one's own.
pub(super) fn places(machine: &Machine, targets: &Targets, machines: &[Machine]) -> Vec<Machine> {
    let fleet = Fleet { hosts: machines.iter().map(|machine| machine.host.clone()).collect() };
    let chosen = fleet.select(targets);
    let of = |place: &&Machine| chosen.iter().any(|host| host.name == place.host.name);
    let named = |place: &Machine| Host { source_files: place.host.source_files.clone(), ..machine.host.clone() };
    machines.iter().filter(of).map(|place| Machine { host: named(place), ..place.clone() }).collect()
}

/// What is done nowhere is not done.
fn nowhere(targets: &Targets) -> Failure {
    let what = format!("no host here has the role {}, where it would be done", targets.words());
    Failure { what, command: None, said: Vec::new() }
}

/// Does `work` on each place in turn, and stops at the first that fails.
async fn on_each(
    run: Run<'_>,
    setting: Setting<'_>,
    step: &Step,
    places: &[Machine],
    work: impl Fn(&On<'_>) -> Option<Work>,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::AlreadyDone;
    for place in places {
        let Some(work) = work(&place.on(setting.env, setting.release)) else { continue };
        let part = Part::plain(&step.name(), &work);
        if run_work(run, part, place, &work).await? == Outcome::Changed {
            outcome = Outcome::Changed;
        }
    }
    Ok(outcome)
}

/// Does a step for `machine`, and says how long it took.
pub(super) async fn run_through(
    setting: Setting<'_>,
    step: &Step,
    machine: &Machine,
    targets: &Targets,
) -> Result<(Outcome, f64), Failed> {
    let since = Instant::now();
    let places = places(machine, targets, setting.machines);
    let ended = if places.is_empty() {
        Err(nowhere(targets))
    } else {
        on_each(setting.run, setting, step, &places, |on| Some(step.operation.work(on))).await
    };
    let seconds = since.elapsed().as_secs_f64();
    let failed = |why| Failed { why, seconds, obstacle: None, is_unknown: false };
    ended.map(|outcome| (outcome, seconds)).map_err(failed)
}

/// Does a step for `machine` outside of the order of a run, wherever it is done.
pub(super) async fn run_for(setting: Setting<'_>, step: &Step, machine: &Machine) -> Result<(), Failure> {
    if let Some(targets) = step.operation.through() {
        return run_through(setting, step, machine, &targets).await.map(drop).map_err(|failed| failed.why);
    }
    let work = step.operation.work(&machine.on(setting.env, setting.release));
    run_work(setting.run, Part::plain(&step.name(), &work), machine, &work).await.map(drop)
}

/// Takes it back. Says whether that changed anything.
pub(super) async fn undo_through(
    setting: Setting<'_>,
    step: &Step,
    machine: &Machine,
    targets: &Targets,
) -> Result<Outcome, Failure> {
    let places = places(machine, targets, setting.machines);
    let (mut outcome, mut failure) = (Outcome::AlreadyDone, None);
    // Each in any case: a host that one proxy cannot take in again must not stay out at the others.
    for place in &places {
        let undone =
            on_each(setting.run, setting, step, std::slice::from_ref(place), |on| step.operation.undo(on)).await;
        match undone {
            Ok(Outcome::Changed) => outcome = Outcome::Changed,
            Ok(_) => {}
            Err(failed) => failure = failure.or(Some(failed)),
        }
    }
    failure.map_or(Ok(outcome), Err)
}
