//! A machine as scripts see it: one control `sh`, and a channel of its own for each script that reads a stream.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, mpsc};

use super::becoming::{Becoming, Start};
use super::frame::{self, Frame};
use super::run::{Run, Signals};
use crate::fleet::Become;
use crate::script::Script;
use crate::secret::Secret;

use super::{Channel, Exec, ExecError, Exit, Heard, Input, Kept, Link, Transport, bulk, kept};

/// Runs scripts over a [`Link`].
#[derive(Debug)]
pub struct HostShell {
    link: Arc<dyn Link>,
    /// Taken out while a script runs in it, so that a run given up half way never leaves its output to the next.
    control: Mutex<Option<Channel>>,
    /// A channel for a script that reads a stream, opened before it is wanted, and what it has been told.
    pub(super) spare: Mutex<Option<bulk::Spare>>,
    standing: std::sync::Mutex<Standing>,
    cannot_unpack: AtomicBool,
    pub(super) becoming: Option<Becoming>,
    /// Why it did not become whom it should. It is not tried again: wrong passwords are counted.
    refused: OnceLock<String>,
}

/// What every control shell is told first.
#[derive(Debug, Default)]
struct Standing {
    order: Option<Script>,
    /// Where the last control shell hears.
    input: Option<mpsc::Sender<Bytes>>,
}

impl HostShell {
    /// A shell on the machine at the other end of `link`; nothing is started yet.
    pub fn new(link: Arc<dyn Link>) -> Self {
        Self {
            link,
            control: Mutex::new(None),
            spare: Mutex::new(None),
            standing: std::sync::Mutex::default(),
            cannot_unpack: AtomicBool::new(false),
            becoming: None,
            refused: OnceLock::new(),
        }
    }

    /// Everything runs as another user than the login.
    #[must_use]
    pub fn becoming(self, becomes: Become, password: Option<Secret>) -> Self {
        Self { becoming: Some(Becoming::new(becomes, password)), ..self }
    }

    /// Starts a shell, which has then been told whom to become.
    pub(super) async fn start(&self, start: Start) -> Result<Channel, ExecError> {
        if let Some(reason) = self.refused.get() {
            return Err(ExecError::NotBecome(reason.clone()));
        }
        let channel = self.link.open(&start.command).await?;
        if let Some(preface) = start.preface {
            tell(&channel, preface).await;
        }
        Ok(channel)
    }

    /// A shell that has gone before it did anything may not have become whom it should: then the host has said why.
    pub(super) fn not_become(&self, lost: ExecError, run: &mut Run<'_>) -> ExecError {
        let (Some(becoming), ExecError::Lost(_)) = (&self.becoming, &lost) else { return lost };
        // A connection that broke says nothing of users.
        if !run.had_no_shell() {
            return lost;
        }
        ExecError::NotBecome(self.refused.get_or_init(|| becoming.refused(&run.take_errors())).clone())
    }

    async fn run_in_control(&self, exec: Exec<'_>) -> Result<Exit, ExecError> {
        let mut slot = self.control.lock().await;
        let mut frame = Frame::fresh();
        let (mut control, mut has_begun) = match slot.take().filter(is_open) {
            Some(control) => (control, false),
            None => self.open_control_for(&frame, exec).await?,
        };
        loop {
            let signals = Signals::Control(control.input.clone());
            if !has_begun {
                tell(&control, frame.control(exec.script, self.packs())).await;
            }
            let mut run = Run::new(&frame, signals, exec.time_limit);
            let exit = run.follow(&mut control, exec, None).await;
            if run.is_unread() && self.packs() {
                self.pack_no_more();
                (frame, has_begun) = (Frame::fresh(), false);
                continue;
            }
            // A login shell may take no command as long as that.
            if has_begun && run.had_no_shell() {
                (frame, has_begun) = (Frame::fresh(), false);
                control = self.open_control().await?;
                continue;
            }
            return match exit {
                Ok(exit) => {
                    *slot = Some(control);
                    Ok(exit)
                }
                Err(error) => Err(self.not_become(error, &mut run)),
            };
        }
    }

    /// Whether long scripts travel packed.
    pub(super) fn packs(&self) -> bool {
        !self.cannot_unpack.load(Ordering::Relaxed)
    }

    pub(super) fn pack_no_more(&self) {
        self.cannot_unpack.store(true, Ordering::Relaxed);
    }

    async fn run_kept(&self, exec: Exec<'_>, kept: Kept<'_>) -> Result<Exit, ExecError> {
        let mut slot = self.control.lock().await;
        let control = match slot.take().filter(is_open) {
            Some(control) => control,
            None => kept::come_back(self, exec, kept, "the connection had closed").await?,
        };
        let (exit, control) = kept::run(self, control, exec, kept).await;
        *slot = control;
        exit
    }

    /// A new control shell, and whether it has begun to run the script already.
    async fn open_control_for(&self, frame: &Frame, exec: Exec<'_>) -> Result<(Channel, bool), ExecError> {
        let may = exec.is_open_text && self.becoming.is_none() && self.packs() && self.link.is_quicker_with_command();
        match frame.running(exec.script).filter(|_| may) {
            Some(command) => Ok((self.open_control_by(Start::running(command)).await?, true)),
            None => Ok((self.open_control().await?, false)),
        }
    }

    pub(super) async fn open_control(&self) -> Result<Channel, ExecError> {
        self.open_control_by(Start::control(self.becoming.as_ref())).await
    }

    async fn open_control_by(&self, start: Start) -> Result<Channel, ExecError> {
        let control = self.start(start).await?;
        let first = Script::new(frame::PRELUDE).then(&Script::new(frame::KEPT));
        tell(&control, format!("{}\n", first.as_str())).await;
        let order = {
            let mut standing = self.standing.lock().expect("nobody panics while holding this");
            standing.input = Some(control.input.clone());
            standing.order.as_ref().map(frame::order)
        };
        if let Some(order) = order {
            tell(&control, order).await;
        }
        Ok(control)
    }

    async fn give_order(&self, order: Option<Script>) {
        let input = {
            let mut standing = self.standing.lock().expect("nobody panics while holding this");
            standing.order.clone_from(&order);
            standing.input.clone()
        };
        let Some(order) = order else { return };
        // Where a script is being run, whoever runs it also opens the next control shell.
        if let Ok(mut slot) = self.control.try_lock()
            && !slot.as_ref().is_some_and(is_open)
        {
            *slot = self.open_control().await.ok();
        } else if let Some(input) = input {
            let _ = input.try_send(Bytes::from(frame::order(&order)));
        }
    }

    /// Sends a signal to a process group from a control shell opened for it.
    pub(super) async fn signal(&self, group: u32, signal: &'static str) {
        // Not one with a standing order: it goes again at once.
        if let Ok(control) = self.start(Start::control(self.becoming.as_ref())).await {
            let orders = format!("{}{}{}", frame::PRELUDE, frame::end(group, signal), frame::running(None));
            // Nothing to be done if it fails: the run it belongs to ends with its own error.
            tell(&control, orders).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Transport for HostShell {
    fn login(&self) -> Option<&str> {
        self.link.login()
    }

    fn open_ahead<'a>(&'a self, likely: Option<&'a Script>) -> BoxFuture<'a, ()> {
        bulk::open_ahead(self, likely).boxed()
    }

    fn order(&self, order: Option<Script>) -> BoxFuture<'_, ()> {
        self.give_order(order).boxed()
    }

    fn exec<'a>(&'a self, exec: Exec<'a>) -> BoxFuture<'a, Result<Exit, ExecError>> {
        async move {
            if exec.stop.is_cancelled() {
                return Err(ExecError::Interrupted);
            }
            match (exec.input, exec.kept) {
                (Input::Nothing, Some(kept)) => self.run_kept(exec, kept).await,
                (Input::Nothing, None) => self.run_in_control(exec).await,
                (Input::Bytes(_) | Input::File(_), _) => bulk::run(self, exec, None).await,
            }
        }
        .boxed()
    }

    fn hand_over<'a>(&'a self, exec: Exec<'a>, sink: mpsc::Sender<Bytes>) -> BoxFuture<'a, Result<Exit, ExecError>> {
        async move {
            if exec.stop.is_cancelled() {
                return Err(ExecError::Interrupted);
            }
            bulk::run(self, exec, Some(sink)).await
        }
        .boxed()
    }
}

/// Says whether a control shell is still there; one that has gone in a quiet hour is simply opened again.
pub(super) fn is_open(control: &Channel) -> bool {
    !control.input.is_closed() && !control.output.is_closed()
}

/// Writes to a shell. Whether it takes it, its output says: a shell that has gone (`nologin`, a refusal of sudo) has
/// said why there, and whoever follows it hears that.
pub(super) async fn tell(channel: &Channel, text: impl Into<Bytes>) {
    let _ = channel.input.send(text.into()).await;
}

/// What is left to hear from a channel that closes.
pub(super) fn lost(heard: Option<Heard>) -> ExecError {
    match heard {
        Some(Heard::Closed(Ok(status))) => ExecError::Lost(format!("the shell on the host {status}")),
        Some(Heard::Closed(Err(reason))) => ExecError::Lost(reason),
        Some(Heard::Refused(reason)) => ExecError::NotStarted(reason),
        _ => ExecError::Lost("it closed without a word".to_owned()),
    }
}
