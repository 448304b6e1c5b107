//! Host certificates: who may vouch for whom, until when, and for which names.

use std::fs;
use std::path::Path;
use std::process::Command;

use relm::ssh::{connect, machines};
use relm::transport::ConnectErrorKind;

use super::kind;
use crate::sshd::{Sshd, host, keygen, public_key};

/// Signs a host key.
fn sign(authority: &Path, key: &Path, more: &[&str]) {
    let mut sign = Command::new("ssh-keygen");
    sign.args(["-q", "-h", "-I", "test", "-s"]).arg(authority).args(more).arg(key.with_extension("pub"));
    assert!(sign.status().unwrap().success(), "{more:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_counts_for_its_names_its_time_and_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, kind) in
        [("ca", "ed25519"), ("ca_rsa", "rsa"), ("stranger", "ed25519"), ("key", "ed25519"), ("key_rsa", "rsa")]
    {
        keygen(&path(name), kind, "");
    }
    let cases: &[(&str, &str, &[&str], &str, bool)] = &[
        ("ca", "key", &["-n", "127.0.0.1"], "", true),
        ("ca_rsa", "key", &["-n", "127.0.0.1"], "", true),
        ("ca", "key_rsa", &["-n", "a,127.0.0.1"], "", true),
        ("ca", "key", &["-n", "127.0.0.*"], "", true),
        ("ca", "key", &["-n", "web1"], "", false),
        ("ca", "key", &["-n", "web1"], "HostKeyAlias web1\n", true),
        ("ca", "key", &[], "", false),
        ("ca", "key", &["-n", "127.0.0.1", "-V", "20200101:20210101"], "", false),
        ("ca", "key", &["-n", "127.0.0.1", "-V", "20400101:20410101"], "", false),
        ("stranger", "key", &["-n", "127.0.0.1"], "", false),
        ("ca", "key", &["-n", "127.0.0.1", "-O", "critical:odd=1"], "", false),
        ("ca", "key", &["-n", "127.0.0.1"], "HostKeyAlgorithms ssh-ed25519\n", false),
        ("ca", "key", &["-n", "127.0.0.1"], "CASignatureAlgorithms rsa-sha2-512\n", false),
    ];
    for (authority, key, options, lines, accepted) in cases {
        sign(&path(authority), &path(key), options);
        let key = path(key).display().to_string();
        let Some(sshd) = Sshd::start_with(&format!("HostKey {key}\nHostCertificate {key}-cert.pub\n")) else { return };
        sshd.configure(lines);
        let name = if lines.contains("Alias") { "web1".to_owned() } else { format!("[127.0.0.1]:{}", sshd.port()) };
        let known = format!(
            "@cert-authority {name} {}\n@cert-authority * {}\n",
            public_key(&path("ca")),
            public_key(&path("ca_rsa"))
        );
        // The second line is for the first name too only where it says so.
        let known =
            if *authority == "ca_rsa" { known.replacen("@cert-authority [", "@cert-authority !", 1) } else { known };
        fs::write(sshd.known_hosts(), known).unwrap();
        let answer = connect(&host("web1"), &sshd.settings()).await;
        let refusal = answer.as_ref().err().map(kind);
        let expected = (!accepted).then_some(ConnectErrorKind::UnknownHostKey);
        assert_eq!(refusal, expected, "{authority} {options:?} {lines}: {:?}", answer.err());
        let machine = machines(&host("web1"), &sshd.settings()).await.unwrap().remove(0);
        assert_eq!(machine.is_vouched_for().await, *accepted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_authority_or_key_makes_a_certificate_worthless() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    keygen(&path("ca"), "ed25519", "");
    keygen(&path("key"), "ed25519", "");
    sign(&path("ca"), &path("key"), &["-n", "127.0.0.1"]);
    let key = path("key").display().to_string();
    let Some(sshd) = Sshd::start_with(&format!("HostKey {key}\nHostCertificate {key}-cert.pub\n")) else { return };
    let (authority, own) = (public_key(&path("ca")), public_key(&path("key")));
    let list = sshd.folder().join("revoked");
    for (known, revoked, expected) in [
        ("", "", None),
        (format!("@revoked * {authority}\n").as_str(), "", Some(ConnectErrorKind::WrongHostKey)),
        (format!("@revoked * {own}\n").as_str(), "", Some(ConnectErrorKind::WrongHostKey)),
        ("", own.as_str(), Some(ConnectErrorKind::WrongHostKey)),
        ("", authority.as_str(), Some(ConnectErrorKind::WrongHostKey)),
        ("", "# nothing", None),
    ] {
        fs::write(sshd.known_hosts(), format!("{known}@cert-authority * {authority}\n")).unwrap();
        fs::write(&list, revoked).unwrap();
        sshd.configure(&format!("RevokedHostKeys {}\n", list.display()));
        let refusal = connect(&host("web1"), &sshd.settings()).await.err();
        assert_eq!(refusal.as_ref().map(kind), expected, "{known} {revoked} {refusal:?}");
    }
    // A certificate that does not count leaves the key, which may be known.
    fs::write(&list, "").unwrap();
    let line = format!("[127.0.0.1]:{} {own}\n@cert-authority * {}\n", sshd.port(), sshd.host_key("ed25519"));
    fs::write(sshd.known_hosts(), line).unwrap();
    connect(&host("web1"), &sshd.settings()).await.unwrap();
    fs::remove_file(&list).unwrap();
    let refusal = connect(&host("web1"), &sshd.settings()).await.map(|_| ()).unwrap_err();
    assert!(refusal.message.contains("cannot be read"), "{refusal}");
}
