use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Makes a key with a passphrase, or without if it is empty; false where ssh-keygen is missing.
fn keygen(path: &Path, kind: &str, format: &str, passphrase: &str) -> bool {
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", kind, "-m", format, "-N", passphrase, "-f"]).arg(path);
    keygen.stdin(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn answering(answer: &'static str) -> (Ask, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let ask: Ask = Arc::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Some(answer.to_owned())
    });
    (ask, asked)
}

#[tokio::test]
async fn what_ssh_keygen_writes_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("ed25519", "RFC4716", ""),
        ("ed25519", "RFC4716", "secret"),
        ("ecdsa", "RFC4716", "secret"),
        ("ecdsa", "PEM", ""),
        ("ecdsa", "PKCS8", ""),
        ("ecdsa", "PKCS8", "secret"),
        ("rsa", "PEM", ""),
        ("rsa", "PEM", "secret"),
        ("rsa", "PKCS8", "secret"),
    ];
    for (number, (kind, format, passphrase)) in cases.into_iter().enumerate() {
        let path = folder.path().join(number.to_string());
        if !keygen(&path, kind, format, passphrase) {
            eprintln!("SKIPPED: there is no ssh-keygen");
            return;
        }
        let (ask, asked) = answering("secret");
        let public = public_half(&path).unwrap().unwrap();
        let key = KeyFiles::default().open(&path, &ask).await.unwrap();
        assert_eq!(key.public_key().key_data(), public.key_data(), "{kind} {format}");
        assert_eq!(asked.load(Ordering::SeqCst), usize::from(!passphrase.is_empty()), "{kind} {format}");
    }
}

#[tokio::test]
async fn a_wrong_passphrase_is_not_asked_for_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    if !keygen(&path, "ed25519", "RFC4716", "secret") {
        eprintln!("SKIPPED: there is no ssh-keygen");
        return;
    }
    let (ask, asked) = answering("guess");
    let keys = KeyFiles::default();
    for _ in 0..2 {
        assert_eq!(keys.clone().open(&path, &ask).await.unwrap_err(), "the passphrase is wrong");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let pem = |kind: &str, cipher: &str| {
        format!(
            "-----BEGIN {kind} PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: {cipher},00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END {kind} PRIVATE KEY-----\n"
        )
    };
    let cases = [
        (pem("RSA", "AES-256-CBC"), "in an old way; ssh-keygen -p"),
        (pem("RSA", "DES-EDE3-CBC"), "in an old way; ssh-keygen -p"),
        (pem("EC", "AES-128-CBC"), "in an old way; ssh-keygen -p"),
        (pem("RSA", "AES-128-CBC"), "does not say whose it is"),
        ("nonsense".to_owned(), "no private key"),
    ];
    for (text, expected) in cases {
        fs::write(&path, &text).unwrap();
        let reason = public_half(&path).unwrap_err();
        assert!(reason.contains(expected), "{text}: {reason}");
    }
    assert_eq!(public_half(&folder.path().join("none")), Ok(None));
}
