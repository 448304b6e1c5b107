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

/// Its secret number has 31 bytes: one of 863 keys that ssh-keygen made for it. The second is the same, with a passphrase.
#[tokio::test]
async fn a_number_that_begins_with_zeros_can_be_read() {
    const PUBLIC: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAlajjAhE0xuORgEpUmlGhUcC9VDrtPGM+OTucx654NFTMz1DEzbHMTySCQVzewet9yk46B9O8JTkqGWRrnSfbQ=";
    const OPEN: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS
1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQQJWo4wIRNMbjkYBKVJpRoVHAvVQ67T
xjPjk7nMeueDRUzM9QxM2xzE8kgkFc3sHrfcpOOgfTvCU5Khlka50n20AAAAoOFTC6jhUw
uoAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAlajjAhE0xuORgE
pUmlGhUcC9VDrtPGM+OTucx654NFTMz1DEzbHMTySCQVzewet9yk46B9O8JTkqGWRrnSfb
QAAAAfUG4zY29BqYjsvGwM/OFI3S2GTLS+3AIGm9WrNR8LcQAAAAVzaG9ydAECAwQ=
-----END OPENSSH PRIVATE KEY-----
";
    const CLOSED: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABCbKKObnD
+wt15fW8skH448AAAABAAAAAEAAABoAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlz
dHAyNTYAAABBBAlajjAhE0xuORgEpUmlGhUcC9VDrtPGM+OTucx654NFTMz1DEzbHMTySC
QVzewet9yk46B9O8JTkqGWRrnSfbQAAACg4UqapuBPzS+bKzvAT9oHo6HPyubz3yNWpp60
ZRHT/UBuT2cKI9flAAjZwVlPwH+n4jfRIgglPOHtfscKsSSE3yJrrYPf7jwAm78+/qm+VB
RhmX5txA4s4iDCTC7nG3oJ7CRs0o2966zScihPfb/8MvQusEzaOrY4kOjFzhnoOIiK8Y/E
WGyzc9VeYW1jhwKY0lnZArJPlTHHg44K64nAPw==
-----END OPENSSH PRIVATE KEY-----
";
    let folder = tempfile::tempdir().unwrap();
    let public = PublicKey::from_openssh(PUBLIC).unwrap();
    for (name, text, answer, ok) in
        [("open", OPEN, "", true), ("closed", CLOSED, "opens it", true), ("guess", CLOSED, "guess", false)]
    {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let half = public_half(&path).unwrap().unwrap();
        assert_eq!(half.key_data(), public.key_data(), "{name}");
        let opened = KeyFiles::default().open(&path, &answering(answer).0).await;
        assert_eq!(opened.is_ok(), ok, "{name}");
        let Ok(key) = opened else { continue };
        let signature = key.sign("relm", russh::keys::HashAlg::Sha256, b"said").unwrap();
        public.verify("relm", b"said", &signature).unwrap();
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
