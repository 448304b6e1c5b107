//! One step on one host: its script, its events, and how a failure reads.

use std::sync::Mutex;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::last_words::LastWords;
use super::machine::{Asked, Hearing};
use super::{Events, Machine, On, Work, journal, seal};
use crate::event::{Event, Failure, Outcome};
use crate::fleet::HostName;
use crate::release::ReleaseName;
use crate::transport::{ExecError, Exit, Stream};

/// What is the same for all steps of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) events: &'a Events,
    pub(super) stop: &'a CancellationToken,
    /// The release it is about.
    pub(super) about: Option<&'a ReleaseName>,
}

/// Runs a step's work on a host and tells about it.
pub(super) async fn run_step(
    run: Run<'_>,
    step: &super::Step,
    machine: &Machine,
    on: &On<'_>,
) -> Result<Outcome, Failure> {
    let (name, host) = (step.name(), machine.host.name.clone());
    run.events.send(Event::HostStarted { step: name.clone(), host: host.clone() });
    if !step.is_left(&host) {
        let outcome = Outcome::AlreadyDone;
        run.events.send(Event::HostFinished { step: name, host, outcome: outcome.clone(), seconds: 0.0 });
        return Ok(outcome);
    }
    let started = Instant::now();
    let whole = |work: Work| {
        let work = seal::sealed(&name, step.operation.makes(), work, on);
        let script = if step.operation.is_journaled() { journal::journaled(step, &work, on) } else { work.script };
        Work { script, ..work }
    };
    let instead = || step.operation.instead(on).map(whole);
    let result = run_or_instead(run, &name, machine, &whole(step.operation.work(on)), &instead).await;
    let seconds = started.elapsed().as_secs_f64();
    match result {
        Err(failure) if step.operation.may_fail() => {
            let message = format!("{name}: {}{}", failure.what, last_words(&failure));
            run.events.send(Event::Warning { host: Some(host.clone()), message: message.clone() });
            let outcome = Outcome::Skipped(failure.what);
            run.events.send(Event::HostFinished { step: name, host, outcome: outcome.clone(), seconds });
            Ok(outcome)
        }
        Err(failure) => {
            run.events.send(Event::HostFailed { step: name, host, failure: failure.clone(), seconds });
            Err(failure)
        }
        Ok(outcome) => {
            run.events.send(Event::HostFinished { step: name, host, outcome: outcome.clone(), seconds });
            Ok(outcome)
        }
    }
}

pub(super) fn last_words(failure: &Failure) -> String {
    failure.said.last().map(|line| format!(": {line}")).unwrap_or_default()
}

/// Runs work on a host; its output goes out as events of `step`.
pub(super) async fn run_work(run: Run<'_>, step: &str, machine: &Machine, work: &Work) -> Result<Outcome, Failure> {
    run_or_instead(run, step, machine, work, &|| None).await
}

/// Runs work on a host, and what is to be done instead where it built on what was not so.
async fn run_or_instead(
    run: Run<'_>,
    step: &str,
    machine: &Machine,
    work: &Work,
    instead: &(dyn Fn() -> Option<Work> + Sync),
) -> Result<Outcome, Failure> {
    let (ended, said) = hear(run, step, machine, work).await;
    if let Some(reason) = work.unfounded(&ended)
        && let Some(other) = instead()
    {
        let host = Some(machine.host.name.clone());
        run.events.send(Event::Warning { host, message: format!("{step}: {reason}") });
        let (ended, said) = hear(run, step, machine, &other).await;
        return ending(&other, ended, said);
    }
    ending(work, ended, said)
}

fn ending(work: &Work, ended: Result<Exit, ExecError>, said: LastWords) -> Result<Outcome, Failure> {
    let failed = |what| Failure { what, command: work.command.clone(), said: said.into_lines() };
    work.outcome(ended).map_err(failed)
}

async fn hear(run: Run<'_>, step: &str, machine: &Machine, work: &Work) -> (Result<Exit, ExecError>, LastWords) {
    let listener = Listener { events: run.events, step, host: &machine.host.name, said: Mutex::default() };
    let on_line = |stream: Stream, line: &str| listener.line(stream, line);
    let on_sent = |done: u64| listener.sent(done, work.input.size());
    let asked = Asked { step, about: run.about, script: &work.script, input: &work.input };
    let on_loss = |reason: &str| listener.loss(reason);
    let (on_line, on_sent, on_loss) = (&on_line, &on_sent, &on_loss);
    let hearing = Hearing { on_line, on_sent, on_loss, time_limit: work.time_limit, stop: run.stop };
    let ended = machine.run(asked, hearing).await;
    (ended, listener.said.into_inner().unwrap_or_default())
}

/// Hears one script.
struct Listener<'a> {
    events: &'a Events,
    step: &'a str,
    host: &'a HostName,
    said: Mutex<LastWords>,
}

impl Listener<'_> {
    fn line(&self, stream: Stream, line: &str) {
        if let Ok(mut said) = self.said.lock() {
            said.hear(stream, line);
        }
        let (step, host) = (self.step.to_owned(), self.host.clone());
        self.events.send(Event::Output { step, host, stream, line: line.to_owned() });
    }

    /// Told once for each time it is tried again: a person should see that a run waits for a host.
    fn loss(&self, reason: &str) {
        let message = format!("{}: {reason}; connecting again", self.step);
        self.events.send(Event::Warning { host: Some(self.host.clone()), message });
    }

    fn sent(&self, done: u64, total: u64) {
        if total > 0 {
            let (step, host) = (self.step.to_owned(), self.host.clone());
            self.events.send(Event::Progress { step, host, done, total });
        }
    }
}
