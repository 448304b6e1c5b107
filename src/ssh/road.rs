//! The bytes under a connection: a socket, a command's input and output, or a channel of a jump host.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufReader, ReadBuf, join};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::config::{Destination, Family};
use super::host_key::unreachable;
use super::pace::Place;
use super::settings::Knock;
use super::wire::Wire;
use crate::secret;
use crate::transport::ConnectError;

/// Bytes both ways.
pub(super) trait Road: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Road for T {}

/// A road that can be travelled.
pub(super) struct Open {
    pub(super) road: Box<dyn Road>,
    pub(super) place: Place,
    /// What the command that makes the road says of itself.
    pub(super) said: Said,
}

/// The last words of a command.
pub(super) type Said = Arc<Mutex<Words>>;

/// What a command says of itself.
#[derive(Debug, Default)]
pub(super) struct Words {
    lines: Vec<String>,
    has_ended: bool,
}

/// Finds the addresses of the host's name that may be used.
pub(super) async fn addresses(destination: &Destination) -> Result<Vec<SocketAddr>, ConnectError> {
    let limit = destination.connect_timeout;
    let found: Vec<SocketAddr> = match timeout(limit, lookup_host((&*destination.address, destination.port))).await {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(e)) => return Err(unreachable(destination, &e.to_string())),
        Err(_) => {
            let reason = format!("its name was not resolved within {} s", limit.as_secs());
            return Err(unreachable(destination, &reason));
        }
    };
    let right = |address: &SocketAddr| match destination.family {
        Family::Any => true,
        Family::Four => address.is_ipv4(),
        Family::Six => address.is_ipv6(),
    };
    Ok(found.into_iter().filter(right).collect())
}

/// Tries the addresses of the host's name in their order, and all of them as often as `ConnectionAttempts` says.
pub(super) async fn direct(
    destination: &Destination,
    addresses: &[SocketAddr],
    knock: Option<&Knock>,
) -> Result<Open, ConnectError> {
    // One that swallows everything (often IPv6 behind a bad router) must leave time for the others.
    let share = destination.connect_timeout / u32::try_from(addresses.len().max(1)).unwrap_or(1);
    let mut last = unreachable(destination, "its name has no address of the wanted kind");
    for attempt in 0..destination.connection_attempts {
        if attempt > 0 {
            sleep(Duration::from_secs(1)).await;
        }
        for address in addresses {
            let place = Place::at(address.to_string()).await;
            if let Some(knock) = knock {
                knock_at(*address, knock).await;
            }
            match timeout(share, connect(destination, *address)).await {
                Ok(Ok(stream)) => {
                    let road = Wire::new(stream).map_err(|e| unreachable(destination, &e.to_string()))?;
                    return Ok(Open { road: Box::new(road), place, said: Said::default() });
                }
                Ok(Err(e)) => last = unreachable(destination, &e.to_string()),
                Err(_) => last = unreachable(destination, &no_answer(share)),
            }
        }
    }
    Err(last)
}

async fn connect(destination: &Destination, address: SocketAddr) -> io::Result<TcpStream> {
    let Some(from) = &destination.bind_address else {
        return TcpStream::connect(address).await;
    };
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    let own = lookup_host((from.as_str(), 0)).await?.find(|own| own.is_ipv4() == address.is_ipv4());
    let own = own.ok_or_else(|| io::Error::other(format!("BindAddress {from} is no address of that kind")))?;
    socket.bind(own).map_err(|e| io::Error::new(e.kind(), format!("BindAddress {from}: {e}")))?;
    socket.connect(address).await
}

/// Sends a first packet to each port. Whether anybody answers says nothing: what listens there is a firewall's log.
async fn knock_at(address: SocketAddr, knock: &Knock) {
    for port in &knock.ports {
        let _ = timeout(knock.timeout, TcpStream::connect(SocketAddr::new(address.ip(), *port))).await;
    }
}

/// Starts a `ProxyCommand` and takes its input and output for the host.
pub(super) async fn command(destination: &Destination, command: &str, shell: &str) -> Result<Open, ConnectError> {
    let place = Place::at(format!("{command} {}:{}", destination.address, destination.port)).await;
    let failed = |e: io::Error| unreachable(destination, &format!("ProxyCommand {command}: {e}"));
    let mut start = Command::new(shell);
    for variable in secret::hidden() {
        start.env_remove(variable);
    }
    start.arg("-c").arg(format!("exec {command}")).kill_on_drop(true);
    let mut child =
        start.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(failed(io::Error::other("it has no input and output")));
    };
    let (said, (alive, dropped)) = (Said::default(), oneshot::channel());
    tokio::spawn(attend(child, BufReader::new(errors), said.clone(), dropped));
    // The command ends with them.
    let road = Keeping { road: join(BufReader::with_capacity(16 * 1024, output), input), _kept: alive };
    Ok(Open { road: Box::new(road), place, said })
}

/// Hears what a command says of itself, and ends it when nobody goes its way any more. It gets a moment for its last
/// words: its output may have ended before it has said why.
async fn attend(mut child: Child, errors: BufReader<ChildStderr>, said: Said, dropped: oneshot::Receiver<Infallible>) {
    let hearing = async {
        let mut lines = errors.lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.lines.push(super::harmless(&line));
            if said.lines.len() > 5 {
                said.lines.remove(0);
            }
        }
        said.lock().unwrap_or_else(PoisonError::into_inner).has_ended = true;
    };
    let ending = async {
        let _ = dropped.await;
        if timeout(Duration::from_secs(1), child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    };
    tokio::join!(hearing, ending);
}

/// A road that keeps something alive for as long as it is travelled.
pub(super) struct Keeping<R, K> {
    pub(super) road: R,
    pub(super) _kept: K,
}

impl<R: AsyncRead + Unpin, K: Unpin> AsyncRead for Keeping<R, K> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.road).poll_read(context, into)
    }
}

impl<R: AsyncWrite + Unpin, K: Unpin> AsyncWrite for Keeping<R, K> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.road).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.road).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.road).poll_shutdown(context)
    }
}

/// What is said of a host that keeps silent.
pub(super) fn no_answer(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs())
}

/// Waits for what a command that has failed may still be saying.
pub(super) async fn last_words(said: &Said) -> Vec<String> {
    let begun = Instant::now();
    loop {
        {
            let said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.has_ended || begun.elapsed() > Duration::from_secs(2) {
                return said.lines.clone();
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
}
