//! Writes files whose content is a secret into the release.

use std::borrow::Cow;

use super::refused;
use super::write_templates::{Filled, Written, sha256, union, write};
use crate::engine::{Makes, On, Operation, Work};
use crate::fleet::{Host, Targets};
use crate::secret::Secret;

/// A file of the release and the secret in it.
#[derive(Debug, Clone)]
pub struct SecretFile {
    /// Inside the release.
    pub path: String,
    /// The name of the secret.
    pub secret: String,
    /// Where it is written.
    pub targets: Targets,
    /// For `chown`; empty if it stays whoever's writes it.
    pub owner: String,
    /// Its four digits.
    pub mode: String,
}

/// Writes them, for their owner's eyes alone unless a group is to see them.
#[derive(Debug)]
pub struct WriteSecrets {
    /// Each with its hosts.
    pub files: Vec<SecretFile>,
}

impl WriteSecrets {
    fn on<'s>(&'s self, host: &'s Host) -> impl Iterator<Item = &'s SecretFile> {
        self.files.iter().filter(|file| file.targets.concern(host))
    }
}

impl WriteSecrets {
    /// What each file comes to on a host, by its place: nothing is told but whether it is another.
    pub fn on_host(&self, on: &On<'_>) -> Vec<(String, Filled)> {
        let of = |file: &SecretFile| match on.secrets.get(&file.secret) {
            Some(secret) => Filled::Hash(sha256(secret.expose())),
            None => Filled::Unknown(format!("not without the secret {}", file.secret)),
        };
        self.on(on.host).map(|file| (file.path.clone(), of(file))).collect()
    }
}

impl Operation for WriteSecrets {
    fn name(&self) -> String {
        "write_secrets".to_owned()
    }

    fn targets(&self) -> Targets {
        union(self.files.iter().map(|file| &file.targets))
    }

    fn makes(&self) -> Makes {
        Makes::Files
    }

    fn work(&self, on: &On<'_>) -> Work {
        let mut written = Vec::new();
        for SecretFile { path, secret, owner, mode, .. } in self.on(on.host) {
            let Some(content) = on.secrets.get(secret).map(Secret::expose) else {
                return refused(&format!("there is no content for {path}"));
            };
            written.push(Written {
                place: path,
                mode,
                owner,
                check: Cow::Borrowed(""),
                content: content.to_owned(),
                taker: "",
            });
        }
        write("secret file", &written, on)
    }

    /// Names only: what hosts write down of a step must tell nothing of a secret, and a new value is no new step.
    fn definition(&self, on: &On<'_>) -> String {
        let line = |file: &SecretFile| {
            let usual = file.owner.is_empty() && file.mode == "0600";
            let given = if usual { String::new() } else { format!(" {} {}", file.owner, file.mode) };
            format!("{} {}{given}\n", file.path, file.secret)
        };
        self.on(on.host).map(line).collect()
    }
}
