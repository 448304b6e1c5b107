//! A host that relm is connected to, with what was seen there.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::On;
use super::lock::{Fence, IS_LOST, LOST};
use crate::fleet::{EnvName, Host};
use crate::release::{Layout, ReleaseName};
use crate::script::Script;
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
}

/// What is to be run on a machine.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) step: &'a str,
    /// The release it is for.
    pub(super) about: Option<&'a ReleaseName>,
    pub(super) script: &'a Script,
    pub(super) input: &'a Input,
}

/// Who hears it and what bounds it.
#[derive(Clone, Copy)]
pub(super) struct Hearing<'a> {
    pub(super) on_line: &'a (dyn Fn(Stream, &str) + Send + Sync),
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
    pub(super) fn on<'a>(&'a self, env: &'a EnvName, release: Option<&'a ReleaseName>) -> On<'a> {
        let (before, before_reference) = (self.before.as_ref(), self.before_reference.as_str());
        On { host: &self.host, layout: &self.layout, env, release, before, before_reference }
    }

    /// Runs a script that changes something, unless the lock is lost. A connection that is lost meanwhile is made again:
    /// a script without input goes on meanwhile, one with input is run again from its beginning.
    pub(super) async fn run(&self, asked: Asked<'_>, hearing: Hearing<'_>) -> Result<Exit, ExecError> {
        let Some(fence) = &self.fence else { return self.exec(asked, hearing, None).await };
        let output = fence.output();
        let script = fence.around(asked.step, asked.about.map(ReleaseName::as_str), hearing.time_limit, asked.script);
        let asked = Asked { script: &script, ..asked };
        let exit = match asked.input {
            Input::Nothing => {
                self.exec(
                    asked,
                    hearing,
                    Some(Kept { directory: &output, patience: fence.patience, on_loss: hearing.on_loss }),
                )
                .await
            }
            Input::Bytes(_) | Input::File(_) => self.exec_again(asked, hearing, fence.patience).await,
        };
        match exit {
            // A signal may have been the keeper's, who had not heard of relm for too long.
            Ok(Exit { status: Status::Code(LOST) | Status::Signal(_), .. }) if self.has_lost(fence).await => {
                Err(ExecError::LockLost)
            }
            other => other,
        }
    }

    /// A host that is lost is tried for as long as `patience` from then on, however long the script had run before.
    async fn exec_again(&self, asked: Asked<'_>, hearing: Hearing<'_>, patience: Duration) -> Result<Exit, ExecError> {
        let (mut losses, mut away) = (0, None);
        loop {
            match self.exec(asked, hearing, None).await {
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
        let Asked { script, input, .. } = asked;
        let Hearing { on_line, on_sent, time_limit, stop, .. } = hearing;
        self.transport.exec(Exec { script, input, on_line, on_sent, time_limit, stop, kept }).await
    }

    /// Runs a short script of relm's own that changes something, to its end.
    pub(super) async fn run_quietly(&self, asked: Asked<'_>) -> Result<Exit, ExecError> {
        let never = CancellationToken::new();
        let time_limit = Some(QUIET);
        let hearing = Hearing { on_line: &|_, _| {}, on_sent: &|_| {}, on_loss: &|_| {}, time_limit, stop: &never };
        self.run(asked, hearing).await
    }

    async fn has_lost(&self, fence: &Fence) -> bool {
        let asked = self.transport.capture(&fence.set(Script::new(IS_LOST)), Some(PAUSE * 10)).await;
        asked.is_ok_and(|exit| exit.status.success())
    }
}
