//! Secrets: values that nothing can show, and what takes them out of what hosts say.

mod hidden;
mod mask;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use hidden::{hidden, hide};
pub use mask::Mask;

/// Bytes of the shortest secret. A shorter one would be taken out of every other word of output, and tell itself by that.
pub const SHORTEST: usize = 4;

/// A value that has no way to the screen, to a log or into JSON: it can only be put into a script, or be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value, or says why it cannot be a secret.
    pub fn new(value: String) -> Result<Self, String> {
        let line = value.trim_end_matches(['\n', '\r']);
        if line.is_empty() {
            return Err("is empty".to_owned());
        }
        if line.len() < SHORTEST {
            return Err(format!("is shorter than {SHORTEST} characters, too short to be kept out of output"));
        }
        if value.contains('\0') {
            return Err("has a NUL character in it, and no process can be given one".to_owned());
        }
        Ok(Self(value))
    }

    /// The whole value. Whoever asks for it hands it to a script or to a host, and to nobody else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The first line alone: a prompt takes no more, and what a password store tells behind it is no business of hosts.
    pub fn expose_password(&self) -> &str {
        self.0.split(['\n', '\r']).next().unwrap_or_default()
    }

    /// The value without the ends of line behind it, as `$(…)` of a shell would have it.
    pub fn expose_line(&self) -> &str {
        self.0.trim_end_matches(['\n', '\r'])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secrets of a run by their names in `Releases.toml`, and what takes them out of output.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    values: BTreeMap<String, Secret>,
    mask: Mask,
}

static NONE: Secrets = Secrets { values: BTreeMap::new(), mask: Mask::NOTHING };

impl Secrets {
    /// No secrets.
    pub fn none() -> &'static Self {
        &NONE
    }

    /// Secrets by their names.
    pub fn new(values: BTreeMap<String, Secret>) -> Self {
        let mask = Mask::new(&values);
        Self { values, mask }
    }

    /// The secret of a name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.values.get(name)
    }

    /// The same, where what another mask knows is taken out of output too.
    #[must_use]
    pub fn hiding(self, others: &Mask) -> Self {
        Self { mask: self.mask.with(others), ..self }
    }

    /// What a mask looks for of those called `names`, each with what takes its place: for a host that has them, and is to
    /// take them out of what it writes down.
    pub fn expose_lines(&self, names: &BTreeSet<&str>) -> Vec<(&str, String)> {
        mask::lines(self.values.iter().filter(|(name, _)| names.contains(name.as_str())))
    }

    /// What takes them out of output.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_way_of_showing_a_secret_shows_it() {
        let secret = Secret::new("s3cret-value".to_owned()).expect("a secret");
        let secrets = Secrets::new(BTreeMap::from([("TOKEN".to_owned(), secret.clone())]));
        let shown = format!("{secret:?} {secret:#?} {secrets:?} {secrets:#?}");
        assert!(!shown.contains("s3cret") && shown.contains("TOKEN"), "{shown}");
    }

    #[test]
    fn what_cannot_be_kept_out_of_output_is_no_secret() {
        for value in ["", "\n", "abc", "abc\n", "ab\0cd"] {
            assert!(Secret::new(value.to_owned()).is_err(), "{value:?}");
        }
        assert_eq!(
            Secret::new("abcd\n".to_owned()).map(|secret| secret.expose_line().to_owned()),
            Ok("abcd".to_owned())
        );
    }
}
