//! A host that relm is connected to, with what was seen there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::lock::{Fence, IS_LOST, LOST};
use super::parts::{Frame, Part, compose};
use super::{On, Work};
use crate::fleet::{Host, Scope};
use crate::release::{Layout, ReleaseName};
use crate::script::Script;
use crate::secret::Secrets;
use crate::transport::{Exec, ExecError, Exit, Input, Kept, Status, Stream, Transport};

/// One host of a run.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The host.
    pub host: Host,
    /// The way to it.
    pub transport: Arc<dyn Transport>,
    /// Its paths.
    pub layout: Layout,
    /// What was live when it was surveyed.
    pub before: Option<ReleaseName>,
    /// What that was made from, for commands that run in it again.
    pub before_reference: String,
    /// What the run's scripts must pass to change something there; nothing where the run holds no lock.
    pub fence: Option<Fence>,
    /// A run does one thing at a time on a host, whoever it is for.
    pub turn: Arc<tokio::sync::Mutex<()>>,
    /// What operations may be given, and what is taken out of all that steps say.
    pub secrets: Arc<Secrets>,
}

/// What is to be run on a machine.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// One after the other, until one fails.
    pub(super) parts: &'a [Part],
    /// The release it is for.
    pub(super) about: Option<&'a ReleaseName>,
    /// What stands behind the last part when all have succeeded.
    pub(super) ending: Option<&'a Script>,
}

/// Who hears it and what bounds it. Parts are counted from 0.
#[derive(Clone, Copy)]
pub(super) struct Hearing<'a> {
    pub(super) on_line: &'a (dyn Fn(usize, Stream, &str) + Send + Sync),
    /// Hears of each part that has ended.
    pub(super) on_part: &'a (dyn Fn(usize, Exit) + Send + Sync),
    pub(super) on_sent: &'a (dyn Fn(u64) + Send + Sync),
    /// Hears of a lost connection that is made again.
    pub(super) on_loss: &'a (dyn Fn(&str) + Send + Sync),
    pub(super) time_limit: Option<Duration>,
    pub(super) stop: &'a CancellationToken,
}

/// A host that takes longer for a few words than this hangs.
const QUIET: Duration = Duration::from_secs(60);
/// How often what is sent is sent again: a line that breaks each time will not carry it.
const LOSSES: usize = 5;
/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

impl Machine {
    /// What an operation sees of it while the run is about `release`.
    pub fn on<'a>(&'a self, env: &'a Scope, release: Option<&'a ReleaseName>) -> On<'a> {
        let (before, before_reference) = (self.before.as_ref(), self.before_reference.as_str());
        let (login, secrets) = (self.transport.login(), &*self.secrets);
        On { host: &self.host, layout: &self.layout, env, release, before, before_reference, login, secrets }
    }

    /// What a host has said without the secrets in it: command lines of processes, texts of queries.
    pub(super) fn masked(&self, exit: Exit) -> Exit {
        let mask = self.secrets.mask();
        let masked = |text: String| String::from_utf8_lossy(&mask.apply(text.as_bytes())).into_owned();
        Exit { status: exit.status, stdout: masked(exit.stdout), stderr: masked(exit.stderr) }
    }

    /// Runs parts that change something, unless the lock is lost. A connection that is lost meanwhile is made again: what
    /// reads nothing goes on meanwhile, and what reads a stream is run again from the first part that was not heard to
    /// end.
    pub(super) async fn run(&self, asked: Asked<'_>, hearing: Hearing<'_>) -> Result<Exit, ExecError> {
        let _turn = self.turn.lock().await;
        let reads = asked.parts.iter().any(Part::reads);
        let exit = match &self.fence {
            None => self.exec(asked, hearing, None).await,
            Some(fence) if reads => self.exec_again(asked, hearing, fence).await,
            Some(fence) => {
                let (output, patience) = (fence.output(), fence.patience);
                self.exec(asked, hearing, Some(Kept { directory: &output, patience, on_loss: hearing.on_loss })).await
            }
        };
        match (exit, &self.fence) {
            // A signal may have been the keeper's, who had not heard of relm for too long.
            (Ok(Exit { status: Status::Code(LOST) | Status::Signal(_), .. }), Some(fence))
                if self.has_lost(fence).await =>
            {
                Err(ExecError::LockLost)
            }
            (other, _) => other,
        }
    }

    /// A host that is lost is tried for as long as `patience` from then on, however long the script had run before.
    async fn exec_again(&self, asked: Asked<'_>, hearing: Hearing<'_>, fence: &Fence) -> Result<Exit, ExecError> {
        let (output, patience) = (fence.output(), fence.patience);
        let (mut losses, mut away) = (0, None);
        let (ended, failed) = (AtomicUsize::new(0), Mutex::new(None));
        loop {
            let from = ended.load(Ordering::Relaxed);
            let on_line = |part: usize, stream, line: &str| (hearing.on_line)(from + part, stream, line);
            let on_part = |part: usize, exit: Exit| {
                if asked.parts[from + part].is_good(&exit.status) {
                    ended.store(from + part + 1, Ordering::Relaxed);
                } else {
                    *failed.lock().expect("nobody panics while holding this") = Some(exit.clone());
                }
                (hearing.on_part)(from + part, exit);
            };
            let rest = Asked { parts: &asked.parts[from..], ..asked };
            // What is left when the stream has been read goes on without relm.
            let reads = rest.parts.iter().any(Part::reads);
            let kept = (!reads).then_some(Kept { directory: &output, patience, on_loss: hearing.on_loss });
            let exit = self.exec(rest, Hearing { on_line: &on_line, on_part: &on_part, ..hearing }, kept).await;
            // Nothing comes behind a part that failed: the script was over, whether its very end was heard or not.
            let failed = failed.lock().expect("nobody panics while holding this").take();
            match exit {
                Err(ExecError::Lost(_)) if let Some(failed) = failed => return Ok(failed),
                // All was heard but the very end: what stands behind the parts is somebody else's to find out.
                Err(ExecError::Lost(_)) if ended.load(Ordering::Relaxed) == asked.parts.len() => {
                    return Ok(Exit { status: Status::Code(0), stdout: String::new(), stderr: String::new() });
                }
                Err(ExecError::Lost(reason)) if losses < LOSSES => {
                    losses += 1;
                    away = None;
                    (hearing.on_loss)(&reason);
                }
                Err(ExecError::NotStarted(_))
                    if Instant::now() + PAUSE < *away.get_or_insert_with(Instant::now) + patience => {}
                other => return other,
            }
            sleep(PAUSE).await;
        }
    }

    async fn exec(&self, asked: Asked<'_>, hearing: Hearing<'_>, kept: Option<Kept<'_>>) -> Result<Exit, ExecError> {
        let Hearing { on_line, on_sent, time_limit, stop, .. } = hearing;
        // A host may tell of more parts than it was given, and nobody knows of those.
        let on_part = &|part: usize, exit| {
            if part < asked.parts.len() {
                (hearing.on_part)(part, exit);
            }
        };
        let frame = Frame { about: asked.about, limit: time_limit, ending: asked.ending };
        let script = &compose(asked.parts, self.fence.as_ref(), &frame);
        let input = asked.parts.iter().find(|part| part.reads()).map_or(&Input::Nothing, |part| &part.input);
        let mask = self.secrets.mask();
        let is_open_text = false;
        self.transport
            .exec(Exec { script, input, on_line, on_part, on_sent, time_limit, stop, is_open_text, kept, mask })
            .await
    }

    /// Runs a short script of relm's own that changes something, to its end.
    pub(super) async fn run_quietly(&self, step: &str, script: Script) -> Result<Exit, ExecError> {
        let never = CancellationToken::new();
        let said = Mutex::new(None);
        let on_part = |_, exit: Exit| *said.lock().expect("nobody panics while holding this") = Some(exit);
        let hearing = Hearing {
            on_line: &|_, _, _| {},
            on_part: &on_part,
            on_sent: &|_| {},
            on_loss: &|_| {},
            time_limit: Some(QUIET),
            stop: &never,
        };
        let parts = [Part::plain(step, &Work::ours(script))];
        let exit = self.run(Asked { parts: &parts, about: None, ending: None }, hearing).await?;
        Ok(said.into_inner().ok().flatten().unwrap_or(exit))
    }

    async fn has_lost(&self, fence: &Fence) -> bool {
        let asked = self.transport.capture(&fence.set(Script::new(IS_LOST)), Some(PAUSE * 10)).await;
        asked.is_ok_and(|exit| exit.status.success())
    }
}
