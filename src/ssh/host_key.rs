//! Whether the machine that answers is the one that is meant, and what to say if not.

use russh::keys::{Algorithm, HashAlg, PublicKey};

use super::config::Destination;
use super::known_hosts::{KnownHosts, Verdict, fingerprint};
use super::{Settings, error};
use crate::transport::{ConnectError, ConnectErrorKind};

/// Reads what is known about a host.
pub(super) fn known(destination: &Destination) -> KnownHosts {
    let files = destination.user_known_hosts.iter().chain(&destination.global_known_hosts);
    KnownHosts::read(files, &destination.known_as)
}

/// Accepts a known key and nothing else.
pub(super) fn check(
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
        Verdict::Unknown { others, authority } => {
            let mut details = vec![format!("it offers {offered}")];
            if !others.is_empty() {
                details.push(format!("known are keys of other types: {}", others.join(", ")));
            }
            if authority {
                details.push(
                    "a certificate authority is known for it; relm does not check host certificates yet".to_owned(),
                );
            }
            details.push(format!("relm trust {} {name} records it, once you have compared it", settings.environment));
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
                    "if it was: ssh-keygen -R '{}' -f {}, then relm trust {} {name}",
                    destination.known_as[0],
                    place.file.display(),
                    settings.environment
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

/// Lists host key algorithms, those first by which the host is known: else a host with two keys might show the other.
///
/// `ssh-rsa`, which signs with SHA-1, is no longer among them, as in OpenSSH since 8.8.
pub(super) fn algorithms(known: &KnownHosts) -> Vec<Algorithm> {
    let is_known = |algorithm: &Algorithm| {
        known
            .keys()
            .any(|key| key.algorithm() == *algorithm || (algorithm.is_rsa_signature() && key.algorithm().is_rsa()))
    };
    let (mut first, then): (Vec<_>, Vec<_>) = all_algorithms().into_iter().partition(is_known);
    first.extend(then);
    first
}

fn all_algorithms() -> Vec<Algorithm> {
    let rsa = [HashAlg::Sha512, HashAlg::Sha256].map(|hash| Algorithm::Rsa { hash: Some(hash) });
    let others = russh::Preferred::DEFAULT.key.iter().filter(|algorithm| !algorithm.is_rsa_signature());
    others.cloned().chain(rsa).collect()
}

trait IsRsa {
    fn is_rsa_signature(&self) -> bool;
}

impl IsRsa for Algorithm {
    fn is_rsa_signature(&self) -> bool {
        matches!(self, Self::Rsa { .. })
    }
}

/// Makes an error of a trouble before any key was seen.
pub(super) fn unreachable(destination: &Destination, reason: &str) -> ConnectError {
    let Destination { name, address, port, .. } = destination;
    error(ConnectErrorKind::Unreachable, format!("cannot reach {name} ({address}, port {port}): {reason}"))
}
