//! Whether the machine that answers is the one that is meant, and what to say if not.

use std::time::{SystemTime, UNIX_EPOCH};

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey, PublicKeyOrCertificate};

use super::config::Destination;
use super::known_hosts::{KnownHosts, Verdict, fingerprint};
use super::{Settings, error, pattern, revoked, trust};
use crate::transport::{ConnectError, ConnectErrorKind};

/// The host key algorithms to offer, those by which the host is known first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct HostKeys {
    pub(super) plain: Vec<Algorithm>,
    /// Of certificates: only where an authority is known that could have made them.
    pub(super) certificates: Vec<Algorithm>,
}

/// Reads what is known about a host.
pub(super) fn known(destination: &Destination) -> KnownHosts {
    let files = destination.user_known_hosts.iter().chain(&destination.global_known_hosts);
    KnownHosts::read(files, &destination.known_as)
}

/// Accepts a known key, or one that a known authority vouches for, and nothing else.
pub(super) fn check(
    known: &KnownHosts,
    shown: &PublicKeyOrCertificate,
    destination: &Destination,
    settings: &Settings,
) -> Result<(), ConnectError> {
    let key = shown.public_key();
    if let Some(bits) = rsa_bits(&key).filter(|bits| *bits < destination.smallest_rsa) {
        let message = format!("the host key of {} is too weak: RSA with {bits} bits", destination.name);
        return Err(error(ConnectErrorKind::UnknownHostKey, message));
    }
    let vouched = shown.certificate().map(|certificate| vouched(known, certificate, destination));
    let authority = shown.certificate().map(|certificate| PublicKey::from(certificate.signature_key().clone()));
    for key in std::iter::once(&key).chain(&authority) {
        if let Some(reason) = revoked::says_no(&destination.revoked_host_keys, key) {
            let message = format!("the host key of {} is not accepted: {reason}", destination.name);
            return Err(error(ConnectErrorKind::WrongHostKey, message));
        }
        if let Verdict::Revoked { place } = known.judge(key) {
            let message = format!("the host key of {} is marked as revoked in {place}", destination.name);
            let details = vec![format!("it offers {} {}", key.algorithm(), fingerprint(key))];
            return Err(ConnectError { kind: ConnectErrorKind::WrongHostKey, message, details });
        }
    }
    match vouched {
        Some(Ok(())) => Ok(()),
        // As ssh: a certificate that does not count leaves the key that is in it.
        Some(Err(reason)) => plain(known, &key, destination, settings).map_err(|mut refusal| {
            refusal.details.insert(0, format!("its certificate does not count: {reason}"));
            refusal
        }),
        None => plain(known, &key, destination, settings),
    }
}

/// Says whether a known authority vouches for the host, under its name and at this time.
fn vouched(known: &KnownHosts, certificate: &Certificate, destination: &Destination) -> Result<(), String> {
    let authority = certificate.signature_key();
    if !known.authorities().any(|known| known.key_data() == authority) {
        return Err(format!("no @cert-authority line for the host has {}", authority.fingerprint(HashAlg::Sha256)));
    }
    if certificate.cert_type() != CertType::Host {
        return Err("it is not one of a host".to_owned());
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if now < certificate.valid_after() {
        return Err("it is not valid yet".to_owned());
    }
    if now >= certificate.valid_before() {
        return Err("it is not valid any more".to_owned());
    }
    let principal = &destination.principal;
    if !certificate.valid_principals().iter().any(|pattern| pattern::matches(pattern, principal)) {
        let names = certificate.valid_principals().join(", ");
        return Err(format!("it is not made out to {principal}, but to {names}"));
    }
    if certificate.critical_options().iter().next().is_some() {
        return Err("it asks for something that relm does not know".to_owned());
    }
    let allowed = destination.algorithms.authorities.as_deref();
    let signed_by = certificate.signature().algorithm();
    let is_allowed = match allowed {
        Some(names) => names.iter().any(|name| *name == signed_by.to_string()),
        // SHA-1.
        None => signed_by != Algorithm::Rsa { hash: None } && signed_by != Algorithm::Dsa,
    };
    if !is_allowed {
        return Err(format!("it is signed with {signed_by}"));
    }
    let fingerprint = authority.fingerprint(HashAlg::Sha256);
    certificate.validate_at(now, [&fingerprint]).map_err(|_| "its signature is wrong".to_owned())
}

fn plain(
    known: &KnownHosts,
    key: &PublicKey,
    destination: &Destination,
    settings: &Settings,
) -> Result<(), ConnectError> {
    let name = &destination.name;
    let offered = format!("{} {}", key.algorithm(), fingerprint(key));
    let refuse = |kind, message: String, details: Vec<String>| Err(ConnectError { kind, message, details });
    match known.judge(key) {
        Verdict::Known => Ok(()),
        Verdict::Unknown { others }
            if others.is_empty() && destination.lets_new_keys_pass && settings.accept_new.is_some() =>
        {
            accept(key, destination, settings)
        }
        Verdict::Unknown { others } => {
            let mut details = vec![format!("it offers {offered}")];
            if !others.is_empty() {
                details.push(format!("known are keys of other types: {}", others.join(", ")));
            }
            let environment = &settings.environment;
            let host = &destination.trusted_as;
            details.push(format!("{} trust {environment} {host} records it, once you have compared it", settings.relm));
            if others.is_empty() && destination.lets_new_keys_pass {
                details.push(format!(
                    "StrictHostKeyChecking would let it pass; relm goes by that only with accept_new_host_keys = true in \
                     [env.{environment}]"
                ));
            }
            let message = format!("the host key of {name} ({}) is not known", destination.known_as[0]);
            refuse(ConnectErrorKind::UnknownHostKey, message, details)
        }
        Verdict::Changed { fingerprint, place } => {
            let message = format!("the host key of {name} is another than the known one in {place}");
            let details = vec![
                format!("it offers {offered}"),
                format!("known is {} {fingerprint}", key.algorithm()),
                "somebody may stand between you and the host, or it was installed anew".to_owned(),
                format!(
                    "if it was: ssh-keygen -R '{}' -f {}, then {} trust {} {}",
                    destination.known_as[0],
                    place.file.display(),
                    settings.relm,
                    settings.environment,
                    destination.trusted_as
                ),
            ];
            refuse(ConnectErrorKind::WrongHostKey, message, details)
        }
        Verdict::Revoked { place } => {
            let message = format!("the host key of {name} is marked as revoked in {place}");
            refuse(ConnectErrorKind::WrongHostKey, message, vec![format!("it offers {offered}")])
        }
    }
}

/// Records a key that nobody has compared, as ssh does with `StrictHostKeyChecking accept-new`, and says so.
fn accept(key: &PublicKey, destination: &Destination, settings: &Settings) -> Result<(), ConnectError> {
    let place = trust::write_down(destination, key)?;
    if let Some(warn) = &settings.accept_new {
        warn(&format!(
            "{}: nobody has compared its host key, {} {}; it is recorded in {}",
            destination.name,
            key.algorithm(),
            fingerprint(key),
            place.display()
        ));
    }
    Ok(())
}

fn rsa_bits(key: &PublicKey) -> Option<usize> {
    match key.key_data() {
        KeyData::Rsa(key) => Some(usize::try_from(key.key_size()).unwrap_or(0)),
        _ => None,
    }
}

/// Lists host key algorithms, those first by which the host is known: else a host with two keys might show the other.
///
/// `ssh-rsa`, which signs with SHA-1, is among them only where `HostKeyAlgorithms` names it, as in OpenSSH since 8.8.
pub(super) fn algorithms(known: &KnownHosts, destination: &Destination) -> HostKeys {
    let agreed = &destination.algorithms;
    let is_known = |algorithm: &Algorithm| {
        known
            .keys_of_first_name()
            .any(|key| key.algorithm() == *algorithm || (is_rsa(algorithm) && is_rsa(&key.algorithm())))
    };
    let Some(names) = &agreed.host_keys else {
        let (mut plain, then): (Vec<_>, Vec<_>) = all_algorithms().into_iter().partition(is_known);
        plain.extend(then);
        let certificates = if known.authorities().next().is_some() { all_algorithms() } else { Vec::new() };
        return HostKeys { plain, certificates };
    };
    let certificate = |name: &String| plain_algorithm(name.strip_suffix("-cert-v01@openssh.com")?);
    let mut plain: Vec<_> = names.iter().filter_map(|name| plain_algorithm(name)).collect();
    if !agreed.host_keys_in_order {
        let (first, then): (Vec<_>, Vec<_>) = plain.into_iter().partition(is_known);
        plain = first.into_iter().chain(then).collect();
    }
    let has_authority = known.authorities().next().is_some();
    let certificates = if has_authority { names.iter().filter_map(certificate).collect() } else { Vec::new() };
    HostKeys { plain, certificates }
}

fn plain_algorithm(name: &str) -> Option<Algorithm> {
    all_algorithms().into_iter().chain([Algorithm::Rsa { hash: None }]).find(|algorithm| algorithm.as_str() == name)
}

fn all_algorithms() -> Vec<Algorithm> {
    let rsa = [HashAlg::Sha512, HashAlg::Sha256].map(|hash| Algorithm::Rsa { hash: Some(hash) });
    let others = russh::Preferred::DEFAULT.key.iter().filter(|algorithm| !is_rsa(algorithm));
    others.cloned().chain(rsa).collect()
}

fn is_rsa(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Rsa { .. })
}

/// Makes an error of a trouble before any key was seen.
pub(super) fn unreachable(destination: &Destination, reason: &str) -> ConnectError {
    let Destination { name, address, port, .. } = destination;
    error(ConnectErrorKind::Unreachable, format!("cannot reach {name} ({address}, port {port}): {reason}"))
}
