//! Host keys: known, unknown, changed, revoked, hashed; and what `relm trust` writes.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use relm::ssh::{Machine, Settings, Warn, connect, machines};
use relm::transport::ConnectErrorKind;

use super::{kind, refusal};
use crate::sshd::{Sshd, host, keygen, public_key};

async fn machine(sshd: &Sshd) -> Machine {
    let mut machines = machines(&host("web1"), &sshd.settings()).await.unwrap();
    assert_eq!(machines.len(), 1);
    machines.remove(0)
}

fn fingerprint(sshd: &Sshd, kind: &str) -> String {
    let file = sshd.folder().join(format!("host_{kind}.pub"));
    let output = Command::new("ssh-keygen").arg("-lf").arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_refused_with_its_fingerprint() {
    let Some(sshd) = Sshd::start() else { return };
    for careless in ["", "StrictHostKeyChecking no\n", "StrictHostKeyChecking accept-new\n"] {
        sshd.configure(careless);
        sshd.know(&[]);
        let error = refusal(&sshd.settings()).await;
        assert_eq!(kind(&error), ConnectErrorKind::UnknownHostKey);
        let details = error.details.join("\n");
        assert!(details.contains(&fingerprint(&sshd, "ed25519")), "{details}");
        assert!(details.contains("relm trust test web1"), "{details}");
        assert_eq!(fs::read_to_string(sshd.known_hosts()).unwrap(), "", "nothing is recorded by itself");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_that_is_known_is_the_one_that_is_asked_for() {
    let Some(sshd) = Sshd::start() else { return };
    for kind in ["ed25519", "ecdsa", "rsa"] {
        sshd.know(&[kind]);
        connect(&host("web1"), &sshd.settings()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_15_a_changed_key_names_the_host_the_file_and_the_line() {
    let Some(sshd) = Sshd::start() else { return };
    let other = sshd.folder().join("other");
    keygen(&other, "ed25519", "");
    let line = format!("# mine\n\n[127.0.0.1]:{} {}\n", sshd.port(), public_key(&other));
    fs::write(sshd.known_hosts(), line).unwrap();
    let error = refusal(&sshd.settings()).await;
    assert_eq!(kind(&error), ConnectErrorKind::WrongHostKey);
    assert!(error.message.contains("web1"), "{error}");
    assert!(error.message.ends_with(&format!("{}:3", sshd.known_hosts().display())), "{error}");
    assert!(error.details.join("\n").contains(&fingerprint(&sshd, "ed25519")), "{:?}", error.details);
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_14_revoked_rotated_and_certified_keys() {
    let Some(sshd) = Sshd::start() else { return };
    let other = sshd.folder().join("other");
    keygen(&other, "ed25519", "");
    let (port, good, other) = (sshd.port(), sshd.host_key("ed25519"), public_key(&other));
    let name = format!("[127.0.0.1]:{port}");
    let cases = [
        (format!("{name} {good}\n@revoked * {good}\n"), Some(ConnectErrorKind::WrongHostKey)),
        (format!("{name} {other}\n{name} {good}\n"), None),
        (format!("@cert-authority * {good}\n"), Some(ConnectErrorKind::UnknownHostKey)),
        (format!("[127.0.0.*]:* {good}\n"), None),
        (format!("*,!{name},!127.0.0.1 {good}\n"), Some(ConnectErrorKind::UnknownHostKey)),
        (format!("nonsense\n{name} ssh-ed25519 AAAA\n{name}\t {good} a comment\n"), None),
        (format!("127.0.0.1 {good}\n"), None),
        (format!("127.0.0.1 {good}\n{name} {other}\n"), Some(ConnectErrorKind::WrongHostKey)),
        (format!("[127.0.0.1]:1 {good}\n"), Some(ConnectErrorKind::UnknownHostKey)),
    ];
    for (text, expected) in cases {
        fs::write(sshd.known_hosts(), &text).unwrap();
        let found = connect(&host("web1"), &sshd.settings()).await.err().map(|e| e.kind);
        assert_eq!(found, expected, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_found_in_hashed_files_and_under_an_alias() {
    let Some(sshd) = Sshd::start() else { return };
    let mut hash = Command::new("ssh-keygen");
    hash.arg("-H").arg("-f").arg(sshd.known_hosts()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(hash.status().unwrap().success());
    assert!(fs::read_to_string(sshd.known_hosts()).unwrap().starts_with("|1|"));
    connect(&host("web1"), &sshd.settings()).await.unwrap();
    fs::write(sshd.known_hosts(), format!("fleet {}\n", sshd.host_key("ed25519"))).unwrap();
    assert_eq!(kind(&refusal(&sshd.settings()).await), ConnectErrorKind::UnknownHostKey);
    sshd.configure("HostKeyAlias fleet\n");
    connect(&host("web1"), &sshd.settings()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_key_is_known_to_relm_and_to_ssh() {
    let Some(sshd) = Sshd::start() else { return };
    let name = format!("[127.0.0.1]:{}", sshd.port());
    for lines in ["", "HashKnownHosts yes\n", "HostKeyAlias fleet\n"] {
        sshd.configure(lines);
        fs::remove_file(sshd.known_hosts()).unwrap();
        let keys = machine(&sshd).await.keys().await.unwrap();
        let kinds: Vec<_> = keys.iter().map(|key| key.algorithm.as_str()).collect();
        assert_eq!(kinds, ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]);
        assert_eq!(keys[0].fingerprint, fingerprint(&sshd, "ed25519"));
        assert!(!keys[0].is_known);
        for _ in 0..2 {
            machine(&sshd).await.record(&keys[0]).unwrap();
        }
        assert_eq!(fs::read_to_string(sshd.known_hosts()).unwrap().lines().count(), 1);
        assert!(machine(&sshd).await.keys().await.unwrap()[0].is_known);
        connect(&host("web1"), &sshd.settings()).await.unwrap();
        let name = if lines.contains("Alias") { "fleet" } else { &name };
        let mut find = Command::new("ssh-keygen");
        find.arg("-F").arg(name).arg("-f").arg(sshd.known_hosts()).stdout(Stdio::null());
        assert!(find.status().unwrap().success(), "{lines}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_passes_only_where_both_files_let_it_and_loudly() {
    let Some(sshd) = Sshd::start() else { return };
    let warned = Arc::new(Mutex::new(Vec::new()));
    let hear = warned.clone();
    let accept_new: Warn = Arc::new(move |text: &str| hear.lock().unwrap().push(text.to_owned()));
    let willing = Settings { accept_new: Some(accept_new), ..sshd.settings() };
    for (policy, settings, passes) in [
        ("", &willing, false),
        ("StrictHostKeyChecking ask\n", &willing, false),
        ("StrictHostKeyChecking yes\nStrictHostKeyChecking no\n", &willing, false),
        ("StrictHostKeyChecking accept-new\n", &sshd.settings(), false),
        ("StrictHostKeyChecking accept-new\n", &willing, true),
        ("StrictHostKeyChecking no\n", &willing, true),
    ] {
        sshd.configure(policy);
        fs::write(sshd.known_hosts(), "").unwrap();
        let connected = connect(&host("web1"), settings).await.is_ok();
        assert_eq!(connected, passes, "{policy}");
        let (known, told) =
            (fs::read_to_string(sshd.known_hosts()).unwrap(), std::mem::take(&mut *warned.lock().unwrap()));
        assert_eq!((known.lines().count(), told.len()), (usize::from(passes), usize::from(passes)), "{policy}{known}");
        if passes {
            assert!(
                told[0].contains("web1: nobody has compared its host key") && told[0].contains("SHA256:"),
                "{told:?}"
            );
            connect(&host("web1"), &sshd.settings()).await.unwrap();
        }
    }
    let error = {
        fs::write(sshd.known_hosts(), "").unwrap();
        refusal(&sshd.settings()).await
    };
    assert!(error.details.join("\n").contains("accept_new_host_keys = true in [env.test]"), "{error:?}");
    // Whoever compares keys must not find one recorded meanwhile; and neither a changed key nor one beside another passes.
    let asked = machines(&host("web1"), &willing).await.unwrap().remove(0);
    assert!(!asked.is_vouched_for().await && asked.keys().await.unwrap().iter().all(|key| !key.is_known));
    keygen(&sshd.folder().join("other"), "ed25519", "");
    let name = format!("[127.0.0.1]:{}", sshd.port());
    for known in [
        public_key(&sshd.folder().join("other")),
        format!("{}\n@revoked * {}", sshd.host_key("ecdsa"), sshd.host_key("ed25519")),
    ] {
        sshd.configure("StrictHostKeyChecking no\nHostKeyAlgorithms ssh-ed25519\n");
        fs::write(sshd.known_hosts(), format!("{name} {known}\n")).unwrap();
        refusal(&willing).await;
    }
    assert!(warned.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_beside_another_of_its_type_is_not_recorded() {
    let Some(sshd) = Sshd::start() else { return };
    let keys = machine(&sshd).await.keys().await.unwrap();
    let other = sshd.folder().join("other");
    keygen(&other, "ed25519", "");
    let text = format!("[127.0.0.1]:{} {}\n", sshd.port(), public_key(&other));
    fs::write(sshd.known_hosts(), &text).unwrap();
    let error = machine(&sshd).await.record(&keys[0]).unwrap_err();
    assert_eq!(kind(&error), ConnectErrorKind::WrongHostKey);
    assert_eq!(fs::read_to_string(sshd.known_hosts()).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_do_not_answer_are_unreachable_in_time() {
    let Some(sshd) = Sshd::start() else { return };
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    sshd.configure(&format!("Port {refused}\n"));
    let error = refusal(&sshd.settings()).await;
    assert_eq!(kind(&error), ConnectErrorKind::Unreachable);
    assert!(error.message.contains("refused"), "{error}");
    // Takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    sshd.configure(&format!("Port {}\nConnectTimeout 1\n", silent.local_addr().unwrap().port()));
    let start = Instant::now();
    let error = refusal(&sshd.settings()).await;
    assert_eq!(kind(&error), ConnectErrorKind::Unreachable);
    assert!(error.message.ends_with("no answer within 1 s"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(4));
    sshd.configure("HostName nowhere.invalid\n");
    assert_eq!(kind(&refusal(&sshd.settings()).await), ConnectErrorKind::Unreachable);
    sshd.configure("ProxyJump bastion\n");
    let error = refusal(&sshd.settings()).await;
    assert_eq!(kind(&error), ConnectErrorKind::Configuration);
    assert!(error.message.contains("ssh_config:1: ProxyJump"), "{error}");
}
