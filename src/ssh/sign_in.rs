//! Says who we are: keys of the agent and keys in files, in ssh's order, and no more than a host bears.

use std::path::PathBuf;
use std::time::Duration;

use russh::client::AuthResult;
use russh::keys::HashAlg;
use russh::keys::agent::AgentIdentity;
use tokio::time::timeout;

use super::agent::{self, Agent};
use super::config::Destination;
use super::handshake::Handle;
use super::known_hosts::fingerprint;
use super::signing::{Hand, NotSigned};
use super::{Settings, error, key_file};
use crate::transport::{ConnectError, ConnectErrorKind};

/// sshd ends the connection at the sixth refused key (`MaxAuthTries 6`), with no word on why.
const MOST_KEYS: usize = 5;

/// As long as sshd waits by default (`LoginGraceTime`): time to type a passphrase.
const PATIENCE: Duration = Duration::from_secs(120);

/// Signs in with the first key the host takes.
pub(super) async fn sign_in(
    handle: &mut Handle,
    destination: &Destination,
    settings: &Settings,
) -> Result<(), ConnectError> {
    let mut attempt = Attempt { destination, settings, agent: None, log: Vec::new(), offered: 0 };
    match timeout(PATIENCE, attempt.run(handle)).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(attempt.failed()),
        Err(_) => {
            attempt.log.push(format!("gave up after {} s", PATIENCE.as_secs()));
            Err(attempt.failed())
        }
    }
}

struct Attempt<'a> {
    destination: &'a Destination,
    settings: &'a Settings,
    agent: Option<Agent>,
    /// What was tried, in order.
    log: Vec<String>,
    offered: usize,
}

/// A key to offer.
struct Candidate {
    identity: AgentIdentity,
    /// The file that can sign for it; the agent does where there is none.
    file: Option<PathBuf>,
}

impl Attempt<'_> {
    async fn run(&mut self, handle: &mut Handle) -> bool {
        let candidates = self.candidates(handle).await;
        let rest = candidates.len().saturating_sub(MOST_KEYS);
        for candidate in candidates {
            if self.offered == MOST_KEYS {
                self.log.push(format!(
                    "{rest} more not offered: hosts hang up after {MOST_KEYS} wrong keys; name the right one with IdentityFile and IdentitiesOnly"
                ));
                break;
            }
            if handle.is_closed() {
                self.log.push("the host closed the connection".to_owned());
                break;
            }
            if self.offer(handle, &candidate).await {
                return true;
            }
        }
        false
    }

    /// Collects keys as OpenSSH orders them: those of the agent that a file names, the agent's others, the files.
    async fn candidates(&mut self, handle: &Handle) -> Vec<Candidate> {
        let mut files = self.files();
        let (mut named, mut others) = (Vec::new(), Vec::new());
        for identity in self.agent_keys(handle).await {
            let same = |file: &Candidate| file.identity.public_key().key_data() == identity.public_key().key_data();
            let is_certificate = matches!(identity, AgentIdentity::Certificate { .. });
            if files.iter().any(same) || named.iter().any(same) {
                if !is_certificate {
                    files.retain(|file| matches!(file.identity, AgentIdentity::Certificate { .. }) || !same(file));
                }
                named.push(Candidate { identity, file: None });
            } else {
                others.push(Candidate { identity, file: None });
            }
        }
        if self.destination.identities_only {
            others.clear();
        }
        named.extend(others);
        named.extend(files);
        named
    }

    async fn agent_keys(&mut self, handle: &Handle) -> Vec<AgentIdentity> {
        let Some(socket) = &self.destination.agent else {
            return Vec::new();
        };
        match agent::keys(socket, handle).await {
            Ok((agent, keys)) => {
                self.agent = Some(agent);
                keys
            }
            Err(reason) => {
                self.log.push(format!("agent at {}: {reason}", socket.display()));
                Vec::new()
            }
        }
    }

    fn files(&mut self) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for path in &self.destination.identity_files {
            match key_file::public_half(path) {
                Ok(None) => {}
                Ok(Some(key)) => {
                    let comment = String::new();
                    if let Some(certificate) = key_file::certificate(path) {
                        let identity = AgentIdentity::Certificate { certificate, comment: comment.clone() };
                        candidates.push(Candidate { identity, file: Some(path.clone()) });
                    }
                    let identity = AgentIdentity::PublicKey { key, comment };
                    candidates.push(Candidate { identity, file: Some(path.clone()) });
                }
                Err(reason) => self.log.push(format!("{}: {reason}", path.display())),
            }
        }
        candidates
    }

    async fn offer(&mut self, handle: &mut Handle, candidate: &Candidate) -> bool {
        self.offered += 1;
        let name = candidate.name();
        let hash = if candidate.identity.public_key().algorithm().is_rsa() {
            // Waits up to a second for hosts that do not list their algorithms; only RSA needs to know.
            handle.best_supported_rsa_hash().await.ok().flatten().flatten().or(Some(HashAlg::Sha512))
        } else {
            None
        };
        let mut hand = match (&candidate.file, &mut self.agent) {
            (Some(path), _) => Hand::File { path, settings: self.settings },
            (None, Some(agent)) => Hand::Agent(agent),
            (None, None) => return false,
        };
        let user = self.destination.user.clone();
        let answer = match candidate.identity.clone() {
            AgentIdentity::PublicKey { key, .. } => {
                handle.authenticate_publickey_with(user, key, hash, &mut hand).await
            }
            AgentIdentity::Certificate { certificate, .. } => {
                handle.authenticate_certificate_with(user, certificate, hash, &mut hand).await
            }
        };
        let outcome = match answer {
            Ok(AuthResult::Success) => return true,
            Ok(AuthResult::Failure { partial_success: true, remaining_methods }) => {
                let methods: Vec<&str> = remaining_methods.iter().map(Into::into).collect();
                format!("accepted, but the host also wants: {}", methods.join(", "))
            }
            Ok(AuthResult::Failure { .. }) => "refused".to_owned(),
            Err(NotSigned(reason)) => reason,
        };
        self.log.push(format!("{name}: {outcome}"));
        false
    }

    fn failed(self) -> ConnectError {
        let Destination { name, user, .. } = self.destination;
        let mut refusal = error(ConnectErrorKind::SignIn, format!("{name} does not let {user} in"));
        refusal.details = self.log;
        if self.offered == 0 {
            let files: Vec<_> = self.destination.identity_files.iter().map(|path| path.display().to_string()).collect();
            let agent = if self.destination.agent.is_some() { "the agent has none" } else { "there is no agent" };
            refusal.details.push(format!("no key to offer: {agent}; looked for {}", files.join(", ")));
        }
        refusal
    }
}

impl Candidate {
    fn name(&self) -> String {
        let key = self.identity.public_key();
        let kind = match self.identity {
            AgentIdentity::PublicKey { .. } => "",
            AgentIdentity::Certificate { .. } => " certificate",
        };
        match &self.file {
            Some(path) => format!("{}{kind} ({})", path.display(), key.algorithm()),
            None => format!("agent's {}{kind} {} {}", key.algorithm(), fingerprint(&key), self.identity.comment())
                .trim_end()
                .to_owned(),
        }
    }
}
