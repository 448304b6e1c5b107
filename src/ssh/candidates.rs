//! The keys to offer a host, in ssh's order.

use std::path::{Path, PathBuf};

use russh::keys::agent::AgentIdentity;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, HashAlg, PublicKey};

use super::config::Destination;
use super::key_file;
use super::known_hosts::fingerprint;

/// A key to offer.
pub(super) struct Candidate {
    pub(super) identity: AgentIdentity,
    /// What to call it.
    pub(super) name: String,
    pub(super) signer: Signer,
}

/// Who can sign for a key.
#[derive(Clone)]
pub(super) enum Signer {
    /// The private key in this file.
    File(PathBuf),
    /// The agent, which knows the key as this.
    Agent(Box<AgentIdentity>),
}

/// What may be said of keys that are not offered, and those that are.
#[derive(Default)]
pub(super) struct Candidates {
    pub(super) all: Vec<Candidate>,
    pub(super) log: Vec<String>,
}

/// Orders keys as OpenSSH does: certificates that are named, keys of the agent that a file names, the agent's others,
/// the files.
pub(super) fn in_order(destination: &Destination, agent: Vec<AgentIdentity>) -> Candidates {
    let mut candidates = Candidates::default();
    let mut files = files(destination, &mut candidates.log);
    let named = named_certificates(destination, &files, &agent, &mut candidates.log);
    let (mut of_files, mut others) = (Vec::new(), Vec::new());
    for identity in agent {
        let same = |file: &Candidate| is_same(&file.identity, &identity);
        let found = files.iter().position(same);
        let name = agents_name(&identity);
        let candidate = Candidate { signer: Signer::Agent(Box::new(identity.clone())), identity, name };
        match found {
            Some(place) => {
                files.remove(place);
                of_files.push(candidate);
            }
            None if destination.identities_only => {}
            None => others.push(candidate),
        }
    }
    let all = named.into_iter().chain(of_files).chain(others).chain(files);
    let (allowed, refused): (Vec<_>, Vec<_>) = all.partition(|candidate| is_allowed(destination, &candidate.identity));
    candidates.log.extend(
        refused
            .into_iter()
            .map(|candidate| format!("{}: not offered (PubkeyAcceptedAlgorithms, RequiredRSASize)", candidate.name)),
    );
    candidates.all = allowed;
    candidates
}

/// Keys in files, each with the certificate beside it, unless certificates are named.
fn files(destination: &Destination, log: &mut Vec<String>) -> Vec<Candidate> {
    let mut files = Vec::new();
    for path in &destination.identity_files {
        match key_file::public_half(path) {
            Ok(None) => {}
            Ok(Some(key)) => {
                let name = format!("{} ({})", path.display(), key.algorithm());
                let identity = AgentIdentity::PublicKey { key, comment: String::new() };
                files.push(Candidate { identity, name, signer: Signer::File(path.clone()) });
                if destination.certificate_files.is_empty()
                    && let Some((place, certificate)) = key_file::certificate_beside(path)
                    && certificate.cert_type() == CertType::User
                {
                    files.push(of_certificate(certificate, &place, Signer::File(path.clone())));
                }
            }
            Err(reason) => log.push(format!("{}: {reason}", path.display())),
        }
    }
    files
}

/// `CertificateFile`s. The private key is that of a file, or the agent's.
fn named_certificates(
    destination: &Destination,
    files: &[Candidate],
    agent: &[AgentIdentity],
    log: &mut Vec<String>,
) -> Vec<Candidate> {
    let mut named = Vec::new();
    for path in &destination.certificate_files {
        let certificate = match key_file::certificate(path) {
            Ok(certificate) => certificate,
            Err(reason) => {
                log.push(format!("{}: {reason}", path.display()));
                continue;
            }
        };
        let of = |identity: &AgentIdentity| identity.public_key().key_data() == certificate.public_key();
        // As in ssh, the key must be one that could be offered without its certificate.
        let plain = |identity: &AgentIdentity| {
            matches!(identity, AgentIdentity::PublicKey { .. }) && of(identity) && is_allowed(destination, identity)
        };
        let agents = agent.iter().find(|identity| plain(identity)).cloned().map(|key| Signer::Agent(Box::new(key)));
        let signer = agents.or_else(|| Some(files.iter().find(|file| plain(&file.identity))?.signer.clone()));
        if certificate.cert_type() != CertType::User {
            log.push(format!("{}: is no certificate of a user", path.display()));
        } else if let Some(signer) = signer {
            named.push(of_certificate(certificate, path, signer));
        } else {
            log.push(format!("{}: its key is neither in an IdentityFile nor in the agent", path.display()));
        }
    }
    named
}

fn of_certificate(certificate: Certificate, path: &Path, signer: Signer) -> Candidate {
    let shown = path.display();
    let name = format!("{shown} (certificate, {})", PublicKey::from(certificate.public_key().clone()).algorithm());
    let identity = AgentIdentity::Certificate { certificate, comment: String::new() };
    Candidate { identity, name, signer }
}

fn agents_name(identity: &AgentIdentity) -> String {
    let key = identity.public_key();
    let kind = if matches!(identity, AgentIdentity::Certificate { .. }) { " certificate" } else { "" };
    let name = format!("agent's {}{kind} {} {}", key.algorithm(), fingerprint(&key), identity.comment());
    super::harmless(name.trim_end())
}

/// The same key, and both with a certificate or both without.
fn is_same(one: &AgentIdentity, other: &AgentIdentity) -> bool {
    let is_certificate = |identity: &AgentIdentity| matches!(identity, AgentIdentity::Certificate { .. });
    is_certificate(one) == is_certificate(other) && one.public_key().key_data() == other.public_key().key_data()
}

/// The hashes an RSA key may sign with, as far as `PubkeyAcceptedAlgorithms` says.
pub(super) fn rsa_hashes(destination: &Destination, is_certificate: bool) -> Vec<HashAlg> {
    let both = [(HashAlg::Sha512, "rsa-sha2-512"), (HashAlg::Sha256, "rsa-sha2-256")];
    let ending = if is_certificate { "-cert-v01@openssh.com" } else { "" };
    let accepted = destination.algorithms.own_keys.as_deref();
    let is_accepted = |name: &str| accepted.is_none_or(|names| names.iter().any(|known| *known == name));
    both.into_iter().filter(|(_, name)| is_accepted(&format!("{name}{ending}"))).map(|(hash, _)| hash).collect()
}

fn is_allowed(destination: &Destination, identity: &AgentIdentity) -> bool {
    let key = identity.public_key();
    let is_certificate = matches!(identity, AgentIdentity::Certificate { .. });
    if let KeyData::Rsa(rsa) = key.key_data() {
        let is_large = usize::try_from(rsa.key_size()).unwrap_or(0) >= destination.smallest_rsa;
        return is_large && !rsa_hashes(destination, is_certificate).is_empty();
    }
    let Some(accepted) = &destination.algorithms.own_keys else { return true };
    let name = if is_certificate { key.algorithm().to_certificate_type() } else { key.algorithm().to_string() };
    accepted.contains(&name)
}
