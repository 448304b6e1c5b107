//! The ssh agent: keys that others hold for us.

use std::path::Path;
use std::time::Duration;

use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::{AgentClient, AgentStream};
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
