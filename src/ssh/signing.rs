//! Signatures: by the agent, or by a key in a file.

use std::path::Path;
use std::sync::Arc;

use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::Signature;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::{HashAlg, PrivateKey};
use russh::{SendError, Signer};

use super::Settings;
use super::agent::Agent;

/// Who signs. A file's key is opened only now, after the host has said that it would take it.
pub(super) enum Hand<'a> {
    /// A key that may be known to the agent without the certificate that is shown to the host.
    Agent {
        agent: &'a mut Agent,
        key: &'a AgentIdentity,
    },
    File {
        path: &'a Path,
        settings: &'a Settings,
    },
}

/// Says why there is no signature.
#[derive(Debug)]
pub(super) struct NotSigned(pub(super) String);

impl From<SendError> for NotSigned {
    fn from(_: SendError) -> Self {
        Self("the host closed the connection".to_owned())
    }
}

impl Signer for Hand<'_> {
    type Error = NotSigned;

    async fn auth_sign(
        &mut self,
        _shown: &AgentIdentity,
        hash: Option<HashAlg>,
        mut text: Vec<u8>,
    ) -> Result<Vec<u8>, NotSigned> {
        match self {
            Self::Agent { agent, key } => agent
                .sign_request(key, hash, text)
                .await
                .map_err(|e| NotSigned(format!("the agent did not sign ({e})"))),
            Self::File { path, settings } => {
                let key = settings.keys.open(path, &settings.ask).await.map_err(NotSigned)?;
                let failed = |e: String| NotSigned(format!("could not sign ({e})"));
                let signature = signature(key, hash, text.clone()).await.map_err(failed)?;
                signature.encode(&mut text).map_err(|e| failed(e.to_string()))?;
                Ok(text)
            }
        }
    }
}

/// Signs away from the threads that serve all other hosts: an RSA signature takes milliseconds.
async fn signature(key: Arc<PrivateKey>, hash: Option<HashAlg>, text: Vec<u8>) -> Result<Vec<u8>, String> {
    let signing = tokio::task::spawn_blocking(move || {
        let signature: Signature = match key.key_data() {
            // `None` would mean SHA-1, which hosts refuse.
            KeypairData::Rsa(pair) => (pair, hash).try_sign(&text).map_err(|e| e.to_string())?,
            pair => pair.try_sign(&text).map_err(|e| e.to_string())?,
        };
        let mut encoded = Vec::new();
        signature.encode(&mut encoded).map_err(|e| e.to_string())?;
        Ok(encoded)
    });
    signing.await.unwrap_or_else(|e| Err(e.to_string()))
}
