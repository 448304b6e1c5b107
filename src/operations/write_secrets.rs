//! Writes files whose content is a secret into the release.

use super::release;
use crate::engine::{Makes, On, Operation, Work};
use crate::fleet::{Host, Targets};
use crate::script::Script;
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
        let roles: Option<Vec<_>> = self.files.iter().map(|file| file.targets.roles.clone()).collect();
        roles.map_or_else(Targets::all, |roles| Targets::any(roles.concat()))
    }

    fn makes(&self) -> Makes {
        Makes::Files
    }

    fn work(&self, on: &On<'_>) -> Work {
        let args = self.on(on.host).flat_map(|file| {
            let value = on.secrets.get(&file.secret).map(Secret::expose);
            [file.path.as_str(), value.unwrap_or_default()]
        });
        let script = Script::new(include_str!("write_secrets.sh"));
        Work::ours(script.args(args).set("release", on.layout.release(release(on))))
    }

    /// Names only: what hosts write down of a step must tell nothing of a secret, and a new value is no new step.
    fn definition(&self, on: &On<'_>) -> String {
        self.on(on.host).map(|file| format!("{} {}\n", file.path, file.secret)).collect()
    }
}
