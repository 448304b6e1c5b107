//! Steps in which hosts run free of one another: `check`, `prepare` and `finish`.
//!
//! Each host goes through its steps on its own; a slow one delays only the end. A step that runs once, or on a few
//! hosts at a time, waits for all hosts to have finished what comes before it. After a failure hosts finish what they are
//! doing and begin nothing more.

use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::begun::Begun;
use super::ending::Pause;
use super::given::AllGiven;
use super::host::run_host;
use super::progress::Progress;
use super::telling::Run;
use super::{Decides, Machine, Step};
use crate::fleet::Scope;
use crate::release::ReleaseName;
use crate::script::Script;

/// What steps are run with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) run: Run<'a>,
    pub(super) env: &'a Scope,
    pub(super) release: Option<&'a ReleaseName>,
    pub(super) machines: &'a [Machine],
    pub(super) given: &'a AllGiven,
    /// Who is asked.
    pub(super) decides: &'a dyn Decides,
    /// How many hosts go through steps at a time, if not all.
    pub(super) at_once: Option<usize>,
}

/// How a stretch of steps went.
#[derive(Debug, Default)]
pub(super) struct Went {
    /// No step failed and nobody asked to stop.
    pub(super) ok: bool,
    /// Something was changed on some host.
    pub(super) changed: bool,
    /// How many steps ended everywhere, from the first on.
    pub(super) done: usize,
    /// Where waits were in vain. Only they kept it from being done, unless something failed too.
    pub(super) paused: Vec<Pause>,
}

impl Went {
    /// It ended because of waits and of nothing else.
    pub(super) fn is_paused(&self) -> bool {
        !self.ok && !self.paused.is_empty()
    }
}

/// What every host is asked behind its last step, in the same journey.
#[derive(Clone, Copy)]
pub(super) struct LastWord<'a> {
    pub(super) script: &'a (dyn Fn(&Machine) -> Script + Sync),
    /// Hears the answer.
    pub(super) heard: &'a (dyn Fn(&Machine, &str) + Sync),
}

/// Runs `steps`, with barriers where they ask for one; among the steps of a single host there are none.
pub(super) async fn run_steps<'a>(
    setting: Setting<'a>,
    steps: &[&'a Step],
    begun: &Begun<'a>,
    last: Option<LastWord<'_>>,
) -> Went {
    let mut all = Went { ok: true, changed: false, done: 0, paused: Vec::new() };
    let mut rest = steps;
    let is_barrier = |step: &Step| step.is_barrier() && setting.machines.len() > 1;
    while let Some(first) = rest.first() {
        let free = if is_barrier(first) { 1 } else { rest.iter().take_while(|step| !is_barrier(step)).count() };
        let (stretch, later) = rest.split_at(free);
        let went = run_stretch(setting, stretch, begun, last.filter(|_| later.is_empty())).await;
        all.changed |= went.changed;
        all.done += went.done;
        if !went.ok {
            return Went { ok: false, paused: went.paused, ..all };
        }
        rest = later;
    }
    all
}

async fn run_stretch<'a>(
    setting: Setting<'a>,
    steps: &[&'a Step],
    begun: &Begun<'a>,
    last: Option<LastWord<'_>>,
) -> Went {
    let progress = Progress::new(setting, steps);
    // Whoever waits comes in the order of the file.
    let of_step = steps.first().and_then(|step| step.operation.at_once());
    let at_once = of_step.into_iter().chain(setting.at_once).min().unwrap_or(setting.machines.len());
    let places = Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS));
    let hosts = setting.machines.iter().map(|machine| async {
        let _place = places.acquire().await;
        let ending = last.map(|last| (last.script)(machine));
        let said = run_host(setting, steps, machine, &progress, begun, ending.as_ref()).await;
        if let (Some(last), Some(said)) = (last, said) {
            (last.heard)(machine, &said);
        }
    });
    join_all(hosts).await;
    progress.went()
}
