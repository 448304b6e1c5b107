//! Work on one host: its output as events, and how a failure reads.

use std::sync::Mutex;

use tokio_util::sync::CancellationToken;

use super::last_words::LastWords;
use super::machine::{Asked, Hearing};
use super::parts::Part;
use super::{Events, Machine, Work};
use crate::event::{Event, Failure, Outcome};
use crate::release::ReleaseName;
use crate::transport::{Exit, Input, Stream};

/// What is the same for all steps of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) events: &'a Events,
    pub(super) stop: &'a CancellationToken,
    /// The release it is about.
    pub(super) about: Option<&'a ReleaseName>,
}

impl Run<'_> {
    /// Tells of a line that a step's script said, or of a piece of one, which has no end.
    pub(super) fn line(&self, step: &str, machine: &Machine, stream: Stream, line: &str) {
        let (step, host) = (step.to_owned(), machine.host.name.clone());
        let whole = line.strip_suffix('\n');
        let (line, cut) = (whole.unwrap_or(line).to_owned(), whole.is_none());
        self.events.send(Event::Output { step, host, stream, line, cut });
    }

    /// Tells how much of a step's input has been sent.
    pub(super) fn sent(&self, step: &str, machine: &Machine, input: &Input, done: u64) {
        let total = input.size();
        if total > 0 {
            let (step, host) = (step.to_owned(), machine.host.name.clone());
            self.events.send(Event::Progress { step, host, done, total });
        }
    }

    /// Tells of something that a person should know of a host.
    pub(super) fn warn(&self, machine: &Machine, message: String) {
        self.events.send(Event::Warning { host: Some(machine.host.name.clone()), message });
    }

    /// Told once for each time it is tried again: a person should see that a run waits for a host.
    pub(super) fn loss(&self, step: &str, machine: &Machine, reason: &str) {
        self.warn(machine, format!("{step}: {reason}; connecting again"));
    }
}

pub(super) fn last_words(failure: &Failure) -> String {
    failure.said.last().map(|line| format!(": {line}")).unwrap_or_default()
}

/// Runs work on a host that is no step of its plan; its output goes out as that of `part`'s step.
pub(super) async fn run_work(run: Run<'_>, part: Part, machine: &Machine, work: &Work) -> Result<Outcome, Failure> {
    let said = Mutex::new(LastWords::default());
    let ended = Mutex::new(None);
    let step = part.step.clone();
    let on_line = |_, stream: Stream, line: &str| {
        said.lock().expect("nobody panics while holding this").hear(stream, line);
        run.line(&step, machine, stream, line);
    };
    let on_part = |_, exit: Exit| *ended.lock().expect("nobody panics while holding this") = Some(exit);
    let on_sent = |done: u64| run.sent(&step, machine, &work.input, done);
    let on_loss = |reason: &str| run.loss(&step, machine, reason);
    let (on_line, on_part, on_sent, on_loss) = (&on_line, &on_part, &on_sent, &on_loss);
    let hearing = Hearing { on_line, on_part, on_sent, on_loss, time_limit: work.time_limit, stop: run.stop };
    let parts = [part];
    let exit = machine.run(Asked { parts: &parts, about: run.about, ending: None }, hearing).await;
    let part = ended.into_inner().ok().flatten();
    let exit = exit.map(|whole| part.unwrap_or(whole));
    work.outcome(exit).map_err(|what| {
        let said = said.into_inner().unwrap_or_default();
        Failure { what, command: work.command.clone(), said: said.into_lines() }
    })
}
