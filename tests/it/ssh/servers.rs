//! Servers as people set them up: few sessions, few tries, certain keys and ciphers, odd login shells.

use std::fs;
use std::path::Path;
use std::process::Command;

use relm::ssh::{Settings, connect};

use super::pacing::{USUAL, project, relm};
use super::{link, refusal, run, shell, soon};
use crate::sshd::{Agent, Sshd, host, keygen, public_key};
use crate::users::{Hosted, give_shell, home};

#[test]
fn one_session_a_connection_is_enough() {
    let Some(sshd) = Sshd::start_with("MaxSessions 1\n") else { return };
    let project = project(&sshd, 1, USUAL);
    relm(&project, &["deploy"]).ends(0);
    let run = relm(&project, &["run", "--", "cat", "VERSION"]).ends(0);
    assert!(run.stdout.contains("| one"), "{}", run.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_few_sessions_work_beside_others_goes_over_another_connection() {
    let Some(sshd) = Sshd::start_with("MaxSessions 1\n") else { return };
    let link = link(&sshd).await;
    let long = shell(&link, "sleep 60").await;
    for _ in 0..3 {
        assert!(soon("a command beside a long one", run(&link, "true")).await.succeeded());
    }
    assert_eq!(sshd.log().matches("Accepted publickey").count(), 2, "one more, and it is used again");
    drop(long);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tries_are_two_keys_and_that_is_said() {
    let Some(sshd) = Sshd::start_with("MaxAuthTries 2\n") else { return };
    let agent = Agent::start(sshd.folder());
    for number in 0..4 {
        let path = sshd.folder().join(format!("key{number}"));
        keygen(&path, "ed25519", "");
        agent.add(&path);
    }
    let settings = Settings { agent: Some(agent.socket()), ..sshd.settings() };
    sshd.configure("Host *\n  IdentityFile none\n");
    let error = refusal(&settings).await;
    let told = error.details.join("\n");
    assert!(told.contains("3 more not offered: the host hangs up after 2 wrong keys (MaxAuthTries)"), "{told}");
    sshd.configure(&format!("IdentitiesOnly yes\nIdentityFile {}\n", sshd.folder().join("key3").display()));
    sshd.authorize(&[public_key(&sshd.folder().join("key3"))]);
    assert!(run(&connect(&host("web1"), &settings).await.unwrap(), "true").await.succeeded());
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_take_only_some_algorithms() {
    let cases = [
        "Ciphers chacha20-poly1305@openssh.com\n",
        "Ciphers aes256-gcm@openssh.com\n",
        "Ciphers aes256-ctr\nMACs hmac-sha1\n",
        "Ciphers aes128-ctr\nMACs hmac-sha2-512-etm@openssh.com\n",
        "KexAlgorithms ecdh-sha2-nistp521\n",
        "KexAlgorithms diffie-hellman-group-exchange-sha256\n",
        "KexAlgorithms diffie-hellman-group14-sha256\n",
        "HostKeyAlgorithms rsa-sha2-256\n",
        "HostKeyAlgorithms rsa-sha2-512\nPubkeyAcceptedAlgorithms rsa-sha2-256\n",
        "PermitUserEnvironment no\n",
    ];
    for lines in cases {
        let Some(sshd) = Sshd::start_with(lines) else { return };
        if lines.contains("PubkeyAccepted") {
            let key = sshd.folder().join("id_rsa");
            keygen(&key, "rsa", "");
            sshd.authorize(&[public_key(&key)]);
            sshd.configure(&format!("IdentityFile {}\nPubkeyAcceptedAlgorithms rsa-sha2-256\n", key.display()));
        }
        assert!(run(&link(&sshd).await, "true").await.succeeded(), "{lines}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_no_algorithm_in_common_is_named() {
    let Some(sshd) = Sshd::start_with("Ciphers aes128-ctr\nMACs umac-64@openssh.com\n") else { return };
    let error = refusal(&sshd.settings()).await;
    assert!(error.message.contains("web1") && error.message.to_lowercase().contains("common"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_certificates_and_a_certificate_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority");
    keygen(&authority, "ed25519", "");
    let authority_file = authority.with_extension("pub");
    let lines = format!(
        "TrustedUserCAKeys {}\nPubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com\n",
        authority_file.display()
    );
    let Some(sshd) = Sshd::start_with(&lines) else { return };
    assert!(refusal(&sshd.settings()).await.details[0].contains("refused"));
    let (key, certificate) = (sshd.folder().join("id_ed25519"), sshd.folder().join("elsewhere"));
    let mut sign = Command::new("ssh-keygen");
    sign.args(["-q", "-s"])
        .arg(&authority)
        .args(["-I", "t", "-n", &sshd.settings().local_user])
        .arg(key.with_extension("pub"));
    assert!(sign.status().unwrap().success());
    connect(&host("web1"), &sshd.settings()).await.unwrap();
    std::fs::rename(sshd.folder().join("id_ed25519-cert.pub"), &certificate).unwrap();
    refusal(&sshd.settings()).await;
    sshd.configure(&format!("CertificateFile {}\n", certificate.display()));
    connect(&host("web1"), &sshd.settings()).await.unwrap();
    // The key may be in the agent alone.
    let agent = Agent::start(sshd.folder());
    agent.add(&key);
    std::fs::remove_file(&key).unwrap();
    std::fs::remove_file(key.with_extension("pub")).unwrap();
    connect(&host("web1"), &Settings { agent: Some(agent.socket()), ..sshd.settings() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_handed_over_where_the_host_takes_it() {
    let Some(sshd) = Sshd::start_with("AcceptEnv GREETING PLACE LC_*\n") else { return };
    sshd.configure("SetEnv GREETING=\"good day\" OTHER=x\nSendEnv PLACE LC_*\n");
    let mut settings = sshd.settings();
    settings.variables = [("PLACE", "here"), ("LC_ALL", "xx_XX")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    let link = connect(&host("web1"), &settings).await.unwrap();
    let said = run(&link, "echo \"$GREETING|$PLACE|${OTHER-unset}|${LC_ALL-unset}\"").await;
    assert_eq!(said.text(), "good day|here|unset|unset\n");
}

/// Login shells, as sshd starts them: `SHELL -c COMMAND`.
#[test]
fn login_shells_of_all_kinds() {
    for login in ["bash", "dash", "zsh", "fish", "tcsh", "busybox sh"] {
        let program = login.split(' ').next().unwrap();
        assert!(
            ["/bin", "/usr/bin"].iter().any(|folder| Path::new(folder).join(program).exists()),
            "{program} is missing: tests/run installs it"
        );
        let Some(sshd) = Sshd::start() else { return };
        let project = project(&sshd, 1, &format!("exec {login} -c \"$SSH_ORIGINAL_COMMAND\""));
        relm(&project, &["deploy"]).ends(0);
        let run = relm(&project, &["run", "--", "printf", "%s|", "it's", "$HOME", "a b"]).ends(0);
        assert!(run.stdout.contains("| it's|$HOME|a b|"), "{login}: {}", run.stdout);
    }
}

#[test]
fn start_up_files_that_talk_and_shells_that_do_nothing() {
    let Some(sshd) = Sshd::start() else { return };
    let noisy = "echo 'Welcome!'; echo 'a warning' >&2; exec bash -c \"$SSH_ORIGINAL_COMMAND\"";
    let noisy = project(&sshd, 1, noisy);
    relm(&noisy, &["deploy"]).ends(0);
    let Some(forced) = Sshd::start_with("ForceCommand echo backups and nothing else\n") else { return };
    let one = project(&forced, 1, USUAL);
    relm(&one, &["deploy"]).ends(3).says(&["host0", "backups and nothing else", "ForceCommand"]);
    for (start, said) in [("exec /usr/sbin/nologin", "not available"), ("echo only backups here", "only backups here")]
    {
        let refused = project(&sshd, 1, start);
        relm(&refused, &["deploy"]).ends(3).says(&["host0", said, "ForceCommand"]);
    }
}

/// The shell that stands in `/etc/passwd`, with files of its own that talk whenever it starts.
#[test]
fn shells_of_real_accounts() {
    let Some(hosted) = Hosted::new("") else { return };
    let login = hosted.users.login.as_str();
    for file in [".bashrc", ".zshenv", ".cshrc", ".config/fish/config.fish"] {
        let path = home(login).join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "echo Welcome\n").unwrap();
    }
    for shell in ["bash", "dash", "zsh", "fish", "tcsh"] {
        let mut folders = ["/bin", "/usr/bin"].iter().map(|folder| Path::new(folder).join(shell));
        let program =
            folders.find(|path| path.exists()).unwrap_or_else(|| panic!("{shell} is missing: tests/run installs it"));
        give_shell(login, program.to_str().unwrap());
        hosted.relm("deploy").ends(0);
        let ran = hosted.site.relm_with(["run", "--", "printf", "%s|", "it's", "$HOME", "a b"]).ends(0);
        assert!(ran.stdout.contains("it's|$HOME|a b|"), "{shell}: {}", ran.stdout);
    }
    give_shell(login, "/usr/sbin/nologin");
    hosted.relm("deploy").ends(3).says(&["web1", "not available"]);
}
