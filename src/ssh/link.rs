//! A host that is connected, and connected again if need be.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use super::config::Destination;
use super::dial::{self, Dialled};
use super::exec::{self, Connection, NotStarted};
use super::handshake::{Gone, Handle, Judge};
use super::{Settings, host_key, sign_in};
use crate::transport::{Channel, ConnectError, ExecError, Link};

/// One host over ssh.
pub(super) struct SshLink {
    destination: Arc<Destination>,
    settings: Settings,
    connection: Mutex<Arc<Connection>>,
    /// Where the host allows so few sessions on a connection (`MaxSessions 1`) that work beside others needs another.
    beside: Mutex<Vec<Arc<Connection>>>,
}

/// Connections to one host at most, the first apart.
const MOST_BESIDE: usize = 4;

impl fmt::Debug for SshLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SshLink").field("destination", &self.destination).finish_non_exhaustive()
    }
}

impl SshLink {
    /// Connects for the first time.
    pub(super) async fn connect(destination: Destination, settings: Settings) -> Result<Self, ConnectError> {
        let destination = Arc::new(destination);
        let connection = Mutex::new(connect(&destination, &settings).await?);
        Ok(Self { destination, settings, connection, beside: Mutex::default() })
    }

    /// Returns the connection; a new one if the last has died. Callers at the same time wait for the same one.
    async fn alive(&self) -> Result<Arc<Connection>, NotStarted> {
        let mut connection = self.connection.lock().await;
        if connection.is_dead() {
            let lost = connection.reason();
            *connection = connect(&self.destination, &self.settings)
                .await
                .map_err(|e| NotStarted::Refused(format!("{lost}; connecting again: {e}")))?;
        }
        Ok(connection.clone())
    }

    /// Starts a command, on a new connection if the old one turns out to be dead before the command was sent.
    async fn start(&self, command: &str) -> Result<Channel, NotStarted> {
        match exec::start(self.alive().await?, command).await {
            Err(NotStarted::Dead(_)) => exec::start(self.alive().await?, command).await,
            Err(NotStarted::Full(reason)) => self.start_beside(command, reason).await,
            other => other,
        }
    }

    /// Starts a command on a connection of its own, or on one made for the same reason before.
    async fn start_beside(&self, command: &str, reason: String) -> Result<Channel, NotStarted> {
        let mut beside = self.beside.lock().await;
        beside.retain(|connection| !connection.is_dead());
        for connection in beside.iter() {
            if let Ok(channel) = exec::start(connection.clone(), command).await {
                return Ok(channel);
            }
        }
        if beside.len() == MOST_BESIDE {
            return Err(NotStarted::Refused(reason));
        }
        let another = connect(&self.destination, &self.settings).await;
        let another = another.map_err(|e| NotStarted::Refused(format!("{reason}; on another connection: {e}")))?;
        beside.push(another.clone());
        exec::start(another, command).await
    }
}

impl Link for SshLink {
    fn open<'a>(&'a self, command: &'a str) -> BoxFuture<'a, Result<Channel, ExecError>> {
        Box::pin(async move { self.start(command).await.map_err(|e| ExecError::NotStarted(e.into_words())) })
    }

    fn login(&self) -> Option<&str> {
        Some(&self.destination.user)
    }

    /// sshd takes no input for a command before it has started it.
    fn is_quicker_with_command(&self) -> bool {
        true
    }
}

async fn connect(destination: &Arc<Destination>, settings: &Settings) -> Result<Arc<Connection>, ConnectError> {
    let (handle, gone) = signed_in(destination, settings).await?;
    Ok(Arc::new(Connection::new(handle, gone, destination)))
}

/// Connects, checks the host key against the files as they are now, and signs in.
pub(super) async fn signed_in(
    destination: &Arc<Destination>,
    settings: &Settings,
) -> Result<(Handle, Gone), ConnectError> {
    let known = host_key::known(destination);
    let algorithms = host_key::algorithms(&known, destination);
    let judge: Judge = Arc::new({
        let (destination, settings) = (destination.clone(), settings.clone());
        move |key| host_key::check(&known, key, &destination, &settings)
    });
    let Dialled { mut handle, gone, place } = dial::dial(destination, settings, &algorithms, judge).await?;
    sign_in::sign_in(&mut handle, &gone, destination, settings).await?;
    drop(place);
    Ok((handle, gone))
}
