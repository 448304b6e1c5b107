//! A real OpenSSH server for one test, on a free port of 127.0.0.1.
//!
//! ```ignore
//! let Some(sshd) = Sshd::start() else { return };    // None only with RELM_SKIP_SSHD=1, and then said loudly
//! sshd.port();                 // where it listens
//! sshd.ssh_config();           // for `ssh_config = "…"` in Releases.toml: defines web1, web2, web3 and db1, all of them
//!                              // this server, with IdentityFile and UserKnownHostsFile of this server
//! sshd.folder();               // a fresh directory; gone with the server. `root = "<folder>/web1"` makes a host of it
//! sshd.settings();             // what relm::ssh::connect wants, without agent and terminal
//! Sshd::start_with("MaxSessions 3\n")                 // more lines for sshd_config
//! sshd.sessions();             // process ids of the connections, to stop or kill
//! ```
//!
//! Logins are those of whoever runs the tests, with the key `folder()/id_ed25519`; commands run in the real home
//! directory, so tests give absolute paths below `folder()`. All names reach one machine: hosts of a fleet differ by
//! their `root`. The server and its connections are ended by process id when the value is dropped.

mod agent;
mod process;
mod road;
mod security_key;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use relm::fleet::{Address, Host, HostName};
use relm::ssh::Settings;
use tempfile::TempDir;

pub(crate) use agent::Agent;
pub(crate) use process::{children, signal, title};
pub(crate) use road::Road;
pub(crate) use security_key::SecurityKey;

const SSHD: &str = "/usr/sbin/sshd";
const NAMES: &str = "web1 web2 web3 db1";

/// A running server.
#[derive(Debug)]
pub(crate) struct Sshd {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Sshd {
    /// Starts a server, or says loudly that it may not.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// Starts a server with more lines in its configuration; they win over the usual ones.
    pub(crate) fn start_with(lines: &str) -> Option<Self> {
        if std::env::var("RELM_SKIP_SSHD").is_ok_and(|value| value == "1") {
            assert!(std::env::var_os("CI").is_none(), "RELM_SKIP_SSHD=1 is not for CI: nothing may be skipped there");
            eprintln!("\n*** SKIPPED: RELM_SKIP_SSHD=1, so nothing was tested against a real sshd ***\n");
            return None;
        }
        assert!(
            Path::new(SSHD).exists(),
            "{SSHD} is missing: install openssh-server, or set RELM_SKIP_SSHD=1 to do without these tests"
        );
        // Where sshd confines itself when it is started by root; Debian makes it when the service starts.
        if user() == "root" && !Path::new("/run/sshd").exists() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        for kind in ["ed25519", "ecdsa", "rsa"] {
            keygen(&folder.path().join(format!("host_{kind}")), kind, "");
        }
        keygen(&folder.path().join("id_ed25519"), "ed25519", "");
        fs::copy(folder.path().join("id_ed25519.pub"), folder.path().join("authorized_keys")).unwrap();
        // Between finding a free port and using it somebody else may take it.
        let (port, child) = (0..5).find_map(|_| listen(folder.path(), lines)).unwrap_or_else(|| {
            let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            panic!("sshd does not start:\n{log}")
        });
        let sshd = Self { folder, port, child };
        sshd.know(&["ed25519", "ecdsa", "rsa"]);
        fs::write(sshd.ssh_config(), sshd.client_lines("")).unwrap();
        Some(sshd)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The client's configuration.
    pub(crate) fn ssh_config(&self) -> PathBuf {
        self.folder().join("ssh_config")
    }

    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.folder().join("known_hosts")
    }

    /// Puts lines before the usual ones of the client's configuration, so that they win.
    pub(crate) fn configure(&self, lines: &str) {
        fs::write(self.ssh_config(), self.client_lines(lines)).unwrap();
    }

    fn client_lines(&self, first: &str) -> String {
        format!(
            "{first}\nHost {NAMES}\n  HostName 127.0.0.1\n  Port {}\n  User {}\n  IdentityFile {}\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile none\n",
            self.port,
            user(),
            self.folder().join("id_ed25519").display(),
            self.known_hosts().display(),
        )
    }

    /// Writes `known_hosts` anew, with these of the server's keys.
    pub(crate) fn know(&self, kinds: &[&str]) {
        let line = |kind: &&str| format!("[127.0.0.1]:{} {}\n", self.port, self.host_key(kind));
        let lines: Vec<String> = kinds.iter().map(line).collect();
        fs::write(self.known_hosts(), lines.concat()).unwrap();
    }

    /// A public host key: type and data.
    pub(crate) fn host_key(&self, kind: &str) -> String {
        public_key(&self.folder().join(format!("host_{kind}")))
    }

    /// Lets `keys` in and nobody else.
    pub(crate) fn authorize(&self, keys: &[String]) {
        fs::write(self.folder().join("authorized_keys"), keys.join("\n") + "\n").unwrap();
    }

    /// What relm knows about this machine when it connects.
    pub(crate) fn settings(&self) -> Settings {
        Settings { config_file: Some(self.ssh_config()), ..Settings::new("test", self.folder(), user()) }
    }

    /// Process ids of the connections: of those that carry their bytes. For root that is the listener's child; for
    /// anyone else sshd puts a monitor between, which could be killed without the connection taking notice.
    pub(crate) fn sessions(&self) -> Vec<u32> {
        let carriers = |child: u32| {
            if !title(child).contains("[priv]") {
                return vec![child];
            }
            // Before it is let in, a connection has a helper of another title there.
            let inner: Vec<u32> = children(child).into_iter().filter(|inner| title(*inner).contains('@')).collect();
            if inner.is_empty() { vec![child] } else { inner }
        };
        children(self.child.id()).into_iter().flat_map(carriers).collect()
    }

    /// What the server says of itself.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let sessions = self.sessions();
        let _ = self.child.kill();
        let _ = self.child.wait();
        for session in sessions {
            signal("KILL", session);
        }
        if std::thread::panicking() {
            eprintln!("--- sshd says:\n{}", self.log());
        }
    }
}

fn listen(folder: &Path, lines: &str) -> Option<(u16, Child)> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = folder.join("sshd_config");
    let usual = format!(
        "{lines}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {0}/host_ed25519\nHostKey {0}/host_ecdsa\nHostKey {0}/host_rsa\n\
         PidFile none\nAuthorizedKeysFile {0}/authorized_keys\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nPermitRootLogin yes\nMaxStartups 200\nUseDNS no\nPrintMotd no\nLogLevel VERBOSE\n",
        folder.display()
    );
    // OpenSSH 9.8 locks out whoever fails often, and these tests do; earlier ones do not know the word.
    fs::write(&config, format!("{usual}PerSourcePenalties no\n")).unwrap();
    if !Command::new(SSHD).arg("-t").arg("-f").arg(&config).stderr(Stdio::null()).status().unwrap().success() {
        fs::write(&config, usual).unwrap();
    }
    let log = File::create(folder.join("log")).unwrap();
    let mut child = Command::new(SSHD)
        .args(["-D", "-e", "-f"])
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            // The process that answered this call must not pass for a test's own connection.
            while !children(child.id()).is_empty() && start.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(5));
            }
            return Some((port, child));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Makes a host as Releases.toml would.
pub(crate) fn host(name: &str) -> Host {
    let (name, address) = (HostName::new(name).unwrap(), Address::parse(name).unwrap());
    Host {
        name,
        address,
        roles: BTreeSet::new(),
        source_files: Vec::new(),
        variables: std::collections::BTreeMap::new(),
    }
}

/// Makes a key pair.
pub(crate) fn keygen(path: &Path, kind: &str, passphrase: &str) {
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", kind, "-N", passphrase, "-C", "", "-f"]).arg(path).stdin(Stdio::null());
    if kind == "rsa" {
        keygen.args(["-b", "2048"]);
    }
    assert!(keygen.status().expect("ssh-keygen belongs to openssh-client").success());
}

/// Returns type and data of the public half beside `path`.
pub(crate) fn public_key(path: &Path) -> String {
    let text = fs::read_to_string(path.with_extension("pub")).unwrap();
    text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Makes a file that only its owner may read.
pub(crate) fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
