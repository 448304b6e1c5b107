//! Signing in: keys in files, in agents, too many, none.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use relm::ssh::{Settings, connect};
use relm::transport::ConnectErrorKind;

use super::{kind, refusal};
use crate::sshd::{Agent, SecurityKey, Sshd, host, keygen, private, public_key};

fn asking(settings: Settings, answer: Option<&'static str>) -> (Settings, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let ask = Arc::new(move |_: &str| {
        count.fetch_add(1, Ordering::SeqCst);
        answer.map(str::to_owned)
    });
    (Settings { ask, ..settings }, asked)
}

async fn gets_in(settings: &Settings) -> bool {
    match connect(&host("web1"), settings).await {
        Ok(_) => true,
        Err(e) => {
            eprintln!("{e}: {:#?}", e.details);
            false
        }
    }
}

fn use_key(sshd: &Sshd, path: &Path) {
    let template = std::fs::read_to_string(sshd.ssh_config()).unwrap();
    let lines: Vec<&str> = template.lines().filter(|line| !line.contains("Identit")).collect();
    std::fs::write(sshd.ssh_config(), format!("{}\n  IdentityFile {}\n", lines.join("\n"), path.display())).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_10_every_kind_of_key_file_opens_the_door() {
    let Some(sshd) = Sshd::start() else { return };
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let path = sshd.folder().join(format!("user_{kind}"));
        keygen(&path, kind, "");
        sshd.authorize(&[public_key(&path)]);
        use_key(&sshd, &path);
        assert!(gets_in(&sshd.settings()).await, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usual_files_are_found_without_being_named() {
    let Some(sshd) = Sshd::start() else { return };
    std::fs::create_dir(sshd.folder().join(".ssh")).unwrap();
    let path = sshd.folder().join(".ssh/id_ecdsa");
    keygen(&path, "ecdsa", "");
    sshd.authorize(&[public_key(&path)]);
    let text = std::fs::read_to_string(sshd.ssh_config()).unwrap().replace("IdentityFile", "#");
    std::fs::write(sshd.ssh_config(), text).unwrap();
    assert!(gets_in(&sshd.settings()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_is_asked_for_once_for_all_hosts() {
    let Some(sshd) = Sshd::start() else { return };
    let path = sshd.folder().join("locked");
    keygen(&path, "ed25519", "opens it");
    sshd.authorize(&[public_key(&path)]);
    use_key(&sshd, &path);
    let (settings, asked) = asking(sshd.settings(), Some("opens it"));
    let (web1, web2) = (host("web1"), host("web2"));
    let (one, two) = tokio::join!(connect(&web1, &settings), connect(&web2, &settings));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_13_closed_keys_say_so() {
    let Some(sshd) = Sshd::start() else { return };
    let path = sshd.folder().join("locked");
    keygen(&path, "ed25519", "opens it");
    sshd.authorize(&[public_key(&path)]);
    use_key(&sshd, &path);
    for (answer, expected) in [(None, "no terminal"), (Some("no"), "the passphrase is wrong")] {
        let error = refusal(&asking(sshd.settings(), answer).0).await;
        assert_eq!(kind(&error), ConnectErrorKind::SignIn);
        assert!(error.details[0].contains("locked") && error.details[0].contains(expected), "{:?}", error.details);
    }
    private(
        &path,
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    );
    std::fs::remove_file(path.with_extension("pub")).unwrap();
    let error = refusal(&sshd.settings()).await;
    assert!(error.details[0].contains("ssh-keygen -p -f"), "{:?}", error.details);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_wanted_is_not_opened() {
    let Some(sshd) = Sshd::start() else { return };
    let path = sshd.folder().join("locked");
    keygen(&path, "ed25519", "opens it");
    use_key(&sshd, &path);
    let (settings, asked) = asking(sshd.settings(), Some("opens it"));
    let error = refusal(&settings).await;
    assert!(error.details[0].contains("refused"), "{:?}", error.details);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_others_may_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let Some(sshd) = Sshd::start() else { return };
    let path = sshd.folder().join("id_ed25519");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = refusal(&sshd.settings()).await;
    assert!(error.details[0].contains("0644"), "{:?}", error.details);
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_09_too_many_keys_are_told_and_the_named_one_is_found() {
    let Some(sshd) = Sshd::start() else { return };
    let agent = Agent::start(sshd.folder());
    for number in 0..7 {
        let path = sshd.folder().join(format!("wrong{number}"));
        keygen(&path, "ed25519", "");
        agent.add(&path);
    }
    let right = sshd.folder().join("right");
    keygen(&right, "ed25519", "");
    agent.add(&right);
    sshd.authorize(&[public_key(&right)]);
    // As people with keys on a token have it: only the public half is a file.
    std::fs::remove_file(&right).unwrap();
    let settings = Settings { agent: Some(agent.socket()), ..sshd.settings() };
    let text = std::fs::read_to_string(sshd.ssh_config()).unwrap();
    std::fs::write(sshd.ssh_config(), text.replace("IdentityFile", "#")).unwrap();
    let error = refusal(&settings).await;
    assert!(error.details[..6].iter().all(|line| line.ends_with("refused")), "{:#?}", error.details);
    assert!(error.details[6].starts_with("2 more not offered"), "{:#?}", error.details);
    use_key(&sshd, &right.with_extension("pub"));
    assert!(gets_in(&settings).await);
    // Named without its ending too, and nothing else of the agent is offered.
    sshd.configure("Host *\n  IdentitiesOnly yes\n");
    use_key(&sshd, &right);
    assert!(gets_in(&settings).await);
    sshd.authorize(&[]);
    let config = std::fs::read_to_string(sshd.ssh_config()).unwrap();
    std::fs::write(sshd.ssh_config(), format!("IdentitiesOnly yes\n{config}")).unwrap();
    let error = refusal(&settings).await;
    assert_eq!(error.details.len(), 1, "{:#?}", error.details);
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_12_the_agent_signs_with_every_kind_of_key() {
    let Some(sshd) = Sshd::start() else { return };
    let agent = Agent::start(sshd.folder());
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let path = sshd.folder().join(format!("agent_{kind}"));
        keygen(&path, kind, "");
        agent.add(&path);
        sshd.authorize(&[public_key(&path)]);
        let settings = Settings { agent: Some(agent.socket()), ..sshd.settings() };
        assert!(gets_in(&settings).await, "{kind}");
        assert!(!gets_in(&sshd.settings()).await, "without the agent nobody gets in");
    }
    sshd.configure(&format!("Host *\n  IdentityAgent {}\n", agent.socket().display()));
    assert!(gets_in(&sshd.settings()).await, "IdentityAgent");
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_11_certificates_open_the_door_also_those_of_rsa_keys() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority");
    keygen(&authority, "ed25519", "");
    let lines = format!("TrustedUserCAKeys {}\n", authority.with_extension("pub").display());
    let Some(sshd) = Sshd::start_with(&lines) else { return };
    sshd.authorize(&[]);
    let user = sshd.settings().local_user;
    let agent = Agent::start(sshd.folder());
    for kind in ["ed25519", "rsa"] {
        let path = sshd.folder().join(format!("signed_{kind}"));
        keygen(&path, kind, "");
        use_key(&sshd, &path);
        assert!(!gets_in(&sshd.settings()).await, "{kind} without its certificate");
        let mut sign = Command::new("ssh-keygen");
        sign.args(["-q", "-s"]).arg(&authority).args(["-I", "test", "-n", &user]).arg(path.with_extension("pub"));
        assert!(sign.status().unwrap().success());
        assert!(gets_in(&sshd.settings()).await, "{kind}");
        agent.add(&path);
        std::fs::remove_file(&path).unwrap();
        let settings = Settings { agent: Some(agent.socket()), ..sshd.settings() };
        assert!(gets_in(&settings).await, "{kind} in an agent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_key_and_no_key_are_told_apart() {
    let Some(sshd) = Sshd::start() else { return };
    let wrong = sshd.folder().join("wrong");
    keygen(&wrong, "ed25519", "");
    use_key(&sshd, &wrong);
    let error = refusal(&sshd.settings()).await;
    assert_eq!(kind(&error), ConnectErrorKind::SignIn);
    assert!(error.message.contains("web1 does not let"), "{error}");
    assert_eq!(error.details, [format!("{} (ssh-ed25519): refused", wrong.display())]);
    use_key(&sshd, Path::new("/nowhere/id"));
    let error = refusal(&sshd.settings()).await;
    assert!(
        error.details[0].contains("no key to offer") && error.details[0].contains("/nowhere/id"),
        "{:?}",
        error.details
    );
}

/// ssh and relm alike: with a touch both are let in, without one neither is.
#[tokio::test(flavor = "multi_thread")]
async fn a_security_key_signs_through_its_agent() {
    let Some(sshd) = Sshd::start() else { return };
    for is_touched in [true, false] {
        let key = SecurityKey::start(sshd.folder().join(format!("token-{is_touched}")), is_touched);
        sshd.authorize(&[key.line()]);
        sshd.configure(&format!("Host *\n  IdentityAgent {}\n  IdentityFile none\n", key.socket().display()));
        let ssh = Command::new("ssh")
            .args(["-o", "BatchMode=yes", "-F"])
            .arg(sshd.ssh_config())
            .args(["web1", "true"])
            .output()
            .expect("ssh belongs to openssh-client");
        let (by_ssh, told) = (ssh.status.success(), String::from_utf8_lossy(&ssh.stderr).into_owned());
        assert_eq!((by_ssh, key.signed()), (is_touched, 1), "{told}");
        assert_eq!((gets_in(&sshd.settings()).await, key.signed()), (is_touched, 2), "{}", sshd.log());
        // One among several that is named by its public half.
        let named = sshd.folder().join("named.pub");
        std::fs::write(&named, key.line()).unwrap();
        sshd.configure(&format!(
            "Host *\n  IdentityAgent {}\n  IdentitiesOnly yes\n  IdentityFile {}\n",
            key.socket().display(),
            named.display()
        ));
        assert_eq!((gets_in(&sshd.settings()).await, key.signed()), (is_touched, 3), "{}", sshd.log());
    }
}
