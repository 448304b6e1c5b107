//! A machine whose connection breaks, or on which a script goes wrong, at a chosen script.
//!
//! It stands where the network and the host are: scripts pass through as bytes, and come from and go to a real shell.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relm::local::LocalHost;
use relm::transport::{Channel, ExecError, Heard, Link, OUTPUT_QUEUE};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::wire::{self, Letter, Pieces, Sent};

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
    /// It exits with 7, and the connection breaks, for an instant, when that has been heard and nothing more.
    ExitsAndIsLost,
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
    /// Says whether the host can be reached all the time, but for an instant.
    pub(super) fn leaves_the_host_in_reach(self) -> bool {
        !matches!(self, Self::LostBefore(Then::Gone) | Self::LostMidway(Then::Gone) | Self::LostAfter(Then::Gone))
    }

    /// Says whether only the connection suffers, and only for an instant.
    pub(super) fn is_healed_by_itself(self) -> bool {
        self.leaves_the_host_in_reach()
            && matches!(self, Self::LostBefore(_) | Self::LostMidway(_) | Self::LostAfter(_))
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
            Self::ExitsAndIsLost => return f.pad("exit 7, lost"),
        };
        f.pad(&format!("{when}, {}", if *then == Then::Returns { "back" } else { "gone" }))
    }
}

/// A directory of this machine behind a network that obeys the test.
#[derive(Debug)]
pub(super) struct FaultyLink {
    machine: LocalHost,
    home: PathBuf,
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
    /// Told when a script hangs, with its name and what ends it.
    hung: mpsc::UnboundedSender<(String, Hung)>,
}

/// A script that hangs.
#[derive(Debug, Clone)]
pub(super) struct Hung {
    home: PathBuf,
    over: CancellationToken,
}

/// Hangs until somebody on the host has enough of it.
const HANG: &str = "until [ -e ~/enough ]; do sleep 0.1; done; kill -s KILL 0";

impl Hung {
    /// Waits so long for it to be ended; says whether it was.
    pub(super) async fn ended_within(&self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.over.cancelled()).await.is_ok()
    }

    /// Kills it, as a person does who looks after the host.
    pub(super) fn kill(&self) {
        std::fs::write(self.home.join("enough"), "").expect("a file");
    }
}

/// What one script's channel has to watch for.
#[derive(Debug, Default)]
struct Watch {
    /// Break the line when this mark has been said so often, and before it is heard.
    cut_at: Option<((String, usize), Then)>,
    /// Break it when this mark has been heard so often.
    cut_behind: Option<(String, usize)>,
    hangs: Option<(String, CancellationToken)>,
}

/// What both directions of a channel share.
#[derive(Debug, Clone)]
struct Way {
    line: CancellationToken,
    home: PathBuf,
    watch: Arc<Mutex<Watch>>,
    state: Arc<Mutex<State>>,
}

impl FaultyLink {
    /// `home` is the directory that poses as the machine.
    pub(super) fn new(
        machine: LocalHost,
        home: PathBuf,
        faults: Vec<(usize, Kind)>,
        hung: mpsc::UnboundedSender<(String, Hung)>,
    ) -> Self {
        let line = Some(CancellationToken::new());
        let state = State { faults, scripts: Vec::new(), landed: Vec::new(), line, hung };
        Self { machine, home, state: Arc::new(Mutex::new(state)) }
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
    fn open<'a>(&'a self, command: &'a str) -> BoxFuture<'a, Result<Channel, ExecError>> {
        async move {
            let line = locked(&self.state).line.clone();
            let line = line.ok_or_else(|| ExecError::Lost("no route to host".to_owned()))?;
            let Channel { input: to_machine, output: from_machine } = self.machine.open(command).await?;
            let (input, typed) = mpsc::channel(8);
            let (heard, output) = mpsc::channel(OUTPUT_QUEUE);
            let way = Way { line, home: self.home.clone(), watch: Arc::default(), state: Arc::clone(&self.state) };
            tokio::spawn(there(typed, to_machine, way.clone()));
            tokio::spawn(back(from_machine, heard, way));
            Ok(Channel { input, output })
        }
        .boxed()
    }
}

/// Carries what relm sends. Ends, and so closes the machine's side, when the line breaks.
async fn there(mut typed: mpsc::Receiver<Bytes>, machine: mpsc::Sender<Bytes>, way: Way) {
    let mut pieces = Pieces::default();
    loop {
        let bytes = tokio::select! {
            () = way.line.cancelled() => return,
            bytes = typed.recv() => match bytes { Some(bytes) => bytes, None => return },
        };
        let bytes = match pieces.take(&bytes) {
            Sent::Script(letter) => match send(letter, &way) {
                Some(letter) => letter.bytes(),
                None => return,
            },
            Sent::Piece => continue,
            Sent::Other => bytes,
        };
        if machine.send(bytes).await.is_err() {
            return;
        }
    }
}

/// What of a script goes over the line; nothing if that breaks first.
fn send(letter: Letter, way: &Way) -> Option<Letter> {
    let mut state = locked(&way.state);
    let first = state.scripts.len();
    state.scripts.extend(letter.names.iter().cloned());
    let is_here = |(script, _): &&(usize, Kind)| (first..first + letter.names.len()).contains(script);
    let Some(&(script, kind)) = state.faults.iter().find(is_here) else { return Some(letter) };
    let step = script - first;
    let name = letter.names[step].clone();
    state.landed.push((name.clone(), kind));
    let mut watch = locked(&way.watch);
    let mark = |word: &str, often| (format!("{} {word}", letter.token), often);
    let is_last = step + 1 == letter.names.len();
    Some(match kind {
        Kind::LostBefore(then) if step == 0 => {
            state.break_line(&way.line, then);
            return None;
        }
        Kind::LostMidway(then) if step == 0 => {
            watch.cut_at = Some((mark("group", 1), then));
            letter
        }
        // Where steps share a script, one begins when the one before it has been said to be over.
        Kind::LostBefore(then) | Kind::LostMidway(then) => {
            watch.cut_at = Some((mark("part", step), then));
            letter
        }
        Kind::LostAfter(then) => {
            watch.cut_at = Some((if is_last { mark("end", 1) } else { mark("part", step + 1) }, then));
            letter
        }
        Kind::ExitsAndIsLost => {
            watch.cut_behind = Some(mark("part", step + 1));
            letter.beginning_with(step, "exit 7")
        }
        Kind::Exits => letter.beginning_with(step, "exit 7"),
        Kind::WorksAndExits => letter.beginning_with(step, "trap \"exit 7\" 0"),
        Kind::Killed => letter.beginning_with(step, "kill -s KILL 0"),
        Kind::Hangs => {
            let hung = Hung { home: way.home.clone(), over: CancellationToken::new() };
            watch.hangs = Some((format!("{} end", letter.token), hung.over.clone()));
            let _ = state.hung.send((name, hung));
            letter.beginning_with(step, HANG)
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
async fn back(mut machine: mpsc::Receiver<Heard>, heard: mpsc::Sender<Heard>, way: Way) {
    let (mut said, mut said_beside) = (Vec::new(), Vec::new());
    loop {
        let message = tokio::select! {
            () = way.line.cancelled() => {
                let _ = heard.send(Heard::Closed(Err("the line is dead".to_owned()))).await;
                return;
            }
            message = machine.recv() => match message { Some(message) => message, None => return },
        };
        if let Heard::Stdout(bytes) = &message {
            said.extend_from_slice(bytes);
            let mut watch = locked(&way.watch);
            if let Some(((mark, often), then)) = &watch.cut_at
                && wire::holds(&said, mark, *often)
            {
                locked(&way.state).break_line(&way.line, *then);
                watch.cut_at = None;
                continue;
            }
            if let Some((mark, over)) = &watch.hangs
                && wire::holds(&said, mark, 1)
            {
                over.cancel();
                watch.hangs = None;
            }
        }
        if let Heard::Stderr(bytes) = &message {
            said_beside.extend_from_slice(bytes);
        }
        if heard.send(message).await.is_err() {
            return;
        }
        // A part has been heard when both streams have said so.
        let mut watch = locked(&way.watch);
        if let Some((mark, often)) = &watch.cut_behind
            && wire::holds(&said, mark, *often)
            && wire::holds(&said_beside, mark, *often)
        {
            locked(&way.state).break_line(&way.line, Then::Returns);
            watch.cut_behind = None;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
