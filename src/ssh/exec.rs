//! Starts commands on a connection and carries their bytes.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use russh::client::Msg;
use russh::{ChannelMsg, ChannelOpenFailure, ChannelReadHalf, ChannelWriteHalf, Sig};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{Instant, timeout};

use super::config::Destination;
use super::handshake::{Gone, Handle, in_words};
use crate::transport::{Channel, Heard, Status};

/// sshd allows ten by default (`MaxSessions`) and is late to notice that one is free again.
const MOST_CHANNELS: usize = 8;

/// How long a host may refuse sessions while none of ours ends.
const PATIENCE_FOR_A_SESSION: Duration = Duration::from_secs(3);

/// Pieces of input waiting for the host to take them.
const INPUT_QUEUE: usize = 4;
/// Pieces of output, of 32 KiB at most, that wait to be heard before the connection itself waits. Many, because russh
/// stops all channels for one that is not taken from; and not endless, because a command may never stop talking.
const UNHEARD: usize = 4096;

/// A connection that is signed in.
pub(super) struct Connection {
    handle: Handle,
    gone: Gone,
    slots: Arc<Semaphore>,
    /// How many sessions the host allows, as far as it has shown.
    allowed: AtomicUsize,
    /// When the last channel ended.
    freed: watch::Sender<Instant>,
    /// What each command is to find in its environment, as far as the host takes it.
    environment: Vec<(String, String)>,
    /// Each command is lent the agent.
    lends_agent: bool,
}

/// Says why a command was not started.
pub(super) enum NotStarted {
    /// The connection had died before the command was sent.
    Dead(String),
    /// The host has no session left on this connection.
    Full(String),
    /// The host did not want to, or cannot be reached any more.
    Refused(String),
}

impl NotStarted {
    /// Returns the reason.
    pub(super) fn into_words(self) -> String {
        match self {
            Self::Dead(reason) | Self::Full(reason) | Self::Refused(reason) => reason,
        }
    }
}

impl Connection {
    pub(super) fn new(handle: Handle, gone: Gone, destination: &Destination) -> Self {
        let (environment, lends_agent) = (destination.environment.clone(), destination.lent_agent.is_some());
        let (slots, freed) = (Arc::new(Semaphore::new(MOST_CHANNELS)), watch::Sender::new(Instant::now()));
        Self { handle, gone, slots, allowed: AtomicUsize::new(MOST_CHANNELS), freed, environment, lends_agent }
    }

    /// Says whether it is known to have ended.
    pub(super) fn is_dead(&self) -> bool {
        self.handle.is_closed() || self.gone.borrow().is_some()
    }

    /// Says why it has ended.
    pub(super) fn reason(&self) -> String {
        self.gone.borrow().clone().unwrap_or_else(|| "the host closed the connection".to_owned())
    }

    /// Opens a channel. A refusal may be the server's slowness in noticing that one of ours has ended, or a small
    /// `MaxSessions`; so it counts only when none of ours has ended for a while.
    async fn open_channel(&self) -> Result<russh::Channel<Msg>, NotStarted> {
        use ChannelOpenFailure::{ConnectFailed, ResourceShortage};
        let begun = Instant::now();
        let mut freed = self.freed.subscribe();
        let mut pause = Duration::from_millis(10);
        loop {
            let last = begun.max(*freed.borrow_and_update());
            match self.handle.channel_open_session().await {
                Ok(channel) => return Ok(channel),
                Err(russh::Error::ChannelOpenFailure(ConnectFailed | ResourceShortage))
                    if last.elapsed() < PATIENCE_FOR_A_SESSION =>
                {
                    let _ = timeout(pause, freed.changed()).await;
                    pause = (pause * 2).min(Duration::from_millis(500));
                }
                Err(russh::Error::ChannelOpenFailure(reason)) => {
                    let reason = reason.description().to_lowercase();
                    let reason = format!("sshd opens no session for it: {reason} (MaxSessions?)");
                    // All but the one that was wanted.
                    return Err(match self.in_use() - 1 {
                        0 => NotStarted::Refused(reason),
                        others => {
                            self.allowed.store(others, Ordering::Relaxed);
                            NotStarted::Full(reason)
                        }
                    });
                }
                Err(_) if self.is_dead() => return Err(NotStarted::Dead(self.reason())),
                Err(e) => return Err(NotStarted::Dead(in_words(&e))),
            }
        }
    }

    fn in_use(&self) -> usize {
        MOST_CHANNELS - self.slots.available_permits()
    }

    /// Says whether the host is known to open no further session now.
    fn is_full(&self) -> bool {
        let allowed = self.allowed.load(Ordering::Relaxed);
        allowed < MOST_CHANNELS && self.in_use() >= allowed
    }

    async fn slot(self: &Arc<Self>) -> Slot {
        let permit = self.slots.clone().acquire_owned().await.expect("slots are never closed");
        Slot { connection: self.clone(), _permit: permit }
    }
}

/// The right to one of the connection's channels.
struct Slot {
    connection: Arc<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.connection.freed.send_replace(Instant::now());
    }
}

/// Starts `command`. A caller that gives up halfway leaves no channel behind.
pub(super) async fn start(connection: Arc<Connection>, command: &str) -> Result<Channel, NotStarted> {
    let command = command.to_owned();
    // The task goes on when the caller is gone; then nobody takes the channel, its queues close, and `carry` closes it.
    let starting = tokio::spawn(async move {
        if connection.is_full() {
            return Err(NotStarted::Full("its sessions are all in use (MaxSessions)".to_owned()));
        }
        let slot = connection.slot().await;
        let channel = connection.open_channel().await?;
        let (reader, writer) = channel.split();
        for (name, value) in &connection.environment {
            // Without an answer: a host that does not want it says so in its log.
            let _ = writer.set_env(false, name, value).await;
        }
        if connection.lends_agent {
            // Likewise.
            let _ = writer.agent_forward(false).await;
        }
        if writer.exec(true, command).await.is_err() {
            return Err(NotStarted::Dead(connection.reason()));
        }
        let (input, to_send) = mpsc::channel(INPUT_QUEUE);
        let (heard, output) = mpsc::channel(UNHEARD);
        // sshd's word that it has started is not waited for: that would be a round trip of its own.
        tokio::spawn(Far { slot, heard, status: None }.carry(reader, writer, to_send));
        Ok(Channel { input, output })
    });
    starting.await.unwrap_or_else(|e| Err(NotStarted::Refused(e.to_string())))
}

/// A command that runs on the far side.
struct Far {
    slot: Slot,
    heard: mpsc::Sender<Heard>,
    status: Option<Status>,
}

impl Far {
    /// Carries bytes both ways until the command ends, the connection dies, or nobody listens any more.
    ///
    /// Reading waits only for a listener that is slower than the host, never for one that has gone: russh stops the
    /// whole connection at a channel whose messages nobody takes. Writing ends with reading: russh leaves a writer
    /// waiting for ever when the connection dies.
    async fn carry(mut self, mut reader: ChannelReadHalf, writer: ChannelWriteHalf<Msg>, input: mpsc::Receiver<Bytes>) {
        let heard = self.heard.clone();
        let ended = tokio::select! {
            ended = self.listen(&mut reader) => ended,
            () = heard.closed() => false,
            never = send(&writer, input) => match never {},
        };
        if ended {
            let ending = self.status.take().ok_or_else(|| self.silence());
            let _ = heard.send(Heard::Closed(ending)).await;
        } else {
            // Without this the session would stay taken. The answer is not waited for: after a close of our own,
            // russh never tells.
            let _ = writer.close().await;
        }
    }

    /// Listens to the very end: exit status and end of output come in any order. Says whether the command was started.
    async fn listen(&mut self, reader: &mut ChannelReadHalf) -> bool {
        while let Some(message) = reader.wait().await {
            match message {
                ChannelMsg::Close => return true,
                ChannelMsg::Failure => {
                    let _ = self.heard.send(Heard::Refused("sshd refused to run a command".to_owned())).await;
                    return false;
                }
                message => self.take(message).await,
            }
        }
        true
    }

    async fn take(&mut self, message: ChannelMsg) {
        let heard = match message {
            ChannelMsg::Data { data } => Heard::Stdout(data),
            ChannelMsg::ExtendedData { data, ext: 1 } => Heard::Stderr(data),
            ChannelMsg::ExitStatus { exit_status } => {
                self.status = Some(Status::Code(exit_status));
                return;
            }
            ChannelMsg::ExitSignal { signal_name, .. } => {
                self.status = Some(Status::Signal(name(signal_name)));
                return;
            }
            _ => return,
        };
        // Where nobody listens any more, `carry` is about to close the channel.
        let _ = self.heard.send(heard).await;
    }

    fn silence(&self) -> String {
        if self.slot.connection.is_dead() {
            return self.slot.connection.reason();
        }
        "the command ended without an exit status".to_owned()
    }
}

/// Sends input, then its end, and then never returns: only the channel's end is of interest.
async fn send(writer: &ChannelWriteHalf<Msg>, mut input: mpsc::Receiver<Bytes>) -> Infallible {
    while let Some(bytes) = input.recv().await {
        if writer.data_bytes(bytes).await.is_err() {
            // What is sent now must fail rather than wait.
            drop(input);
            return std::future::pending().await;
        }
    }
    let _ = writer.eof().await;
    std::future::pending().await
}

fn name(signal: Sig) -> String {
    match signal {
        Sig::Custom(name) => name,
        other => format!("{other:?}"),
    }
}
