//! Writes files whose content is a secret into the release.

use super::refused;
use super::write_templates::{Written, union, write};
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
}

/// Writes them, for their owner's eyes alone.
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
        for SecretFile { path, secret, .. } in self.on(on.host) {
            let Some(content) = on.secrets.get(secret).map(Secret::expose) else {
                return refused(&format!("there is no content for {path}"));
            };
            written.push(Written { place: path, mode: "0600", owner: "", check: "", content: content.to_owned() });
        }
        write("secret file", &written, on)
    }

    /// Names only: what hosts write down of a step must tell nothing of a secret, and a new value is no new step.
    fn definition(&self, on: &On<'_>) -> String {
        self.on(on.host).map(|file| format!("{} {}\n", file.path, file.secret)).collect()
    }
}
