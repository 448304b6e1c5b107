//! `known_hosts` files: which keys a host is known by.
//!
//! russh has a reader of its own, which knows no `@revoked`, no patterns, and takes a second key of the same type for
//! a changed one (so that no host could ever change its key gently). This one follows `hostfile.c` of OpenSSH.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use russh::keys::PublicKey;
use russh::keys::ssh_encoding::base64::{Base64, Encoding};
use sha1::Sha1;

use super::pattern;

/// The lines that speak of one host.
#[derive(Debug, Default)]
pub(super) struct KnownHosts {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    place: Place,
    /// Which of the host's names it is about.
    name: usize,
    marker: Marker,
    key: PublicKey,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    None,
    Authority,
    Revoked,
}

/// What the files say about a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is one of the host's keys.
    Known,
    /// No line has a key of this type. The others are known.
    Unknown { others: Vec<String> },
    /// The host has another key of this type, with this fingerprint, there.
    Changed { fingerprint: String, place: Place },
    /// Somebody has marked it as lost.
    Revoked { place: Place },
}

impl KnownHosts {
    /// Reads the lines about any of `names`. Files that are not there and lines that are none are passed over.
    pub(super) fn read<'f>(files: impl IntoIterator<Item = &'f PathBuf>, names: &[String]) -> Self {
        let mut known = Self::default();
        for file in files {
            if let Ok(text) = fs::read(file) {
                known.add(file, &String::from_utf8_lossy(&text), names);
            }
        }
        known
    }

    fn add(&mut self, file: &Path, text: &str, names: &[String]) {
        for (number, text) in text.lines().enumerate() {
            if let Some((marker, name, key)) = line(text, names) {
                let place = Place { file: file.to_owned(), line: number + 1 };
                self.lines.push(Line { place, name, marker, key });
            }
        }
    }

    /// Judges a key. A revoked one stays revoked wherever else it stands.
    ///
    /// The other names (that without the port) count only if the first has no key of this type: else the key of
    /// another server of the same machine would do.
    pub(super) fn judge(&self, key: &PublicKey) -> Verdict {
        let same = |line: &&Line| line.key.key_data() == key.key_data();
        let mut revoked = self.lines.iter().filter(|line| line.marker == Marker::Revoked);
        if let Some(line) = revoked.find(same) {
            let place = line.place.clone();
            return Verdict::Revoked { place };
        }
        let under_first = |line: &&Line| line.name == 0;
        if self.plain().filter(under_first).any(|line| same(&line)) {
            return Verdict::Known;
        }
        let mut first = self.plain().filter(under_first);
        if let Some(line) = first.find(|line| line.key.algorithm() == key.algorithm()) {
            return Verdict::Changed { fingerprint: fingerprint(&line.key), place: line.place.clone() };
        }
        if self.plain().any(|line| same(&line)) {
            return Verdict::Known;
        }
        Verdict::Unknown { others: self.keys().map(|key| key.algorithm().to_string()).collect() }
    }

    /// Returns the plain keys the host is known by: under its first name, or else under the others.
    pub(super) fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        let name = self.plain().map(|line| line.name).min();
        self.plain().filter(move |line| Some(line.name) == name).map(|line| &line.key)
    }

    /// Returns the plain keys the host is known by under its first name. By these ssh chooses which key to ask for.
    pub(super) fn keys_of_first_name(&self) -> impl Iterator<Item = &PublicKey> {
        self.plain().filter(|line| line.name == 0).map(|line| &line.key)
    }

    /// Returns the keys of authorities that may vouch for the host, by any of its names.
    pub(super) fn authorities(&self) -> impl Iterator<Item = &PublicKey> {
        self.lines.iter().filter(|line| line.marker == Marker::Authority).map(|line| &line.key)
    }

    fn plain(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.marker == Marker::None)
    }
}

/// Returns a key's fingerprint as ssh shows it: `SHA256:…`.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(russh::keys::HashAlg::Sha256).to_string()
}

/// Reads a line if it is about one of `names`.
fn line(text: &str, names: &[String]) -> Option<(Marker, usize, PublicKey)> {
    let mut words = text.split_ascii_whitespace();
    let mut hosts = words.next().filter(|word| !word.starts_with('#'))?;
    let marker = match hosts {
        "@revoked" => Marker::Revoked,
        "@cert-authority" => Marker::Authority,
        unknown if unknown.starts_with('@') => return None,
        _ => Marker::None,
    };
    if marker != Marker::None {
        hosts = words.next()?;
    }
    let name = names.iter().position(|name| about(hosts, name))?;
    let (kind, key) = (words.next()?, words.next()?);
    Some((marker, name, PublicKey::from_openssh(&format!("{kind} {key}")).ok()?))
}

/// Says whether the first field of a line covers `name`.
fn about(hosts: &str, name: &str) -> bool {
    match hosts.strip_prefix("|1|") {
        Some(hashed) => hashed.split_once('|').is_some_and(|(salt, hash)| {
            let salt = Base64::decode_vec(salt).unwrap_or_default();
            Base64::decode_vec(hash).is_ok_and(|hash| !salt.is_empty() && mac(&salt, name).verify_slice(&hash).is_ok())
        }),
        None => pattern::selects(hosts.to_lowercase().split(','), &name.to_lowercase()),
    }
}

/// Returns `name` as `HashKnownHosts` writes it.
pub(super) fn hashed(name: &str, salt: &[u8]) -> String {
    let hash = mac(salt, name).finalize().into_bytes();
    format!("|1|{}|{}", Base64::encode_string(salt), Base64::encode_string(&hash))
}

fn mac(salt: &[u8], name: &str) -> Hmac<Sha1> {
    let mac = Hmac::<Sha1>::new_from_slice(salt).expect("HMAC takes keys of any length");
    mac.chain_update(name)
}

#[cfg(test)]
mod tests;
