//! Gets to a host: name, address, TCP, keys. Not yet who we are.

use std::net::SocketAddr;
use std::time::Duration;

use russh::keys::Algorithm;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::config::Destination;
use super::handshake::{self, Broken, Gone, Guard, Handle, Judge};
use super::host_key::unreachable;
use super::wire::Wire;
use crate::transport::ConnectError;

/// Handshakes under way in this process. They are what costs on both sides, and firewalls take a storm for an attack.
pub(super) static HANDSHAKES: Semaphore = Semaphore::const_new(64);

/// Connects and exchanges keys, with a host key that `judge` accepts.
pub(super) async fn dial(
    destination: &Destination,
    host_keys: Vec<Algorithm>,
    judge: Judge,
) -> Result<(Handle, Gone), ConnectError> {
    let (guard, gone) = Guard::new(judge);
    let limit = destination.connect_timeout;
    let connecting = async {
        let wire = Wire::new(socket(destination).await?).map_err(|e| unreachable(destination, &e.to_string()))?;
        russh::client::connect_stream(handshake::offer(destination, host_keys), wire, guard).await.map_err(|broken| {
            match broken {
                Broken::Refused(refusal) => refusal,
                Broken::Protocol(error) => unreachable(destination, &handshake::in_words(&error)),
            }
        })
    };
    match timeout(limit, connecting).await {
        Ok(connected) => Ok((connected?, gone)),
        Err(_) => Err(unreachable(destination, &no_answer(limit))),
    }
}

/// Tries the addresses of the host's name in their order.
async fn socket(destination: &Destination) -> Result<TcpStream, ConnectError> {
    let error = |e: std::io::Error| unreachable(destination, &e.to_string());
    let found = lookup_host((destination.address.as_str(), destination.port)).await.map_err(error)?;
    let addresses: Vec<SocketAddr> = found.collect();
    // One that swallows everything (often IPv6 behind a bad router) must leave time for the others.
    let share = destination.connect_timeout / u32::try_from(addresses.len().max(1)).unwrap_or(1);
    let mut last = unreachable(destination, "its name has no address");
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(e)) => last = error(e),
            Err(_) => last = unreachable(destination, &no_answer(share)),
        }
    }
    Err(last)
}

fn no_answer(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs())
}
