//! A machine whose connection breaks, or on which a script goes wrong, at a chosen script.
//!
//! It stands where the network and the host are: scripts pass through as bytes, and come from and go to a real shell.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relm::local::LocalHost;
use relm::transport::{Channel, ExecError, Heard, Link, OUTPUT_QUEUE};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::wire::{self, Letter};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The connection breaks and the script never arrives.
    LostBefore(Then),
    /// The connection breaks as soon as the script has begun.
    LostMidway(Then),
    /// The script does its work, and the connection breaks before that is heard.
    LostAfter(Then),
    /// It exits with 7 and has done nothing.
    Exits,
    /// It does its work and exits with 7.
    WorksAndExits,
    /// It never ends by itself.
    Hangs,
    /// A signal kills it before it has done anything.
    Killed,
}

/// What becomes of a machine whose connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Then {
    /// It can be connected to again at once.
    Returns,
    /// It is gone for good.
    Gone,
}

impl Kind {
    pub(super) const ALL: [Self; 10] = [
        Self::LostBefore(Then::Returns),
        Self::LostBefore(Then::Gone),
        Self::LostMidway(Then::Returns),
        Self::LostMidway(Then::Gone),
        Self::LostAfter(Then::Returns),
        Self::LostAfter(Then::Gone),
        Self::Exits,
        Self::WorksAndExits,
        Self::Hangs,
        Self::Killed,
    ];
}

impl Kind {
    /// Says whether the host can be worked on at once, with nothing of the script still running there.
    pub(super) fn leaves_the_host_as_it_was(self) -> bool {
        match self {
            Self::LostBefore(then) | Self::LostAfter(then) => then == Then::Returns,
            Self::LostMidway(_) | Self::Hangs => false,
            Self::Exits | Self::WorksAndExits | Self::Killed => true,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (when, then) = match self {
            Self::LostBefore(then) => ("lost before", then),
            Self::LostMidway(then) => ("lost midway", then),
            Self::LostAfter(then) => ("lost after", then),
            Self::Exits => return f.pad("exit 7"),
            Self::WorksAndExits => return f.pad("works, exit 7"),
            Self::Hangs => return f.pad("hangs"),
            Self::Killed => return f.pad("killed"),
        };
        f.pad(&format!("{when}, {}", if *then == Then::Returns { "back" } else { "gone" }))
    }
}

/// A directory of this machine behind a network that obeys the test.
#[derive(Debug)]
pub(super) struct FaultyLink {
    machine: LocalHost,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// Which script, counted from 0, and what happens to it.
    faults: Vec<(usize, Kind)>,
    /// The name of every script that was sent, in order.
    scripts: Vec<String>,
    landed: Vec<(String, Kind)>,
    /// Breaks what is open; nothing if the machine is gone.
    line: Option<CancellationToken>,
    /// Told when a script hangs, with its name; and what breaks its line.
    hung: mpsc::UnboundedSender<(String, Hung)>,
}

/// A script that hangs.
#[derive(Debug, Clone)]
pub(super) struct Hung {
    line: CancellationToken,
    over: CancellationToken,
}

impl Hung {
    /// Waits so long for it to be ended; says whether it was.
    pub(super) async fn ended_within(&self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.over.cancelled()).await.is_ok()
    }

    /// Breaks the connection it hangs on.
    pub(super) fn cut(&self) {
        self.line.cancel();
    }
}

/// What one script's channel has to watch for.
#[derive(Debug, Default)]
struct Watch {
    /// Break the line when this has been heard.
    cut_at: Option<(String, Then)>,
    hangs: Option<(String, CancellationToken)>,
}

impl FaultyLink {
    pub(super) fn new(
        machine: LocalHost,
        faults: Vec<(usize, Kind)>,
        hung: mpsc::UnboundedSender<(String, Hung)>,
    ) -> Self {
        let line = Some(CancellationToken::new());
        let state = State { faults, scripts: Vec::new(), landed: Vec::new(), line, hung };
        Self { machine, state: Arc::new(Mutex::new(state)) }
    }

    /// The names of the scripts that were sent.
    pub(super) fn scripts(&self) -> Vec<String> {
        locked(&self.state).scripts.clone()
    }

    /// The scripts that something happened to.
    pub(super) fn landed(&self) -> Vec<(String, Kind)> {
        locked(&self.state).landed.clone()
    }
}

impl Link for FaultyLink {
    fn open(&self, command: &'static str) -> BoxFuture<'_, Result<Channel, ExecError>> {
        async move {
            let line = locked(&self.state).line.clone();
            let line = line.ok_or_else(|| ExecError::Lost("no route to host".to_owned()))?;
            let Channel { input: to_machine, output: from_machine } = self.machine.open(command).await?;
            let (input, typed) = mpsc::channel(8);
            let (heard, output) = mpsc::channel(OUTPUT_QUEUE);
            let watch = Arc::new(Mutex::new(Watch::default()));
            tokio::spawn(there(typed, to_machine, line.clone(), Arc::clone(&watch), Arc::clone(&self.state)));
            tokio::spawn(back(from_machine, heard, line, watch, Arc::clone(&self.state)));
            Ok(Channel { input, output })
        }
        .boxed()
    }
}

/// Carries what relm sends. Ends, and so closes the machine's side, when the line breaks.
async fn there(
    mut typed: mpsc::Receiver<Bytes>,
    machine: mpsc::Sender<Bytes>,
    line: CancellationToken,
    watch: Arc<Mutex<Watch>>,
    state: Arc<Mutex<State>>,
) {
    loop {
        let bytes = tokio::select! {
            () = line.cancelled() => return,
            bytes = typed.recv() => match bytes { Some(bytes) => bytes, None => return },
        };
        let bytes = match Letter::read(&bytes) {
            Some(letter) => match send(letter, &line, &watch, &state) {
                Some(text) => Bytes::from(text),
                None => return,
            },
            None => bytes,
        };
        if machine.send(bytes).await.is_err() {
            return;
        }
    }
}

/// What of a script goes over the line; nothing if that breaks first.
fn send(letter: Letter, line: &CancellationToken, watch: &Mutex<Watch>, state: &Mutex<State>) -> Option<String> {
    let mut state = locked(state);
    let at = state.scripts.len();
    state.scripts.push(letter.name.clone());
    let fault = state.faults.iter().find(|(script, _)| *script == at).map(|(_, kind)| *kind);
    let Some(kind) = fault else { return Some(letter.text) };
    state.landed.push((letter.name.clone(), kind));
    let mut watch = locked(watch);
    Some(match kind {
        Kind::LostBefore(then) => {
            state.break_line(line, then);
            return None;
        }
        Kind::LostMidway(then) => {
            watch.cut_at = Some((format!("{} group", letter.token), then));
            letter.text
        }
        Kind::LostAfter(then) => {
            watch.cut_at = Some((format!("{} end", letter.token), then));
            letter.text
        }
        Kind::Exits => letter.beginning_with("exit 7"),
        Kind::WorksAndExits => letter.beginning_with("trap \"exit 7\" 0"),
        Kind::Killed => letter.beginning_with("kill -s KILL $$"),
        Kind::Hangs => {
            let hung = Hung { line: line.clone(), over: CancellationToken::new() };
            watch.hangs = Some((format!("{} end", letter.token), hung.over.clone()));
            let _ = state.hung.send((letter.name.clone(), hung));
            letter.beginning_with("sleep 600")
        }
    })
}

impl State {
    fn break_line(&mut self, line: &CancellationToken, then: Then) {
        line.cancel();
        self.line = (then == Then::Returns).then(CancellationToken::new);
    }
}

/// Carries what the machine says, until the line breaks.
async fn back(
    mut machine: mpsc::Receiver<Heard>,
    heard: mpsc::Sender<Heard>,
    line: CancellationToken,
    watch: Arc<Mutex<Watch>>,
    state: Arc<Mutex<State>>,
) {
    let mut said = Vec::new();
    loop {
        let message = tokio::select! {
            () = line.cancelled() => {
                let _ = heard.send(Heard::Closed(Err("the line is dead".to_owned()))).await;
                // Nothing more is sent on it, and what hung on it hangs alone.
                locked(&state).mend(&line);
                return;
            }
            message = machine.recv() => match message { Some(message) => message, None => return },
        };
        if let Heard::Stdout(bytes) = &message {
            said.extend_from_slice(bytes);
            let mut watch = locked(&watch);
            if let Some((mark, then)) = &watch.cut_at
                && wire::holds(&said, mark)
            {
                locked(&state).break_line(&line, *then);
                watch.cut_at = None;
                continue;
            }
            if let Some((mark, over)) = &watch.hangs
                && wire::holds(&said, mark)
            {
                over.cancel();
                watch.hangs = None;
            }
        }
        if heard.send(message).await.is_err() {
            return;
        }
    }
}

impl State {
    /// A line cut because something hung on it can be opened again.
    fn mend(&mut self, broken: &CancellationToken) {
        if self.line.as_ref().is_some_and(CancellationToken::is_cancelled) && broken.is_cancelled() {
            self.line = Some(CancellationToken::new());
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
