//! Jump hosts: one connection to each, shared by all hosts behind it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use russh::ChannelOpenFailure;
use tokio::time::{Instant, timeout};

use super::Settings;
use super::config::Destination;
use super::handshake::{Handle, in_words};
use super::host_key::unreachable;
use super::link::signed_in;
use super::pace::Place;
use super::road::{Keeping, Open, Said, no_answer};
use super::settings::Knock;
use crate::transport::ConnectError;

/// The jump hosts of a run.
#[derive(Clone, Default)]
pub struct Jumps {
    hosts: Arc<Mutex<HashMap<String, Arc<Hop>>>>,
}

impl fmt::Debug for Jumps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jumps").finish_non_exhaustive()
    }
}

/// One jump host. It stays connected as long as somebody goes through it.
#[derive(Default)]
struct Hop {
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    connection: Weak<Handle>,
    /// When it failed last, and why.
    failed: Option<(Instant, ConnectError)>,
}

impl Jumps {
    /// Opens a way through `hop` to `destination`.
    pub(super) async fn through(
        &self,
        hop: &Destination,
        destination: &Destination,
        settings: &Settings,
    ) -> Result<Open, ConnectError> {
        let connection = self.connection(hop, settings).await?;
        let place = Place::at(format!("{} {}:{}", hop.given, destination.address, destination.port)).await;
        if let Some(knock) = &settings.knock {
            knock_from(&connection, destination, knock).await;
        }
        let (address, port) = (destination.address.clone(), u32::from(destination.port));
        let opening = connection.channel_open_direct_tcpip(address, port, "127.0.0.1", 0);
        let limit = destination.connect_timeout;
        let refused = |reason: &str| Err(unreachable(destination, &format!("{}: {reason}", hop.name)));
        match timeout(limit, opening).await {
            Ok(Ok(channel)) => {
                // A channel of the jump host, whose connection it keeps.
                let road = Keeping { road: channel.into_stream(), _kept: connection };
                Ok(Open { road: Box::new(road), place, said: Said::default() })
            }
            Ok(Err(russh::Error::ChannelOpenFailure(reason))) => match reason {
                ChannelOpenFailure::AdministrativelyProhibited => {
                    refused("does not pass connections on (AllowTcpForwarding)")
                }
                _ => refused("it does not get there"),
            },
            Ok(Err(e)) => refused(&in_words(&e)),
            Err(_) => refused(&no_answer(limit)),
        }
    }

    /// Returns the connection to a jump host. Those who wait while it is made share its failure too.
    async fn connection(&self, hop: &Destination, settings: &Settings) -> Result<Arc<Handle>, ConnectError> {
        let asked = Instant::now();
        let shared = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever asked first gives the name for hints; that makes it no other machine.
            let key = Destination { trusted_as: String::new(), ..hop.clone() };
            hosts.entry(format!("{key:?}")).or_default().clone()
        };
        let mut state = shared.state.lock().await;
        if let Some(connection) = state.connection.upgrade().filter(|connection| !connection.is_closed()) {
            return Ok(connection);
        }
        if let Some((_, error)) = state.failed.as_ref().filter(|(when, _)| *when >= asked) {
            return Err(error.clone());
        }
        // Its own way may lead through another one.
        // The login's password is for the hosts, and no business of whatever stands before them.
        let settings = &Settings { password: None, lends_agent: false, ..settings.clone() };
        match Box::pin(signed_in(&Arc::new(hop.clone()), settings)).await {
            Ok((handle, _)) => {
                let handle = Arc::new(handle);
                *state = State { connection: Arc::downgrade(&handle), failed: None };
                Ok(handle)
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }
}

/// Lets the jump host send a first packet to each port. As at a door of our own, an answer says nothing.
async fn knock_from(connection: &Handle, destination: &Destination, knock: &Knock) {
    for port in &knock.ports {
        let opening =
            connection.channel_open_direct_tcpip(destination.address.clone(), u32::from(*port), "127.0.0.1", 0);
        let _ = timeout(knock.timeout, opening).await;
    }
}
