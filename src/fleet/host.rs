//! One host with its address and roles, and the fleet: the hosts of an environment in the order of the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{HostName, Role, Targets};

/// Where a host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A machine reached through ssh. What is left out comes from ssh's own configuration.
    Ssh {
        /// A name or an IP address, as one would give it to `ssh`.
        host: String,
        /// The login, if `Releases.toml` names one.
        user: Option<String>,
        /// The port, if `Releases.toml` names one.
        port: Option<u16>,
    },
    /// A directory of this machine that poses as a host; `config` makes it absolute.
    Local(PathBuf),
}

/// Says why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(pub String);

impl Address {
    /// Reads `[user@]host[:port]`, `[user@][v6]:port` or `local:directory`.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let error = |reason: &str| Err(AddressError(format!("address {text:?} {reason}")));
        if let Some(path) = text.strip_prefix("local:") {
            if path.is_empty() || path.contains('\0') {
                return error("names no directory after `local:`");
            }
            return Ok(Self::Local(PathBuf::from(path)));
        }
        let (user, rest) = match text.rsplit_once('@') {
            Some(("", _)) => return error("has an empty user"),
            Some((user, rest)) => (Some(user.to_owned()), rest),
            None => (None, text),
        };
        let (host, port) = match rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((host, after)) => (host, if after.is_empty() { None } else { after.strip_prefix(':').or(Some("?")) }),
            None if rest.matches(':').count() > 1 => (rest, None),
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let port = match port.map(str::parse::<u16>) {
            None => None,
            Some(Ok(port)) if port > 0 => Some(port),
            Some(_) => return error("has a port that is no number from 1 to 65535"),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-:%".contains(c);
        if host.is_empty() || host.starts_with('-') || !host.chars().all(plain) {
            return error("has no usable host name (letters, digits, '.', '_', '-')");
        }
        let login = |c: char| c.is_alphanumeric() || "._-@+$".contains(c);
        if user.as_deref().is_some_and(|user| user.starts_with('-') || !user.chars().all(login)) {
            return error("has a user that ssh would not take");
        }
        Ok(Self::Ssh { host: host.to_owned(), user, port })
    }
}

/// A machine that releases go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name in `Releases.toml`.
    pub name: HostName,
    /// Where it is.
    pub address: Address,
    /// What it is for.
    pub roles: BTreeSet<Role>,
    /// Its files that are sourced before commands of the app's: absolute or from `~/`, with a `?` behind where one may be
    /// missing.
    pub source_files: Vec<String>,
    /// Variables for commands of the app's, by name; what they say has holes as templates have.
    pub variables: BTreeMap<String, String>,
}

/// The hosts of one environment, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fleet {
    /// In the order of the file, which is also the order of switching.
    pub hosts: Vec<Host>,
}

impl Fleet {
    /// Returns the hosts `targets` selects, in the order of the file.
    pub fn select(&self, targets: &Targets) -> Vec<&Host> {
        targets.of(self)
    }

    /// Returns all names, in the order of the file.
    pub fn names(&self) -> Vec<HostName> {
        self.hosts.iter().map(|host| host.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssh(host: &str, user: Option<&str>, port: Option<u16>) -> Address {
        Address::Ssh { host: host.to_owned(), user: user.map(str::to_owned), port }
    }

    #[test]
    fn addresses_as_people_write_them() {
        let cases = [
            ("web1", ssh("web1", None, None)),
            ("deploy@stage1.example.org:22", ssh("stage1.example.org", Some("deploy"), Some(22))),
            ("10.0.0.11:2222", ssh("10.0.0.11", None, Some(2222))),
            ("[::1]:22", ssh("::1", None, Some(22))),
            ("deploy@[fe80::1%eth0]", ssh("fe80::1%eth0", Some("deploy"), None)),
            ("::1", ssh("::1", None, None)),
            ("local:target/demo/web1", Address::Local(PathBuf::from("target/demo/web1"))),
        ];
        for (text, address) in cases {
            assert_eq!(Address::parse(text), Ok(address), "{text}");
        }
    }

    #[test]
    fn strange_addresses_are_refused() {
        for text in
            ["", "@web", "web:0", "web:x", "web:70000", "-oProxyCommand=x", "a b", "a;b", "local:", "[::1]x", "-a@b"]
        {
            assert!(Address::parse(text).is_err(), "{text:?}");
        }
    }
}
