//! Private keys in files: read, opened with a passphrase, kept for the run.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use russh::keys::{Algorithm, Certificate, Error, PrivateKey, PublicKey, load_public_key, ssh_encoding, ssh_key};
use tokio::sync::OnceCell;

use super::settings::Ask;
use super::short_key;

type Opened = Result<Arc<PrivateKey>, String>;

/// The keys opened so far, shared by all hosts of a run.
#[derive(Debug, Clone, Default)]
pub struct KeyFiles {
    opened: Arc<Mutex<HashMap<PathBuf, Arc<OnceCell<Opened>>>>>,
}

impl KeyFiles {
    /// Opens a private key. Whatever comes of it, a person is asked at most once per file and run.
    pub(super) async fn open(&self, path: &Path, ask: &Ask) -> Opened {
        let cell =
            self.opened.lock().unwrap_or_else(PoisonError::into_inner).entry(path.to_owned()).or_default().clone();
        let (path, ask) = (path.to_owned(), ask.clone());
        // A task of its own: were the caller to give up meanwhile, the answer would be lost and asked for again.
        let opening = tokio::spawn(async move {
            let blocking = || tokio::task::spawn_blocking(move || open(&path, &ask));
            let opened = async { blocking().await.unwrap_or_else(|e| Err(e.to_string())) };
            cell.get_or_init(|| opened).await.clone()
        });
        opening.await.unwrap_or_else(|e| Err(e.to_string()))
    }
}

fn open(path: &Path, ask: &Ask) -> Opened {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let mode = fs::metadata(path).map_err(|e| e.to_string())?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(format!("others may read it (mode {:04o}), so ssh would not use it either", mode & 0o7777));
    }
    let key = if has_passphrase(&text) {
        if !is_readable_with_passphrase(&text) {
            return Err(format!("is encrypted in an old way; ssh-keygen -p -f {} converts it", path.display()));
        }
        let passphrase = ask(&format!("Passphrase for {}: ", path.display()))
            .ok_or("has a passphrase, and there is no terminal to ask for it; add it to an agent with ssh-add")?;
        decode(&text, Some(&passphrase)).map_err(|_| "the passphrase is wrong".to_owned())?
    } else {
        decode(&text, None).map_err(|e| format!("is no private key relm can read ({e})"))?
    };
    match key.algorithm() {
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256 => {
            Err("needs its security key; add it to an agent with ssh-add, and relm will use it there".to_owned())
        }
        _ => Ok(Arc::new(key)),
    }
}

fn decode(text: &str, passphrase: Option<&str>) -> Result<PrivateKey, Error> {
    match russh::keys::decode_secret_key(text, passphrase) {
        Err(error @ Error::SshKey(ssh_key::Error::Encoding(ssh_encoding::Error::Length))) => {
            short_key::decode(text, passphrase).map_err(|_| error)
        }
        decoded => decoded,
    }
}

/// russh answers an encrypted PEM file with errors about ASN.1, so the file is looked at before.
fn has_passphrase(text: &str) -> bool {
    text.contains("BEGIN ENCRYPTED PRIVATE KEY")
        || text.contains("Proc-Type: 4,ENCRYPTED")
        || matches!(decode(text, None), Err(Error::KeyIsEncrypted))
}

fn is_readable_with_passphrase(text: &str) -> bool {
    !text.contains("Proc-Type: 4,ENCRYPTED")
        || (text.contains("DEK-Info: AES-128-CBC,") && text.contains("BEGIN RSA PRIVATE KEY"))
}

/// Says whose key a file holds, without a passphrase if that is possible at all.
///
/// `Ok(None)` means that there is no such file. A file may also be the public half alone, for a key in an agent.
pub(super) fn public_half(path: &Path) -> Result<Option<PublicKey>, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(load_public_key(beside(path, ".pub")).ok()),
        Err(e) => return Err(e.to_string()),
    };
    if let Ok(key) = PrivateKey::from_openssh(&text) {
        return Ok(Some(key.public_key().clone()));
    }
    if let Ok(key) = PublicKey::from_openssh(text.trim()) {
        return Ok(Some(key));
    }
    if let Ok(key) = load_public_key(beside(path, ".pub")) {
        return Ok(Some(key));
    }
    match decode(&text, None) {
        Ok(key) => Ok(Some(key.public_key().clone())),
        Err(_) if has_passphrase(&text) && !is_readable_with_passphrase(&text) => {
            Err(format!("is encrypted in an old way; ssh-keygen -p -f {} converts it", path.display()))
        }
        Err(_) if has_passphrase(&text) => Err(format!(
            "does not say whose it is before it is opened; ssh-keygen -p -f {} converts it",
            path.display()
        )),
        Err(e) => Err(format!("is no private key relm can read ({e})")),
    }
}

/// Returns the certificate that lies beside a key, if there is one.
pub(super) fn certificate_beside(path: &Path) -> Option<(PathBuf, Certificate)> {
    let path = beside(path, "-cert.pub");
    certificate(&path).ok().map(|certificate| (path, certificate))
}

/// Reads a certificate: type, data and a comment on one line.
pub(super) fn certificate(path: &Path) -> Result<Certificate, String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    Certificate::from_openssh(text.trim()).map_err(|e| format!("is no certificate relm can read ({e})"))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
