//! `RevokedHostKeys`: keys that must not be believed, in files of their own.

use std::fs;
use std::path::PathBuf;

use russh::keys::PublicKey;

/// Says why a key is not to be believed: it is in one of the files, or a file cannot be read. As in ssh, nobody is
/// believed then.
pub(super) fn says_no(files: &[PathBuf], key: &PublicKey) -> Option<String> {
    files.iter().find_map(|file| {
        let shown = file.display();
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(e) => return Some(format!("RevokedHostKeys {shown} cannot be read: {e}")),
        };
        if bytes.starts_with(b"SSHKRL\n") {
            return Some(format!("RevokedHostKeys {shown} is a binary list (KRL), which relm cannot read"));
        }
        let text = String::from_utf8_lossy(&bytes);
        let line = text.lines().position(|line| has(line, key))?;
        Some(format!("it is revoked in {shown}:{}", line + 1))
    })
}

/// The key may stand behind options, as in `authorized_keys`.
fn has(line: &str, key: &PublicKey) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.first().is_none_or(|word| word.starts_with('#')) {
        return false;
    }
    words
        .windows(2)
        .any(|pair| PublicKey::from_openssh(&pair.join(" ")).is_ok_and(|listed| listed.key_data() == key.key_data()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_a_list_an_unreadable_list_and_a_binary_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("revoked");
        let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
        let key = PublicKey::from_openssh(text).unwrap();
        let says = |content: &[u8]| {
            fs::write(&file, content).unwrap();
            says_no(std::slice::from_ref(&file), &key)
        };
        assert!(says(format!("# {text}\n").as_bytes()).is_none());
        assert!(says(format!("\nno-pty {text} old\n").as_bytes()).unwrap().ends_with("revoked:2"));
        assert!(says(b"SSHKRL\n\0\0").unwrap().contains("KRL"));
        assert!(says_no(&[folder.path().join("none")], &key).unwrap().contains("cannot be read"));
        assert!(says_no(&[], &key).is_none());
    }
}
