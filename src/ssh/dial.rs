//! Gets to a host: name, address, way, keys. Not yet who we are.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio::time::{sleep, timeout};

use super::Settings;
use super::agent::Lent;
use super::config::{Destination, Way};
use super::handshake::{self, Broken, Gone, Guard, Handle, Judge};
use super::host_key::{HostKeys, unreachable};
use super::pace::{Pauses, Place};
use super::road::{self, Open};
use crate::transport::ConnectError;

/// A connection whose keys are exchanged.
pub(super) struct Dialled {
    pub(super) handle: Handle,
    pub(super) gone: Gone,
    /// To be kept until the host has let us in: until then its sshd counts us among the strangers at its door.
    pub(super) place: Place,
}

/// Says why an attempt failed.
enum Trouble {
    /// The host closed the connection before it had shown its key, without a reason. It does so when it has too much
    /// to do (`MaxStartups`), and then it may open later.
    SentAway(ConnectError),
    /// Trying again would end the same way.
    Lasting(ConnectError),
}

/// Connects and exchanges keys, with a host key that `judge` accepts.
pub(super) async fn dial(
    destination: &Destination,
    settings: &Settings,
    host_keys: &HostKeys,
    judge: Judge,
) -> Result<Dialled, ConnectError> {
    let addresses = match destination.way {
        Way::Direct => road::addresses(destination).await?,
        _ => Vec::new(),
    };
    let patience = destination.connect_timeout * 2;
    let mut pauses = Pauses::new(patience);
    loop {
        let open = match &destination.way {
            Way::Direct => road::direct(destination, &addresses, settings.knock.as_ref()).await?,
            Way::Command(command) => {
                let shell = settings.variables.get("SHELL").map_or("/bin/sh", String::as_str);
                road::command(destination, command, shell).await?
            }
            Way::Jump(hop) => settings.jumps.through(hop, destination, settings).await?,
        };
        let said = open.said.clone();
        match exchange(destination, open, host_keys, judge.clone()).await {
            Ok(dialled) => return Ok(dialled),
            Err(Trouble::Lasting(error)) => return Err(error),
            Err(Trouble::SentAway(mut error)) => {
                let pause = match destination.way {
                    // A command that ends has its own reasons, and says them.
                    Way::Command(_) => {
                        error.details.extend(road::last_words(&said).await);
                        return Err(error);
                    }
                    _ => pauses.next(Instant::now()),
                };
                let Some(pause) = pause else {
                    let (times, seconds) = (pauses.taken, patience.as_secs());
                    error.details.push(format!("it did so {times} times in {seconds} s, before it showed a key"));
                    error.details.push("its sshd may have too many logins under way (MaxStartups)".to_owned());
                    return Err(error);
                };
                sleep(pause).await;
            }
        }
    }
}

async fn exchange(
    destination: &Destination,
    open: Open,
    host_keys: &HostKeys,
    judge: Judge,
) -> Result<Dialled, Trouble> {
    let lasting = |reason: &str| Trouble::Lasting(unreachable(destination, reason));
    let Open { road, place, .. } = open;
    let binding = Arc::new(OnceLock::new());
    let lent = destination.lent_agent.clone().map(|socket| Lent::new(socket, Arc::clone(&binding)));
    let (guard, gone) = Guard::new(judge, lent);
    let limit = destination.connect_timeout;
    let connecting = russh::client::connect_stream(handshake::offer(destination, host_keys), road, guard);
    match timeout(limit, connecting).await {
        Ok(Ok(handle)) => {
            if let Some(known) = handle.agent_session_binding() {
                let _ = binding.set(known.clone());
            }
            Ok(Dialled { handle, gone, place })
        }
        Ok(Err(Broken::Refused(refusal))) => Err(Trouble::Lasting(refusal)),
        Ok(Err(Broken::Protocol(error))) => match gone.borrow().as_deref() {
            Some(farewell) => Err(lasting(farewell)),
            None if handshake::is_hang_up(&error) => {
                place.sent_away();
                Err(Trouble::SentAway(unreachable(destination, &handshake::in_words(&error))))
            }
            None => Err(lasting(&handshake::in_words(&error))),
        },
        Err(_) => Err(lasting(&road::no_answer(limit))),
    }
}
