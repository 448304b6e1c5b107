//! A host's way through steps, one after the other. Those of relm's own that are short travel together.

use tokio::time::{Instant, sleep};

use super::begun::Begun;
use super::claim::claiming;
use super::given::receive;
use super::stretch::Setting;
use super::telling::last_words;
use super::through::run_through;
use super::together::{Failed, Hears, Share, Stopped, run_together};
use super::{Gives, Machine, On, Step};
use crate::event::{Event, Outcome};
use crate::fleet::Targets;
use crate::script::Script;

/// Who is told how a host gets on. Steps are counted from 0.
pub(super) trait Tells: Sync {
    /// Says whether nothing more is to be begun.
    fn is_over(&self) -> bool;
    /// A step begins.
    fn begins(&self, at: usize);
    /// A step has ended well, or as well as it must.
    fn ended(&self, at: usize, outcome: &Outcome);
    /// A step waited in vain.
    fn paused(&self, at: usize, machine: &Machine, words: &str);
    /// A step failed.
    fn failed(&self);
}

/// Takes a host through `steps` until one fails, or until it is over. `ending` stands behind the last of them; returns what
/// it said, if it came to that.
pub(super) async fn run_host<'a>(
    setting: Setting<'a>,
    steps: &[&'a Step],
    machine: &'a Machine,
    tells: &dyn Tells,
    begun: &Begun<'a>,
    ending: Option<&Script>,
) -> Option<String> {
    let on_host = |(_, step): &(usize, &&'a Step)| step.hosts.contains(&machine.host.name);
    let steps: Vec<(usize, &'a Step)> =
        steps.iter().enumerate().filter(on_host).map(|(at, step)| (at, *step)).collect();
    let mut rest = steps.as_slice();
    let mut said = None;
    while let Some((at, first)) = rest.first() {
        if tells.is_over() {
            return None;
        }
        let journey = Journey { setting, machine, tells, begun };
        if !first.is_left(&machine.host.name) {
            journey.pass(*at, first);
            rest = &rest[1..];
            continue;
        }
        if let Some(targets) = first.operation.through() {
            journey.run_elsewhere(*at, first, &targets).await?;
            rest = &rest[1..];
            continue;
        }
        if let Some(gives) = first.operation.gives() {
            journey.receive((*at, first), gives).await?;
            rest = &rest[1..];
            continue;
        }
        let (together, later) = rest.split_at(travelling_together(rest, machine));
        let went = journey.run(together, ending.filter(|_| later.is_empty())).await?;
        rest = &rest[went.done..];
        said = went.ending;
    }
    said
}

/// How many of the first steps go in one journey: at least one. A journey reads one stream at most.
fn travelling_together(steps: &[(usize, &Step)], machine: &Machine) -> usize {
    let joins = |step: &Step| step.operation.joins() && step.is_left(&machine.host.name);
    let mut reading = 0;
    let fits = steps.iter().take_while(|(_, step)| {
        reading += usize::from(step.operation.reads());
        joins(step) && reading <= 1
    });
    fits.count().max(1)
}

/// What one journey has come to.
struct Done {
    /// How many steps need no more.
    done: usize,
    ending: Option<String>,
}

#[derive(Clone, Copy)]
struct Journey<'s, 'a> {
    setting: Setting<'a>,
    machine: &'a Machine,
    tells: &'s dyn Tells,
    begun: &'s Begun<'a>,
}

impl<'a> Journey<'_, 'a> {
    /// Passes a step that an earlier run did.
    fn pass(&self, at: usize, step: &Step) {
        let (step, host, outcome) = (step.name(), self.machine.host.name.clone(), Outcome::AlreadyDone);
        self.tells.begins(at);
        self.send(Event::HostStarted { step: step.clone(), host: host.clone() });
        self.send(Event::HostFinished { step, host, outcome: outcome.clone(), seconds: 0.0 });
        self.tells.ended(at, &outcome);
    }

    /// Runs steps in one journey. Nothing if the host is not to go on.
    async fn run(&self, steps: &[(usize, &'a Step)], ending: Option<&Script>) -> Option<Done> {
        let on = self.machine.on(self.setting.env, self.setting.release);
        let share = |(_, step): &(usize, &'a Step)| {
            let work = step.operation.work(&on);
            let work = if let Some(record) = &step.claims { claiming(record, &on, work) } else { work };
            Share { step, work }
        };
        let shares: Vec<Share<'a>> = steps.iter().map(share).collect();
        let hears = OfJourney { journey: *self, steps, is_again: false };
        let went = run_together(self.setting.run, self.machine, &on, &shares, ending, &hears).await;
        let done = went.done;
        let Some(stopped) = went.stopped else {
            return Some(Done { done, ending: ending.map(|_| went.ending) });
        };
        let (at, step) = steps[done];
        let Some(stopped) = self.run_instead((at, step), stopped, &on).await else {
            return Some(Done { done: done + 1, ending: None });
        };
        let Some(stopped) = self.look_again((at, step), stopped, &on).await else {
            return Some(Done { done: done + 1, ending: None });
        };
        match stopped {
            Stopped::Paused(words) => {
                self.tells.paused(at, self.machine, &words);
                None
            }
            Stopped::Failed(failed) => {
                let behind = steps[done + 1..].iter().filter(|_| failed.is_unknown);
                behind.for_each(|(_, step)| self.begun.note(step, self.machine));
                self.failed(at, step, failed).then_some(Done { done: done + 1, ending: None })
            }
        }
    }

    /// Does a step for this host on those that have to do with it. Nothing if the host is not to go on.
    async fn run_elsewhere(&self, at: usize, step: &'a Step, targets: &Targets) -> Option<()> {
        let (name, host) = (step.name(), self.machine.host.name.clone());
        self.tells.begins(at);
        self.begun.note(step, self.machine);
        self.send(Event::HostStarted { step: name.clone(), host: host.clone() });
        match run_through(self.setting, step, self.machine, targets).await {
            Ok((outcome, seconds)) => {
                self.send(Event::HostFinished { step: name, host, outcome: outcome.clone(), seconds });
                self.begun.note_done(step, self.machine, &outcome);
                self.tells.ended(at, &outcome);
                Some(())
            }
            Err(failed) => self.failed(at, step, failed).then_some(()),
        }
    }

    /// Does a step for which another host gives something. Nothing if the host is not to go on.
    async fn receive(&self, step: (usize, &'a Step), gives: &dyn Gives) -> Option<()> {
        let hears = OfJourney { journey: *self, steps: &[step], is_again: false };
        hears.begins(0);
        let hears = OfJourney { is_again: true, ..hears };
        match Box::pin(receive(self.setting, step.1, gives, self.machine, &hears)).await {
            None => Some(()),
            Some(Stopped::Paused(words)) => {
                self.tells.paused(step.0, self.machine, &words);
                None
            }
            Some(Stopped::Failed(failed)) => self.failed(step.0, step.1, failed).then_some(()),
        }
    }

    /// Does a step the longer way, as often as there is one around what stopped it. Returns what stops it in the end, if
    /// anything.
    async fn run_instead(&self, step: (usize, &'a Step), mut stopped: Stopped, on: &On<'_>) -> Option<Stopped> {
        let mut met = Vec::new();
        while let Stopped::Failed(Failed { obstacle: Some((obstacle, reason)), .. }) = &stopped
            && !met.contains(obstacle)
            && let Some(work) = step.1.operation.instead(on, *obstacle)
        {
            met.push(*obstacle);
            self.setting.run.warn(self.machine, format!("{}: {reason}", step.1.name()));
            let shares = [Share { step: step.1, work }];
            let hears = OfJourney { journey: *self, steps: &[step], is_again: true };
            // It travels alone, so whatever is unknown of it, what stands behind was not begun.
            stopped = match run_together(self.setting.run, self.machine, on, &shares, None, &hears).await.stopped? {
                Stopped::Failed(failed) => Stopped::Failed(Failed { is_unknown: false, ..failed }),
                paused @ Stopped::Paused(_) => paused,
            };
        }
        Some(stopped)
    }

    /// Looks again until nothing is busy, as long as the step has patience. Returns what stops it in the end, if anything.
    async fn look_again(&self, step: (usize, &'a Step), mut stopped: Stopped, on: &On<'_>) -> Option<Stopped> {
        let Some(patience) = step.1.operation.patience() else { return Some(stopped) };
        let (end, mut pause) = (Instant::now() + patience.max, patience.every);
        while let Stopped::Paused(words) = &stopped {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.tells.is_over() {
                break;
            }
            if pause == patience.every {
                self.setting.run.warn(self.machine, format!("{} {words}; waiting for it", step.1.name()));
            }
            tokio::select! {
                () = sleep(pause.min(left)) => {}
                () = self.setting.run.stop.cancelled() => break,
            }
            pause = patience.next(pause);
            let shares = [Share { step: step.1, work: step.1.operation.work(on) }];
            let hears = OfJourney { journey: *self, steps: &[step], is_again: true };
            stopped = run_together(self.setting.run, self.machine, on, &shares, None, &hears).await.stopped?;
        }
        Some(stopped)
    }

    /// Tells of a step that failed. Says whether the host goes on all the same.
    fn failed(&self, at: usize, step: &'a Step, Failed { why, seconds, .. }: Failed) -> bool {
        let (name, host) = (step.name(), self.machine.host.name.clone());
        if !step.operation.may_fail() {
            self.begun.note_failed(step, self.machine, &why);
            self.send(Event::HostFailed { step: name, host, failure: why, seconds });
            self.tells.failed();
            return false;
        }
        self.setting.run.warn(self.machine, format!("{name}: {}{}", why.what, last_words(&why)));
        let outcome = Outcome::Skipped(why.what);
        self.send(Event::HostFinished { step: name, host, outcome: outcome.clone(), seconds });
        self.tells.ended(at, &outcome);
        true
    }

    fn send(&self, event: Event) {
        self.setting.run.events.send(event);
    }
}

/// Hears of the steps of one journey.
struct OfJourney<'s, 'a> {
    journey: Journey<'s, 'a>,
    steps: &'s [(usize, &'a Step)],
    /// They have begun before.
    is_again: bool,
}

impl Hears for OfJourney<'_, '_> {
    fn begins(&self, at: usize) {
        if self.is_again {
            return;
        }
        let Journey { tells, begun, machine, .. } = self.journey;
        let (number, step) = self.steps[at];
        tells.begins(number);
        begun.note(step, machine);
        self.journey.send(Event::HostStarted { step: step.name(), host: machine.host.name.clone() });
    }

    fn ended(&self, at: usize, outcome: &Outcome) {
        let (number, step) = self.steps[at];
        self.journey.begun.note_done(step, self.journey.machine, outcome);
        self.journey.tells.ended(number, outcome);
    }
}
