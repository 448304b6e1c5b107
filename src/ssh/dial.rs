//! Gets to a host: name, address, TCP, keys. Not yet who we are.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use russh::keys::Algorithm;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};

use super::config::Destination;
use super::handshake::{self, Broken, Gone, Guard, Handle, Judge};
use super::host_key::unreachable;
use super::pace::{Pauses, Place};
use super::wire::Wire;
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
    host_keys: Vec<Algorithm>,
    judge: Judge,
) -> Result<Dialled, ConnectError> {
    let addresses = addresses(destination).await?;
    let patience = destination.connect_timeout * 2;
    let mut pauses = Pauses::new(patience);
    loop {
        match attempt(destination, &addresses, host_keys.clone(), judge.clone()).await {
            Ok(dialled) => return Ok(dialled),
            Err(Trouble::Lasting(error)) => return Err(error),
            Err(Trouble::SentAway(mut error)) => {
                let Some(pause) = pauses.next(Instant::now()) else {
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

async fn attempt(
    destination: &Destination,
    addresses: &[SocketAddr],
    host_keys: Vec<Algorithm>,
    judge: Judge,
) -> Result<Dialled, Trouble> {
    let lasting = |reason: &str| Trouble::Lasting(unreachable(destination, reason));
    let (stream, place) = socket(destination, addresses).await.map_err(Trouble::Lasting)?;
    let wire = Wire::new(stream).map_err(|e| lasting(&e.to_string()))?;
    let (guard, gone) = Guard::new(judge);
    let limit = destination.connect_timeout;
    let connecting = russh::client::connect_stream(handshake::offer(destination, host_keys), wire, guard);
    match timeout(limit, connecting).await {
        Ok(Ok(handle)) => Ok(Dialled { handle, gone, place }),
        Ok(Err(Broken::Refused(refusal))) => Err(Trouble::Lasting(refusal)),
        Ok(Err(Broken::Protocol(error))) => match gone.borrow().as_deref() {
            Some(farewell) => Err(lasting(farewell)),
            None if handshake::is_hang_up(&error) => {
                place.sent_away();
                Err(Trouble::SentAway(unreachable(destination, &handshake::in_words(&error))))
            }
            None => Err(lasting(&handshake::in_words(&error))),
        },
        Err(_) => Err(lasting(&no_answer(limit))),
    }
}

async fn addresses(destination: &Destination) -> Result<Vec<SocketAddr>, ConnectError> {
    let limit = destination.connect_timeout;
    match timeout(limit, lookup_host((destination.address.as_str(), destination.port))).await {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(e)) => Err(unreachable(destination, &e.to_string())),
        Err(_) => Err(unreachable(destination, &format!("its name was not resolved within {} s", limit.as_secs()))),
    }
}

/// Tries the addresses of the host's name in their order.
async fn socket(destination: &Destination, addresses: &[SocketAddr]) -> Result<(TcpStream, Place), ConnectError> {
    // One that swallows everything (often IPv6 behind a bad router) must leave time for the others.
    let share = destination.connect_timeout / u32::try_from(addresses.len().max(1)).unwrap_or(1);
    let mut last = unreachable(destination, "its name has no address");
    for address in addresses {
        let place = Place::at(address.to_string()).await;
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, place)),
            Ok(Err(e)) => last = unreachable(destination, &e.to_string()),
            Err(_) => last = unreachable(destination, &no_answer(share)),
        }
    }
    Err(last)
}

fn no_answer(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs())
}
