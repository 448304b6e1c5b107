//! One script from its start to its end: output, input, time limit and interruption.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::decode::Decoder;
use super::feed::feed_input;
use super::frame::{self, Frame};
use super::shell::{HostShell, lost};
use super::{Channel, Exec, ExecError, Exit, Heard, Status, Stream};

/// How long a process group has after TERM before it gets KILL.
const GRACE: Duration = Duration::from_secs(5);
/// How long after KILL the end is waited for: the host may be gone too.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where signals for the script's process group are sent from.
pub(super) enum Signals<'a> {
    /// The control shell that started it, and that ends it when relm is gone.
    Control(mpsc::Sender<Bytes>),
    /// A control shell that lets it live on when relm is gone.
    Kept(mpsc::Sender<Bytes>),
    /// A control shell opened beside it.
    Beside(&'a HostShell),
}

/// How far ending a script has come.
enum Ending {
    No,
    Terminated(ExecError),
    Killed(ExecError),
}

/// A script that has been sent and not yet ended.
pub(super) struct Run<'a> {
    stdout: Decoder,
    stderr: Decoder,
    signals: Signals<'a>,
    announced: bool,
    /// How many parts have been told of.
    parts: usize,
    had_no_shell: bool,
    /// A signal that was wanted before the process group was known.
    owed: Option<&'static str>,
    ending: Ending,
    alarm: Option<Instant>,
    /// Where standard output goes, where that is data.
    sink: Option<mpsc::Sender<Bytes>>,
}

impl<'a> Run<'a> {
    pub(super) fn new(frame: &Frame, signals: Signals<'a>, time_limit: Option<Duration>) -> Self {
        let (stdout, stderr) = (Decoder::after_mark(frame.token()), Decoder::from_start(frame.token()));
        let alarm = time_limit.map(|limit| Instant::now() + limit);
        Self {
            stdout,
            stderr,
            signals,
            announced: false,
            parts: 0,
            had_no_shell: false,
            owed: None,
            ending: Ending::No,
            alarm,
            sink: None,
        }
    }

    /// Hands on the script's standard output as it is.
    pub(super) fn handing_on(self, frame: &Frame, sink: mpsc::Sender<Bytes>) -> Self {
        Self { stdout: Decoder::of_data(frame.token()), sink: Some(sink), ..self }
    }

    /// How many bytes of what the script said have been heard: of standard output and of standard error.
    pub(super) fn heard(&self) -> (u64, u64) {
        (self.stdout.taken(), self.stderr.taken())
    }

    /// Goes on with signals sent from another control shell.
    pub(super) fn signal_from(&mut self, signals: Signals<'a>) {
        self.signals = signals;
        self.announced = false;
        self.stdout.await_again();
        self.stderr.await_again();
    }

    /// Says whether the host has nothing to say of a kept script: it was never begun, or it ended without a mark.
    pub(super) fn is_missing(&self) -> bool {
        self.stdout.is_missing()
    }

    /// Says whether the host could not unpack the script, and has not begun it.
    pub(super) fn is_unread(&self) -> bool {
        self.stdout.is_unread()
    }

    /// Says whether anything was heard of the script.
    pub(super) fn has_begun(&self) -> bool {
        self.stdout.group().is_some()
    }

    /// Says whether the shell ended, and not the connection, before it said anything of the script.
    pub(super) fn had_no_shell(&self) -> bool {
        self.had_no_shell
    }

    /// What has been heard on standard error, of a script that was never begun.
    pub(super) fn take_errors(&mut self) -> String {
        self.stderr.take_all()
    }

    /// Says whether the script is being ended, for whatever reason.
    pub(super) fn is_ending(&self) -> bool {
        !matches!(self.ending, Ending::No)
    }

    /// Follows the script to its end. With `feed`, sends it `exec.input`.
    pub(super) async fn follow(
        &mut self,
        channel: &mut Channel,
        exec: Exec<'_>,
        feed: Option<mpsc::Sender<Bytes>>,
    ) -> Result<Exit, ExecError> {
        let mut all_sent = feed.is_none();
        let feeding = feed_input(feed, exec);
        tokio::pin!(feeding);
        loop {
            tokio::select! {
                heard = channel.output.recv() => match heard {
                    Some(Heard::Stdout(bytes)) => {
                        self.stdout.take(&bytes, exec.mask, &mut |part, line| (exec.on_line)(part, Stream::Stdout, line));
                        if !self.hand_on().await && !self.is_ending() {
                            self.end(ExecError::NotTaken).await;
                        }
                    }
                    Some(Heard::Stderr(bytes)) => {
                        self.stderr.take(&bytes, exec.mask, &mut |part, line| (exec.on_line)(part, Stream::Stderr, line));
                    }
                    gone => {
                        self.had_no_shell = self.stdout.waits() && matches!(gone, Some(Heard::Closed(Ok(_))));
                        return Err(self.ending.reason().unwrap_or_else(|| self.gone(gone)));
                    }
                },
                sent = &mut feeding, if !all_sent => {
                    all_sent = true;
                    if let Err(error) = sent {
                        self.end(error).await;
                    }
                },
                () = exec.stop.cancelled(), if !self.is_ending() => self.end(ExecError::Interrupted).await,
                () = sleep_until(self.alarm.unwrap_or_else(Instant::now)), if self.alarm.is_some() => {
                    (self.ending, self.alarm) = match std::mem::replace(&mut self.ending, Ending::No) {
                        Ending::No => {
                            self.send("TERM").await;
                            (Ending::Terminated(ExecError::TimedOut(exec.time_limit.unwrap_or_default())), Some(Instant::now() + GRACE))
                        }
                        Ending::Terminated(reason) => {
                            self.send("KILL").await;
                            (Ending::Killed(reason), Some(Instant::now() + PATIENCE))
                        }
                        Ending::Killed(reason) => return Err(reason),
                    };
                },
            }
            self.announce().await;
            self.tell_parts(exec);
            if self.stdout.is_unread() && self.stderr.is_unread() {
                return Err(ExecError::NotStarted("it cannot unpack the script".to_owned()));
            }
            if self.is_missing() {
                return Err(self
                    .ending
                    .reason()
                    .unwrap_or_else(|| ExecError::Lost("it ended without a status".to_owned())));
            }
            if let (Some(status), Some(_)) = (self.stdout.status(), self.stderr.status()) {
                self.tell(frame::running(None)).await;
                return match self.ending.reason() {
                    Some(reason) => Err(reason),
                    None => Ok(Exit {
                        status: status_of(status),
                        stdout: self.stdout.take_text(),
                        stderr: self.stderr.take_text(),
                    }),
                };
            }
        }
    }

    /// Hands on the data that has come, and waits until there is room for it. Says whether somebody takes it.
    async fn hand_on(&mut self) -> bool {
        let Some(sink) = &self.sink else { return true };
        let data = self.stdout.take_data();
        data.is_empty() || sink.send(data.into()).await.is_ok()
    }

    /// Has the script ended, for this reason.
    async fn end(&mut self, reason: ExecError) {
        self.send("TERM").await;
        self.ending = Ending::Terminated(reason);
        self.alarm = Some(Instant::now() + GRACE);
    }

    /// A part has ended when both streams say so.
    fn tell_parts(&mut self, exec: Exec<'_>) {
        while self.stdout.has_part() && self.stderr.has_part() {
            let (Some((status, stdout)), Some((_, stderr))) = (self.stdout.take_part(), self.stderr.take_part()) else {
                return;
            };
            (exec.on_part)(self.parts, Exit { status: status_of(status), stdout, stderr });
            self.parts += 1;
        }
    }

    /// Says why nothing more is heard. A shell that ends before it has begun is often none.
    fn gone(&self, heard: Option<Heard>) -> ExecError {
        match heard {
            Some(Heard::Closed(Ok(status))) if !self.has_begun() => {
                let said = match self.stdout.noise() {
                    "" => String::new(),
                    noise => format!("; it said: {noise}"),
                };
                let instead = "ForceCommand, or a login shell such as nologin?";
                ExecError::Lost(format!("the shell on the host {status} before it did anything ({instead}){said}"))
            }
            heard => lost(heard),
        }
    }

    /// Tells the control shell the script's process group as soon as it is known.
    async fn announce(&mut self) {
        if !self.announced && self.stdout.group().is_some() {
            self.announced = true;
            if matches!(self.signals, Signals::Control(_)) {
                self.tell(frame::running(self.stdout.group())).await;
            }
            if let Some(signal) = self.owed.take() {
                self.send(signal).await;
            }
        }
    }

    async fn tell(&self, order: String) {
        if let Signals::Control(input) | Signals::Kept(input) = &self.signals {
            // If it is gone, its output says so.
            let _ = input.send(Bytes::from(order)).await;
        }
    }

    async fn send(&mut self, signal: &'static str) {
        let Some(group) = self.stdout.group() else {
            self.owed = Some(signal);
            return;
        };
        match &self.signals {
            Signals::Control(_) | Signals::Kept(_) => self.tell(frame::end(group, signal)).await,
            Signals::Beside(host) => host.signal(group, signal).await,
        }
    }
}

impl Ending {
    fn reason(&self) -> Option<ExecError> {
        match self {
            Self::No => None,
            Self::Terminated(reason) | Self::Killed(reason) => Some(reason.clone()),
        }
    }
}

/// A shell reports a death by signal as 128 plus its number (POSIX XCU 2.8.2).
fn status_of(code: u32) -> Status {
    const SIGNALS: [(u32, &str); 10] = [
        (1, "HUP"),
        (2, "INT"),
        (3, "QUIT"),
        (4, "ILL"),
        (6, "ABRT"),
        (7, "BUS"),
        (9, "KILL"),
        (11, "SEGV"),
        (13, "PIPE"),
        (15, "TERM"),
    ];
    let signal = SIGNALS.iter().find(|(number, _)| code == 128 + number);
    signal.map_or(Status::Code(code), |(_, name)| Status::Signal((*name).to_owned()))
}
