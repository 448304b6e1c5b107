//! Says who we are: keys of the agent and keys in files, in ssh's order, and answers to questions where they are wanted.

use std::time::Duration;

use russh::client::AuthResult;
use russh::keys::agent::AgentIdentity;
use russh::{MethodKind, MethodSet};
use tokio::time::timeout;

use super::agent::{self, Agent};
use super::candidates::{self, Candidate, Candidates, Signer};
use super::config::{Destination, Method};
use super::handshake::{Gone, Handle};
use super::questions::{self, Outcome};
use super::signing::{Hand, NotSigned};
use super::{Settings, error, harmless};
use crate::transport::{ConnectError, ConnectErrorKind};

/// As long as sshd waits by default (`LoginGraceTime`): time to type a passphrase.
const PATIENCE: Duration = Duration::from_secs(120);

/// Signs in the first way the host takes.
pub(super) async fn sign_in(
    handle: &mut Handle,
    gone: &Gone,
    destination: &Destination,
    settings: &Settings,
) -> Result<(), ConnectError> {
    let log = Vec::new();
    let mut attempt = Attempt { destination, settings, agent: None, log, offered: 0, wanted: None };
    match timeout(PATIENCE, attempt.run(handle)).await {
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(_) => attempt.log.push(format!("gave up after {} s", PATIENCE.as_secs())),
    }
    let farewell = gone.borrow().as_deref().map(harmless);
    Err(attempt.failed(farewell))
}

struct Attempt<'a> {
    destination: &'a Destination,
    settings: &'a Settings,
    agent: Option<Agent>,
    /// What was tried, in order.
    log: Vec<String>,
    offered: usize,
    /// What the host has said it would take, once it has.
    wanted: Option<MethodSet>,
}

impl Attempt<'_> {
    async fn run(&mut self, handle: &mut Handle) -> bool {
        for method in self.methods() {
            if handle.is_closed() {
                break;
            }
            if !self.is_wanted(method) {
                self.log.push(format!("{}: the host does not take it", method.name()));
                continue;
            }
            let outcome = match method {
                Method::PublicKey => {
                    if self.keys(handle).await {
                        return true;
                    }
                    continue;
                }
                Method::Questions => questions::interactive(handle, self.destination, self.settings).await,
                Method::Password => questions::password(handle, self.destination, self.settings).await,
            };
            match outcome {
                Outcome::In => return true,
                Outcome::More(methods) => {
                    self.log.push(format!("{}: right, but the host also wants: {}", method.name(), listed(&methods)));
                    self.wanted = Some(methods);
                }
                Outcome::No(reason) => self.log.push(format!("{}: {reason}", method.name())),
            }
        }
        false
    }

    /// Whoever gives a password wants it tried, when nothing else has been let in.
    fn methods(&self) -> Vec<Method> {
        let given = self.settings.password.iter().flat_map(|_| [Method::Questions, Method::Password]);
        let mut methods = self.destination.methods.clone();
        for method in given {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        methods
    }

    fn is_wanted(&self, method: Method) -> bool {
        let kind = match method {
            Method::PublicKey => MethodKind::PublicKey,
            Method::Questions => MethodKind::KeyboardInteractive,
            Method::Password => MethodKind::Password,
        };
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&kind))
    }

    async fn keys(&mut self, handle: &mut Handle) -> bool {
        let agents = self.agent_keys(handle).await;
        let Candidates { all, log } = candidates::in_order(self.destination, agents);
        self.log.extend(log);
        let mut rest = all.len();
        for candidate in all {
            if handle.is_closed() {
                self.log.push(format!(
                    "{rest} more not offered: the host hangs up after {} wrong keys (MaxAuthTries); name the right one \
                     with IdentityFile and IdentitiesOnly",
                    self.offered
                ));
                break;
            }
            if !self.is_wanted(Method::PublicKey) {
                break;
            }
            rest -= 1;
            if self.offer(handle, &candidate).await {
                return true;
            }
        }
        false
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

    async fn offer(&mut self, handle: &mut Handle, candidate: &Candidate) -> bool {
        self.offered += 1;
        let is_certificate = matches!(candidate.identity, AgentIdentity::Certificate { .. });
        let hash = if candidate.identity.public_key().algorithm().is_rsa() {
            let allowed = candidates::rsa_hashes(self.destination, is_certificate);
            // Waits up to a second for hosts that do not list their algorithms; only RSA needs to know.
            let best = handle.best_supported_rsa_hash().await.ok().flatten().flatten();
            best.filter(|best| allowed.contains(best)).or(allowed.first().copied())
        } else {
            None
        };
        let mut hand = match (&candidate.signer, &mut self.agent) {
            (Signer::File(path), _) => Hand::File { path, settings: self.settings },
            (Signer::Agent(key), Some(agent)) => Hand::Agent { agent, key },
            (Signer::Agent(_), None) => return false,
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
                let outcome = format!("accepted, but the host also wants: {}", listed(&remaining_methods));
                self.wanted = Some(remaining_methods);
                outcome
            }
            Ok(AuthResult::Failure { remaining_methods, .. }) => {
                if !remaining_methods.is_empty() {
                    self.wanted = Some(remaining_methods);
                }
                "refused".to_owned()
            }
            Err(NotSigned(reason)) => reason,
        };
        self.log.push(format!("{}: {outcome}", candidate.name));
        false
    }

    fn failed(self, farewell: Option<String>) -> ConnectError {
        let Destination { name, user, methods, identity_files, .. } = self.destination;
        let mut refusal = error(ConnectErrorKind::SignIn, format!("{name} does not let {user} in"));
        refusal.details = self.log;
        if self.offered == 0 && methods.contains(&Method::PublicKey) {
            let files: Vec<_> = identity_files.iter().map(|path| path.display().to_string()).collect();
            let agent = if self.destination.agent.is_some() { "the agent has none" } else { "there is no agent" };
            refusal.details.push(format!("no key to offer: {agent}; looked for {}", files.join(", ")));
        }
        if methods.is_empty() {
            refusal.details.push("PreferredAuthentications leaves no way to sign in that relm has".to_owned());
        }
        refusal.details.extend(farewell);
        refusal
    }
}

fn listed(methods: &MethodSet) -> String {
    methods.iter().map(<&str>::from).collect::<Vec<_>>().join(", ")
}
