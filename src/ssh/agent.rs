//! The ssh agent: keys that others hold for us.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use russh::Channel;
use russh::client::{ChannelOpenHandle, Msg};
use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::agent::{AgentIdentity, AgentSessionBinding};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::handshake::Handle;

/// An agent bound to one connection.
pub(super) type Agent = AgentClient<Box<dyn AgentStream + Send + Unpin>>;

/// Asks the agent at `socket` for its keys.
pub(super) async fn keys(socket: &Path, handle: &Handle) -> Result<(Agent, Vec<AgentIdentity>), String> {
    let asking = async {
        let mut agent = AgentClient::connect_uds(socket).await?.dynamic();
        if let Some(binding) = handle.agent_session_binding() {
            // Keys added with `ssh-add -h` are shown only to a bound connection. Agents that know no binding refuse,
            // and then hold no such keys.
            let _ = agent.bind_session(binding, false).await;
        }
        let keys = agent.request_identities().await?;
        Ok((agent, keys))
    };
    match timeout(Duration::from_secs(10), asking).await {
        Ok(answer) => answer.map_err(|e: russh::keys::Error| e.to_string()),
        Err(_) => Err("no answer within 10 s".to_owned()),
    }
}

/// An agent that a host is lent: commands there sign in elsewhere with its keys.
pub(super) struct Lent {
    socket: PathBuf,
    /// Tells it for which host its keys are asked, as soon as that is known.
    binding: Arc<OnceLock<AgentSessionBinding>>,
    /// As many conversations as a host may have with it at once.
    places: Arc<Semaphore>,
}

impl Lent {
    pub(super) fn new(socket: PathBuf, binding: Arc<OnceLock<AgentSessionBinding>>) -> Self {
        Self { socket, binding, places: Arc::new(Semaphore::new(16)) }
    }

    /// Leads a channel of the host's to the agent; refuses it where the agent does not answer.
    pub(super) async fn open(&self, channel: Channel<Msg>, reply: ChannelOpenHandle) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return };
        let Some(binding) = self.binding.get() else { return };
        let connecting = async {
            let mut agent = UnixStream::connect(&self.socket).await.ok()?;
            // As ssh tells it: some keys are only for some hosts, and some requests are for nobody but this machine. Agents
            // that know no binding refuse, and then have no such keys.
            let _ = AgentClient::connect(&mut agent).bind_session(binding, true).await;
            Some(agent)
        };
        let Ok(Some(mut agent)) = timeout(Duration::from_secs(5), connecting).await else { return };
        reply.accept().await;
        tokio::spawn(async move {
            let mut channel = channel.into_stream();
            let _ = tokio::io::copy_bidirectional(&mut channel, &mut agent).await;
            drop(place);
        });
    }
}
