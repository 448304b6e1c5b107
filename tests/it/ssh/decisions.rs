//! Decisions: who is let in, and who is believed, by relm and by `ssh -o BatchMode=yes`, against a real sshd. Where ssh
//! refuses relm refuses; where only relm refuses, docs/ssh.md says why.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use relm::ssh::connect;

use crate::sshd::{Agent, Sshd, host, keygen, public_key};

/// What relm refuses and ssh does not: a piece of the case, and the word of docs/ssh.md for the reason.
const STRICTER: &[(&str, &str)] = &[
    ("StrictHostKeyChecking no", "`StrictHostKeyChecking no`"),
    ("StrictHostKeyChecking accept-new", "`accept-new`"),
    ("CheckHostIP yes", "`CheckHostIP yes`"),
    ("BindInterface", "`BindInterface`"),
    ("CanonicalizeHostname yes", "`CanonicalizeHostname`"),
    ("3des-cbc", "3des"),
    ("umac-64@openssh.com", "umac"),
    ("sntrup761x25519", "sntrup761"),
    ("NoHostAuthenticationForLocalhost yes", "`NoHostAuthenticationForLocalhost`"),
    ("SessionType none", "`SessionType`"),
];

/// Whether ssh gets in. The server's own sftp is asked for, because no login shell is needed for it.
fn ssh_connects(sshd: &Sshd) -> bool {
    let mut ssh = Command::new("ssh");
    ssh.arg("-F").arg(sshd.ssh_config()).args(["-o", "BatchMode=yes", "web1", "-s", "sftp"]);
    ssh.env_remove("SSH_AUTH_SOCK").env("HOME", sshd.folder());
    ssh.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

struct Tally {
    cases: usize,
    connected: usize,
    stricter: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn new() -> Self {
        Self { cases: 0, connected: 0, stricter: 0, wrong: Vec::new() }
    }

    /// Lets both decide on the same files; ssh may write to them, so it comes second.
    async fn judge(&mut self, sshd: &Sshd, what: &str) {
        self.cases += 1;
        let ours = connect(&host("web1"), &sshd.settings()).await.map(|_| ());
        let theirs = ssh_connects(sshd);
        match (ours, theirs) {
            (Ok(()), true) => self.connected += 1,
            (Err(_), false) => {}
            (Ok(()), false) => self.wrong.push(format!("ssh refuses and relm does not: {what}")),
            (Err(_), true) if STRICTER.iter().any(|(piece, _)| what.contains(piece)) => self.stricter += 1,
            (Err(e), true) => self.wrong.push(format!("only relm refuses: {what}\n    {e} {:?}", e.details)),
        }
    }

    fn done(self, at_least: usize) {
        let Self { cases, connected, stricter, wrong } = self;
        println!("{cases} cases, {connected} connected, {stricter} where relm is stricter");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(cases >= at_least && connected >= cases / 12, "{cases} cases, {connected} connected");
    }
}

#[test]
fn what_is_stricter_is_said() {
    let page = fs::read_to_string("docs/ssh.md").unwrap();
    for (_, word) in STRICTER {
        assert!(page.contains(word), "docs/ssh.md does not say {word}");
    }
}

/// Faster for both, and beside the point.
const QUICK: &str = "KexAlgorithms curve25519-sha256\nCiphers aes128-gcm@openssh.com\n";

#[tokio::test(flavor = "multi_thread")]
async fn known_hosts_in_all_forms() {
    let Some(sshd) = Sshd::start_with("Subsystem sftp internal-sftp\n") else { return };
    for kind in ["ed25519", "ecdsa", "rsa"] {
        keygen(&sshd.folder().join(format!("other_{kind}")), kind, "");
    }
    let name = format!("[127.0.0.1]:{}", sshd.port());
    let hashed = |name: &str| {
        let file = sshd.folder().join("to_hash");
        fs::write(&file, format!("{name} {}\n", sshd.host_key("ed25519"))).unwrap();
        let mut hash = Command::new("ssh-keygen");
        assert!(hash.arg("-Hf").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
        fs::read_to_string(&file).unwrap().split(' ').next().unwrap().to_owned()
    };
    let names = [
        name.clone(),
        "127.0.0.1".to_owned(),
        hashed(&name),
        hashed("127.0.0.1"),
        format!("other,{name}"),
        "[127.0.0.?]:*".to_owned(),
        format!("*,!{name}"),
        format!("*,!{name},!127.0.0.1"),
        "fleet".to_owned(),
        "FLEET".to_owned(),
        "[127.0.0.1]:1".to_owned(),
    ];
    let keys = [
        sshd.host_key("ed25519"),
        sshd.host_key("rsa"),
        public_key(&sshd.folder().join("other_ed25519")),
        public_key(&sshd.folder().join("other_ecdsa")),
    ];
    let mut tally = Tally::new();
    for name in &names {
        for key in &keys {
            for marker in ["", "@revoked ", "@cert-authority "] {
                for lines in ["", "HostKeyAlias fleet\n"] {
                    if !marker.is_empty() && lines.is_empty() != (key == &keys[0]) {
                        continue;
                    }
                    let known = format!("{marker}{name} {key}\n");
                    sshd.configure(&format!("{QUICK}{lines}"));
                    fs::write(sshd.known_hosts(), &known).unwrap();
                    tally.judge(&sshd, &format!("{lines}{known}")).await;
                }
            }
        }
    }
    tally.done(120);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_lines_files_and_policies() {
    let Some(sshd) = Sshd::start_with("Subsystem sftp internal-sftp\n") else { return };
    keygen(&sshd.folder().join("other"), "ed25519", "");
    let (good, bad) = (sshd.host_key("ed25519"), public_key(&sshd.folder().join("other")));
    let (rsa, name) = (sshd.host_key("rsa"), format!("[127.0.0.1]:{}", sshd.port()));
    let second = sshd.folder().join("second");
    let known = [
        String::new(),
        format!("{name} {good}\n"),
        format!("{name} {bad}\n"),
        format!("{name} {bad}\n{name} {good}\n"),
        format!("127.0.0.1 {bad}\n{name} {good}\n"),
        format!("127.0.0.1 {good}\n{name} {bad}\n"),
        format!("{name} {good}\n@revoked * {good}\n"),
        format!("{name} {rsa}\n"),
        format!("# nothing\n\n   {name}   {good}   comment here\n"),
        format!("{name} ssh-ed25519\n{name} ssh-ed25519 AAAA\n{name} {good}\n"),
        format!("@unknown {name} {good}\n"),
        format!("{name} {good}"),
    ];
    let two_files = format!("UserKnownHostsFile {} {}\n", second.display(), sshd.known_hosts().display());
    let policies = [
        String::new(),
        "StrictHostKeyChecking no\n".to_owned(),
        "StrictHostKeyChecking accept-new\n".to_owned(),
        "StrictHostKeyChecking yes\n".to_owned(),
        "HostKeyAlgorithms ssh-ed25519\n".to_owned(),
        "HostKeyAlgorithms rsa-sha2-512\n".to_owned(),
        format!("GlobalKnownHostsFile {}\nUserKnownHostsFile none\n", sshd.known_hosts().display()),
        two_files,
    ];
    let mut tally = Tally::new();
    for policy in &policies {
        for known in &known {
            sshd.configure(&format!("{QUICK}{policy}"));
            fs::write(sshd.known_hosts(), known).unwrap();
            fs::write(&second, format!("@revoked {name} {rsa}\n")).unwrap();
            tally.judge(&sshd, &format!("{policy}{known}")).await;
        }
    }
    tally.done(90);
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_in_and_ways_there() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority");
    keygen(&authority, "ed25519", "");
    let lines =
        format!("Subsystem sftp internal-sftp\nTrustedUserCAKeys {}\n", authority.with_extension("pub").display());
    let Some(sshd) = Sshd::start_with(&lines) else { return };
    let path = |name: &str| sshd.folder().join(name);
    for (name, kind, passphrase) in [
        ("wrong", "ed25519", ""),
        ("rsa", "rsa", ""),
        ("locked", "ed25519", "secret"),
        ("signed", "ed25519", ""),
        ("expired", "ed25519", ""),
    ] {
        keygen(&path(name), kind, passphrase);
    }
    let sign = |name: &str, more: &[&str]| {
        let user = sshd.settings().local_user;
        let mut sign = Command::new("ssh-keygen");
        sign.args(["-q", "-s"]).arg(&authority).args(["-I", "t", "-n", &user]).args(more);
        assert!(sign.arg(path(name).with_extension("pub")).status().unwrap().success());
    };
    sign("signed", &[]);
    sign("expired", &["-V", "20200101:20210101"]);
    sshd.authorize(&["id_ed25519", "rsa", "locked"].map(|name| public_key(&path(name))));
    let agent = Agent::start(sshd.folder());
    agent.add(&path("rsa"));
    let (socket, only) = (agent.socket().display().to_string(), "IdentitiesOnly yes\nIdentityFile none\n");
    let key = |name: &str| path(name).display().to_string();
    let cases = [
        String::new(),
        "PubkeyAuthentication no\n".to_owned(),
        "PreferredAuthentications password\n".to_owned(),
        "PreferredAuthentications hostbased,publickey\n".to_owned(),
        "PubkeyAcceptedAlgorithms rsa-sha2-512\n".to_owned(),
        "PubkeyAcceptedAlgorithms -ssh-ed25519\n".to_owned(),
        "PubkeyAcceptedAlgorithms ssh-ed25519\n".to_owned(),
        format!("PubkeyAcceptedAlgorithms rsa-sha2-256\nIdentityFile {}\n", key("rsa")),
        format!("RequiredRSASize 4096\nIdentityFile {}\nPubkeyAcceptedAlgorithms rsa-sha2-512\n", key("rsa")),
        format!("Host *\nIdentityFile {}\n", key("wrong")),
        format!("Host *\nIdentityAgent {socket}\n{only}"),
        format!("Host *\nIdentityAgent {socket}\n"),
        format!("IdentityAgent {socket}\nPubkeyAcceptedAlgorithms rsa-sha2-512\n"),
        format!("IdentityAgent {socket}\nIdentitiesOnly yes\nPubkeyAcceptedAlgorithms rsa-sha2-512\n"),
        format!(
            "IdentityAgent {socket}\nIdentitiesOnly yes\nIdentityFile {}\nPubkeyAcceptedAlgorithms rsa-sha2-512\n",
            key("rsa")
        ),
        "IdentityAgent /nowhere\n".to_owned(),
        format!("IdentityFile {}\nPubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com\n", key("signed")),
        format!("IdentityFile {}\nPubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com\n", key("expired")),
        format!(
            "IdentityFile {}\nCertificateFile {}-cert.pub\nPubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com\n",
            key("signed"),
            key("signed")
        ),
        format!(
            "CertificateFile {}-cert.pub\nPubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com\n",
            key("signed")
        ),
        format!(
            "IdentityFile {}\nCertificateFile {}-cert.pub\nPubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com\n",
            key("signed"),
            key("expired")
        ),
        "User nobody-at-all\n".to_owned(),
        "Ciphers aes256-ctr\nMACs hmac-sha1\n".to_owned(),
        "Ciphers 3des-cbc\n".to_owned(),
        "Ciphers +3des-cbc\n".to_owned(),
        "Ciphers aes128-ctr\nMACs umac-64@openssh.com\n".to_owned(),
        "KexAlgorithms ecdh-sha2-nistp384\n".to_owned(),
        "KexAlgorithms diffie-hellman-group1-sha1\n".to_owned(),
        "KexAlgorithms diffie-hellman-group18-sha512\n".to_owned(),
        "KexAlgorithms sntrup761x25519-sha512@openssh.com\n".to_owned(),
        "HostKeyAlgorithms ssh-rsa\n".to_owned(),
        "HostKeyAlgorithms ecdsa-sha2-nistp521\n".to_owned(),
        "AddressFamily inet6\n".to_owned(),
        "AddressFamily inet\n".to_owned(),
        "BindAddress 127.0.0.1\n".to_owned(),
        "BindAddress 203.0.113.7\n".to_owned(),
        "BindInterface lo\n".to_owned(),
        "CheckHostIP yes\n".to_owned(),
        "CanonicalizeHostname yes\nCanonicalDomains example.org\n".to_owned(),
        "NoHostAuthenticationForLocalhost yes\nUserKnownHostsFile /dev/null\n".to_owned(),
        "ProxyCommand busybox nc %h %p\n".to_owned(),
        "ProxyCommand false\n".to_owned(),
        "ProxyCommand none\n".to_owned(),
        "Host web1\n  ProxyJump web2\n".to_owned(),
        "Host web1\n  ProxyJump web2,web3\n".to_owned(),
        "Host web1\n  ProxyJump nobody@web2\n".to_owned(),
        "Host web1\n  ProxyJump web2\nHost web2\n  UserKnownHostsFile /dev/null\n".to_owned(),
        "RemoteCommand true\n".to_owned(),
        "SessionType none\nRemoteCommand none\n".to_owned(),
        "RevokedHostKeys /nowhere\n".to_owned(),
        format!("RevokedHostKeys {}\n", key("host_ed25519.pub")),
        format!("RevokedHostKeys {}\n", key("wrong.pub")),
        "KnownHostsCommand /bin/false\n".to_owned(),
        "Match exec \"test %p = 22\"\n  UserKnownHostsFile /dev/null\n".to_owned(),
        "Match final\n  User nobody-at-all\n".to_owned(),
        "Match final host 127.0.0.1\n  ProxyCommand false\n".to_owned(),
        "ConnectTimeout 5\nServerAliveInterval 3\nConnectionAttempts 2\n".to_owned(),
        "SetEnv A=1\nSendEnv B\nCompression yes\nControlMaster no\n".to_owned(),
        "Nonsense yes\n".to_owned(),
        "IgnoreUnknown Nonsense\nNonsense yes\n".to_owned(),
        "Host other\n  Port nowhere\n".to_owned(),
        "HostName 127.0.0.2\n".to_owned(),
        "HostName localhost\n".to_owned(),
        "HostName LOCALHOST\nHostKeyAlias [127.0.0.1]:22\n".to_owned(),
    ];
    let mut tally = Tally::new();
    for case in &cases {
        let quick = if ["Ciphers", "MACs", "Kex"].iter().any(|word| case.contains(word)) { "" } else { QUICK };
        sshd.know(&["ed25519", "ecdsa", "rsa"]);
        sshd.configure(&format!("{case}\nHost *\n{quick}"));
        tally.judge(&sshd, case).await;
    }
    // An own key that others may read, and one with a passphrase that nobody can be asked for.
    for (name, mode) in [("id_ed25519", 0o644), ("id_ed25519", 0o600)] {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
        sshd.configure(QUICK);
        tally.judge(&sshd, &format!("mode {mode:o}")).await;
    }
    use_only(&sshd, &path("locked"));
    tally.judge(&sshd, "a key with a passphrase").await;
    tally.done(60);
}

fn use_only(sshd: &Sshd, key: &Path) {
    let text = fs::read_to_string(sshd.ssh_config()).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("Identit")).collect();
    fs::write(sshd.ssh_config(), format!("{}\n  IdentityFile {}\n", lines.join("\n"), key.display())).unwrap();
}
