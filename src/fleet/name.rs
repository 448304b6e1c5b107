//! Names of hosts, roles, environments and components: short, printable, and safe as one part of a path.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Says why a text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name:?} {reason}")]
pub struct NameError {
    what: &'static str,
    name: String,
    reason: &'static str,
}

/// Says why `name` is no name, if it is none.
///
/// A name is made of letters, digits, `.`, `_` and `-`; the first a letter or digit; at most 64 of them. Environment
/// names become directories and all names stand in messages, so what a shell, a path or a terminal could take as more
/// than a name is refused.
pub fn unfit(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("is empty");
    }
    if name.len() > 64 {
        return Some("is longer than 64 characters");
    }
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some("does not start with a letter or a digit");
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        return Some("has other characters than letters, digits, '.', '_' and '-'");
    }
    None
}

fn check(what: &'static str, name: &str) -> Result<(), NameError> {
    match unfit(name) {
        None => Ok(()),
        Some(reason) => Err(NameError { what, name: name.to_owned(), reason }),
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes a name.
            pub fn new(name: &str) -> Result<Self, NameError> {
                check($what, name)?;
                Ok(Self(name.to_owned()))
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(name: String) -> Result<Self, Self::Error> {
                Self::new(&name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}

names! {
    /// The name of a host in `Releases.toml`, not its address.
    HostName = "host name";
    /// What a host is for: `web`, `db`.
    Role = "role";
    /// A fleet and its settings: `production`.
    EnvName = "environment name";
    /// An application of an environment with releases of its own: `formplayer`.
    ComponentName = "component name";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_pass() {
        for name in ["web1", "db-1.example", "a", "0", "Über".trim_start_matches('Ü')] {
            assert!(HostName::new(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn nothing_that_could_be_more_than_a_name_passes() {
        for name in ["", ".", "..", "-x", "a/b", "a b", "a\nb", "a'b", "$x", "ü", "_x", &"x".repeat(65)] {
            assert!(EnvName::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_is_read_back_is_checked_again() {
        let host = HostName::new("web1").expect("a name");
        let text = serde_json::to_string(&host).expect("text");
        assert_eq!(text, "\"web1\"");
        assert_eq!(serde_json::from_str::<HostName>(&text).expect("a name"), host);
        assert!(serde_json::from_str::<HostName>("\"web1; reboot\"").is_err());
    }
}
