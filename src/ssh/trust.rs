//! `relm trust`: shows a host's keys to a person, and writes down the one that was compared.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKey};

use super::config::{Destination, Way};
use super::dial;
use super::handshake::Judge;
use super::host_key::{HostKeys, unreachable};
use super::known_hosts::{self, Verdict};
use super::{Settings, error};
use crate::fleet::Host;
use crate::transport::{ConnectError, ConnectErrorKind};

/// A key a host shows. The host has proved that it holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerKey {
    /// `ssh-ed25519`.
    pub algorithm: String,
    /// `SHA256:…`.
    pub fingerprint: String,
    /// The line that [`Machine::record`] writes where host names are not hashed.
    pub known_hosts_line: String,
    /// Whether `known_hosts` has it already.
    pub is_known: bool,
}

/// A machine on the way to a host, the host itself being the last.
#[derive(Debug)]
pub struct Machine {
    /// What it is called here.
    pub name: String,
    destination: Destination,
    settings: Settings,
}

/// Lists the machines whose keys must be known to reach a host: its jump hosts, in the order they are passed, and
/// itself.
pub async fn machines(host: &Host, settings: &Settings) -> Result<Vec<Machine>, ConnectError> {
    let mut machines = Vec::new();
    let mut next = Some(super::destination(host, settings).await?);
    while let Some(destination) = next {
        next = match &destination.way {
            Way::Jump(hop) => Some(Destination::clone(hop)),
            Way::Direct | Way::Command(_) => None,
        };
        let name = destination.name.clone();
        // A person is about to compare the keys: none may pass by itself.
        machines.push(Machine { name, destination, settings: Settings { accept_new: None, ..settings.clone() } });
    }
    machines.reverse();
    Ok(machines)
}

impl Machine {
    /// Asks the machine for its keys without trusting any of them. Those before it must be trusted by now.
    pub async fn keys(&self) -> Result<Vec<ServerKey>, ConnectError> {
        let known = super::host_key::known(&self.destination);
        let asked = kinds().into_iter().map(|kind| shown(&self.destination, &self.settings, kind));
        let (mut keys, mut trouble) = (Vec::new(), None);
        for answer in join_all(asked).await {
            match answer {
                Ok(key) => keys.push(ServerKey {
                    algorithm: key.algorithm().to_string(),
                    fingerprint: known_hosts::fingerprint(&key),
                    known_hosts_line: line(&self.destination.known_as[0], &key),
                    is_known: known.judge(&key) == Verdict::Known,
                }),
                Err(e) => trouble = Some(e),
            }
        }
        match trouble {
            Some(e) if keys.is_empty() => Err(e),
            _ => Ok(keys),
        }
    }

    /// Says whether a known authority vouches for the machine, so that none of its keys need be recorded.
    pub async fn is_vouched_for(&self) -> bool {
        let known = super::host_key::known(&self.destination);
        if known.authorities().next().is_none() {
            return false;
        }
        let algorithms = HostKeys { plain: Vec::new(), ..super::host_key::algorithms(&known, &self.destination) };
        let (destination, settings) = (self.destination.clone(), self.settings.clone());
        let judge: Judge = Arc::new(move |key| super::host_key::check(&known, key, &destination, &settings));
        dial::dial(&self.destination, &self.settings, &algorithms, judge).await.is_ok()
    }

    /// Writes a key to the first `UserKnownHostsFile`, in the form the file has. A key that is known stays as it is;
    /// one beside which another of its type is known is refused, for that is what an attack looks like.
    pub fn record(&self, key: &ServerKey) -> Result<(), ConnectError> {
        let Self { destination, settings, .. } = self;
        let public = public_key(&key.known_hosts_line)
            .ok_or_else(|| error(ConnectErrorKind::Configuration, "the key to record is no key"))?;
        let known = super::host_key::known(destination);
        match known.judge(&public) {
            Verdict::Known => return Ok(()),
            Verdict::Unknown { .. } => {}
            Verdict::Changed { .. } | Verdict::Revoked { .. } => {
                return super::host_key::check(&known, &public.into(), destination, settings);
            }
        }
        write_down(destination, &public).map(|_| ())
    }
}

/// Writes a key to the first `UserKnownHostsFile`, and tells which that is.
pub(super) fn write_down<'d>(destination: &'d Destination, key: &PublicKey) -> Result<&'d Path, ConnectError> {
    let wrong = |message: String| error(ConnectErrorKind::Configuration, message);
    let file = destination.user_known_hosts.first();
    let file = file.ok_or_else(|| wrong("UserKnownHostsFile is none, so no key can be recorded".to_owned()))?;
    append(file, destination, key).map_err(|e| wrong(format!("cannot write {}: {e}", file.display())))?;
    Ok(file)
}

/// One handshake for each, because a host shows one key at a time.
fn kinds() -> [Vec<Algorithm>; 3] {
    let curves = [EcdsaCurve::NistP256, EcdsaCurve::NistP384, EcdsaCurve::NistP521];
    let hashes = [HashAlg::Sha512, HashAlg::Sha256];
    [
        vec![Algorithm::Ed25519],
        curves.map(|curve| Algorithm::Ecdsa { curve }).to_vec(),
        hashes.map(|hash| Algorithm::Rsa { hash: Some(hash) }).to_vec(),
    ]
}

/// Goes as far as the host key and no further.
async fn shown(
    destination: &Destination,
    settings: &Settings,
    kind: Vec<Algorithm>,
) -> Result<PublicKey, ConnectError> {
    let seen = Arc::new(Mutex::new(None));
    let judge: Judge = Arc::new({
        let seen = seen.clone();
        let enough = unreachable(destination, "only its key was wanted");
        move |key| {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.public_key());
            Err(enough.clone())
        }
    });
    let kind = HostKeys { plain: kind, certificates: Vec::new() };
    let answer = dial::dial(destination, settings, &kind, judge).await;
    let key = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (key, answer) {
        (Some(key), _) => Ok(key),
        (None, Err(e)) => Err(e),
        (None, Ok(_)) => Err(unreachable(destination, "it showed no key")),
    }
}

fn line(name: &str, key: &PublicKey) -> String {
    let key = PublicKey::from(key.key_data().clone());
    format!("{name} {}", key.to_openssh().unwrap_or_default().trim_end())
}

fn public_key(line: &str) -> Option<PublicKey> {
    PublicKey::from_openssh(line.split_once(' ')?.1).ok()
}

fn append(file: &Path, destination: &Destination, key: &PublicKey) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.exists()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let before = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(e),
    };
    let mut name = destination.known_as[0].clone();
    if destination.hash_known_hosts || String::from_utf8_lossy(&before).lines().any(|line| line.starts_with("|1|")) {
        name = known_hosts::hashed(&name, &salt()?);
    }
    let start = if before.last().is_some_and(|last| *last != b'\n') { "\n" } else { "" };
    let mut open = OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
    // In one piece: several runs may append at the same time.
    open.write_all(format!("{start}{}\n", line(&name, key)).as_bytes())
}

/// As long as OpenSSH's: a hash of SHA-1.
fn salt() -> io::Result<[u8; 20]> {
    let mut salt = [0; 20];
    File::open("/dev/urandom")?.read_exact(&mut salt)?;
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::known_hosts::KnownHosts;

    #[test]
    fn a_recorded_line_is_read_back_plain_and_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/known_hosts");
        let text = "x ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
        let key = public_key(text).unwrap();
        let salt = known_hosts::hashed("other", &[1; 20]);
        fs::create_dir(folder.path().join("new")).unwrap();
        for (name, before) in [("[web]:2222", String::new()), ("web", format!("{salt} ssh-ed25519 x"))] {
            fs::write(&file, &before).unwrap();
            let names = [name.to_owned()];
            let destination = destination(name);
            append(&file, &destination, &key).unwrap();
            let known = KnownHosts::read([&file], &names);
            assert_eq!(known.judge(&key), Verdict::Known, "{name}");
            let text = fs::read_to_string(&file).unwrap();
            assert_eq!(text.contains(name), before.is_empty(), "{text}");
        }
    }

    fn destination(name: &str) -> Destination {
        let host = Host {
            name: crate::fleet::HostName::new("web1").unwrap(),
            address: crate::fleet::Address::parse("web1").unwrap(),
            roles: std::collections::BTreeSet::new(),
            source_files: Vec::new(),
            variables: std::collections::BTreeMap::new(),
        };
        let settings = Settings { config_file: Some("/dev/null".into()), ..Settings::new("test", "/nowhere", "me") };
        let destination = crate::ssh::config::destination(&host, &settings).unwrap();
        Destination { known_as: vec![name.to_owned()], ..destination }
    }
}
