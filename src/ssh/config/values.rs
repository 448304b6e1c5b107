//! What has been read so far: the first value of each keyword wins, `IdentityFile` adds up.

use std::collections::BTreeMap;

use super::tokens;

/// Keywords whose value matters. `proxyjump` and `proxycommand` share a place in ssh too: the first of either wins.
const KEYWORDS: [(&str, &str); 19] = [
    ("hostname", "HostName"),
    ("user", "User"),
    ("port", "Port"),
    ("identityfile", "IdentityFile"),
    ("identitiesonly", "IdentitiesOnly"),
    ("identityagent", "IdentityAgent"),
    ("userknownhostsfile", "UserKnownHostsFile"),
    ("globalknownhostsfile", "GlobalKnownHostsFile"),
    ("hashknownhosts", "HashKnownHosts"),
    ("hostkeyalias", "HostKeyAlias"),
    ("stricthostkeychecking", "StrictHostKeyChecking"),
    ("connecttimeout", "ConnectTimeout"),
    ("serveraliveinterval", "ServerAliveInterval"),
    ("serveralivecountmax", "ServerAliveCountMax"),
    ("proxyjump", "ProxyJump"),
    ("proxycommand", "ProxyCommand"),
    ("canonicalizehostname", "CanonicalizeHostname"),
    ("canonicalisehostname", "CanonicalizeHostname"),
    ("revokedhostkeys", "RevokedHostKeys"),
];

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// Never empty.
    pub(super) arguments: Vec<String>,
    /// `FILE:LINE`.
    pub(super) place: String,
}

/// All that has been read so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values {
    first: BTreeMap<&'static str, Value>,
    identity_files: Vec<Value>,
}

/// Returns a keyword as ssh's manual writes it, if its value matters here.
pub(super) fn spelled(keyword: &str) -> Option<&'static str> {
    KEYWORDS.iter().find(|(small, _)| *small == keyword).map(|(_, name)| *name)
}

/// Where a keyword's value is kept.
fn slot(keyword: &str) -> Option<&'static str> {
    match keyword {
        "proxycommand" => Some("proxyjump"),
        "canonicalisehostname" => Some("canonicalizehostname"),
        _ => KEYWORDS.iter().find(|(small, _)| *small == keyword).map(|(small, _)| *small),
    }
}

impl Values {
    /// Takes a value if it is the first of its keyword.
    pub(super) fn take(&mut self, keyword: &str, arguments: Vec<String>, place: String) {
        let Some(slot) = slot(keyword) else { return };
        let value = Value { arguments, place };
        if slot != "identityfile" {
            self.first.entry(slot).or_insert(value);
        } else if self.identity_files.iter().all(|known| known.arguments != value.arguments) {
            self.identity_files.push(value);
        }
    }

    /// Says whether a value for `keyword` would change anything.
    pub(super) fn would_take(&self, keyword: &str) -> bool {
        slot(keyword).is_some_and(|slot| !self.first.contains_key(slot))
    }

    /// Returns a keyword's value and its place.
    pub(super) fn value(&self, keyword: &str) -> Option<&Value> {
        self.first.get(keyword)
    }

    /// Returns a keyword's first argument.
    pub(super) fn one(&self, keyword: &str) -> Option<&str> {
        self.value(keyword)?.arguments.first().map(String::as_str)
    }

    /// Returns the `IdentityFile`s in their order.
    pub(super) fn identity_files(&self) -> &[Value] {
        &self.identity_files
    }

    /// Returns the machine's name or address as known by now, if it can be told.
    pub(super) fn host_name(&self, given: &str) -> Option<String> {
        match self.one("hostname") {
            None => Some(given.to_owned()),
            Some(name) => tokens::expand(name, &[('h', given)]).ok(),
        }
    }
}
