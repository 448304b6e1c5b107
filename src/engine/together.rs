//! Steps of one host that travel in one journey.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::last_words::LastWords;
use super::machine::{Asked, Hearing};
use super::parts::Part;
use super::telling::Run;
use super::{Machine, Obstacle, On, Reading, Sight, Step, Work};
use crate::event::{Event, Failure, Outcome};
use crate::script::Script;
use crate::transport::{ExecError, Exit, Stream};

/// A step and what is to be done for it.
#[derive(Debug)]
pub(super) struct Share<'a> {
    pub(super) step: &'a Step,
    pub(super) work: Work,
}

impl Share<'_> {
    fn outcome(&self, machine: &Machine, ended: Result<Exit, ExecError>) -> Result<Outcome, String> {
        if self.work.reading != Reading::Look {
            return self.work.outcome(ended);
        }
        let sight = match ended {
            Ok(exit) => self.step.operation.sight(&machine.masked(exit)),
            Err(error @ ExecError::TimedOut(_)) => Sight::Unknown(error.to_string()),
            Err(error) => return Err(error.to_string()),
        };
        let words = match sight {
            Sight::Idle => return Ok(Outcome::Skipped("nothing is going on".to_owned())),
            Sight::Busy(doing) => format!("is busy: {}", doing.join("; ")),
            Sight::Unknown(reason) => format!("cannot be told and counts as busy: {reason}"),
        };
        Ok(if self.step.operation.may_fail() { Outcome::Skipped(words) } else { Outcome::Paused(words) })
    }
}

/// Who is told how the steps of a host get on. They are counted from 0.
pub(super) trait Hears: Sync {
    /// A step begins.
    fn begins(&self, at: usize);
    /// A step has ended well.
    fn ended(&self, at: usize, outcome: &Outcome);
}

/// How steps that travelled together went.
#[derive(Debug)]
pub(super) struct Went {
    /// How many ended well, from the first on.
    pub(super) done: usize,
    /// Why the next one did not.
    pub(super) stopped: Option<Stopped>,
    /// What the script said behind the last one, when all had ended well.
    pub(super) ending: String,
}

/// Why nothing more was begun.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The step waited in vain, as these words say.
    Paused(String),
    /// The step failed.
    Failed(Failed),
}

/// How a step failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) why: Failure,
    pub(super) seconds: f64,
    /// What kept it from being done in the short way, also in the host's words.
    pub(super) obstacle: Option<(Obstacle, String)>,
    /// Nobody can tell how far the script came: what stands behind the step may have begun as well.
    pub(super) is_unknown: bool,
}

/// Runs `shares`, which are at least one, on a host, until one fails. `ending` stands behind the last.
pub(super) async fn run_together(
    run: Run<'_>,
    machine: &Machine,
    on: &On<'_>,
    shares: &[Share<'_>],
    ending: Option<&Script>,
    hears: &dyn Hears,
) -> Went {
    let parts: Vec<Part> = shares.iter().map(|share| Part::of(share.step, &share.work, on)).collect();
    let listener = Listener { run, machine, shares, parts: &parts, hears, now: Mutex::new(Now::new()) };
    hears.begins(0);
    let (on_line, on_part) =
        (|part, stream, line: &str| listener.line(part, stream, line), |part, exit| listener.part(part, exit));
    let (on_sent, on_loss) = (|done| listener.sent(done), |reason: &str| listener.loss(reason));
    // Steps with a limit travel alone.
    let time_limit = shares.iter().find_map(|share| share.work.time_limit);
    let (on_line, on_part, on_sent, on_loss) = (&on_line, &on_part, &on_sent, &on_loss);
    let hearing = Hearing { on_line, on_part, on_sent, on_loss, time_limit, stop: run.stop };
    let ended = machine.run(Asked { parts: &parts, about: run.about, ending }, hearing).await;
    listener.went(ended)
}

/// Hears the script of all of them.
struct Listener<'a> {
    run: Run<'a>,
    machine: &'a Machine,
    shares: &'a [Share<'a>],
    parts: &'a [Part],
    hears: &'a dyn Hears,
    now: Mutex<Now>,
}

/// Lines that are kept until their step is told of.
const MOST_EARLY: usize = 2000;
/// And so many bytes of them.
const MOST_EARLY_BYTES: usize = 4 << 20;

/// How far it has come.
struct Now {
    at: usize,
    since: Instant,
    said: BTreeMap<usize, LastWords>,
    /// Lines of steps that have not been told of yet: one stream may be heard before the other.
    early: Vec<(usize, Stream, String)>,
    /// How the step at `at` ended, if that was not well.
    badly: Option<Exit>,
}

impl Now {
    fn new() -> Self {
        Self { at: 0, since: Instant::now(), said: BTreeMap::new(), early: Vec::new(), badly: None }
    }
}

impl Listener<'_> {
    fn line(&self, part: usize, stream: Stream, line: &str) {
        // What stands behind the last part is no step's.
        let Some(share) = self.parts.get(part) else { return };
        let mut now = self.now.lock().expect("nobody panics while holding this");
        now.said.entry(part).or_default().hear(stream, line);
        if part > now.at {
            // One stream is never far ahead of the other, unless the host wants it so.
            let held: usize = now.early.iter().map(|(_, _, line)| line.len()).sum();
            if now.early.len() < MOST_EARLY && held + line.len() <= MOST_EARLY_BYTES {
                now.early.push((part, stream, line.to_owned()));
            }
            return;
        }
        drop(now);
        self.run.line(&share.step, self.machine, stream, line);
    }

    fn part(&self, part: usize, exit: Exit) {
        let mut now = self.now.lock().expect("nobody panics while holding this");
        if now.badly.is_some() {
            return;
        }
        match self.shares[part].outcome(self.machine, Ok(exit.clone())) {
            Ok(Outcome::Paused(_)) | Err(_) => now.badly = Some(exit),
            Ok(outcome) => {
                let (step, host) = (self.parts[part].step.clone(), self.machine.host.name.clone());
                let seconds = now.since.elapsed().as_secs_f64();
                self.run.events.send(Event::HostFinished { step, host, outcome: outcome.clone(), seconds });
                if let Some(words) = self.shares[part].work.remark(&exit) {
                    self.run.warn(self.machine, words);
                }
                self.hears.ended(part, &outcome);
                (now.at, now.since) = (part + 1, Instant::now());
                now.said.remove(&part);
                if part + 1 < self.parts.len() {
                    self.hears.begins(part + 1);
                }
                let (ripe, early) = std::mem::take(&mut now.early).into_iter().partition(|(part, ..)| *part <= now.at);
                now.early = early;
                let ripe: Vec<(usize, Stream, String)> = ripe;
                for (part, stream, line) in ripe {
                    self.run.line(&self.parts[part].step, self.machine, stream, &line);
                }
            }
        }
    }

    fn sent(&self, done: u64) {
        if let Some(part) = self.parts.iter().find(|part| part.reads()) {
            self.run.sent(&part.step, self.machine, &part.input, done);
        }
    }

    fn loss(&self, reason: &str) {
        let at = self.now.lock().expect("nobody panics while holding this").at;
        let part = self.parts.get(at).or(self.parts.last()).expect("at least one travels");
        self.run.loss(&part.step, self.machine, reason);
    }

    fn went(self, ended: Result<Exit, ExecError>) -> Went {
        let mut now = self.now.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (done, ending) = (now.at, String::new());
        let Some(share) = self.shares.get(done) else {
            return Went { done, stopped: None, ending: ended.map(|exit| exit.stdout).unwrap_or_default() };
        };
        let is_unknown = now.badly.is_none() && !matches!(ended, Err(ExecError::NotStarted(_)));
        // A lost lock is told by the whole script's end, everything else by the step's own.
        let exit = match (ended, now.badly) {
            (Ok(_) | Err(ExecError::Lost(_)), Some(badly)) => Ok(badly),
            (ended, _) => ended,
        };
        let obstacle = share.work.obstacle(&exit);
        let what = match share.outcome(self.machine, exit) {
            Ok(Outcome::Paused(words)) => return Went { done, stopped: Some(Stopped::Paused(words)), ending },
            // The shell went away behind the step's back: nothing says that its work was written down.
            Ok(_) => "ended before it was written down".to_owned(),
            Err(what) => what,
        };
        let said = now.said.remove(&done).unwrap_or_default().into_lines();
        let why = Failure { what, command: share.work.command.clone(), said };
        let failed = Failed { why, seconds: now.since.elapsed().as_secs_f64(), obstacle, is_unknown };
        Went { done, stopped: Some(Stopped::Failed(failed)), ending }
    }
}
