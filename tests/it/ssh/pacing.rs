//! Many hosts behind one door: an sshd that sends strangers away when there are a few of them.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use relm::transport::ConnectErrorKind;

use super::refusal;
use crate::site::Done;
use crate::sshd::{Sshd, keygen, public_key};

/// A project whose hosts are all this one server, told apart by the key that relm signs in with. `start` is how the
/// server starts what it is asked to, in the host's home.
pub(super) fn project(sshd: &Sshd, many: usize, start: &str) -> tempfile::TempDir {
    let project = tempfile::tempdir().unwrap();
    let (mut keys, mut ssh_config, mut hosts) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..many {
        let home = project.path().join(format!("host{number}"));
        fs::create_dir(&home).unwrap();
        let (key, home) = (project.path().join(format!("key{number}")), home.display());
        keygen(&key, "ed25519", "");
        let start = format!("cd {home} && export HOME={home} && {start}").replace('"', "\\\"");
        keys.push(format!("command=\"{start}\" {}", public_key(&key)));
        ssh_config.push(format!("Host host{number}\n  IdentityFile {}\n", key.display()));
        hosts.push(format!("host{number} = {{ address = \"host{number}\", roles = [\"web\"] }}\n"));
    }
    sshd.authorize(&keys);
    let known = sshd.known_hosts();
    ssh_config.push(format!(
        "Host *\n  HostName 127.0.0.1\n  Port {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile none\n",
        sshd.port(),
        known.display()
    ));
    fs::write(project.path().join("ssh_config"), ssh_config.concat()).unwrap();
    fs::create_dir(project.path().join("code")).unwrap();
    fs::write(project.path().join("code/VERSION"), "one\n").unwrap();
    let text = format!("ssh_config = \"ssh_config\"\n[source]\ndir = \"code\"\n[env.test.hosts]\n{}", hosts.concat());
    fs::write(project.path().join("Releases.toml"), text).unwrap();
    project
}

pub(super) fn relm(project: &tempfile::TempDir, args: &[&str]) -> Done {
    // Fewer open files than hosts, unless relm asks for what the system allows.
    let mut relm = Command::new("sh");
    relm.args(["-c", "ulimit -S -n 30; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_relm")]);
    relm.args(args).current_dir(project.path()).env("HOME", project.path()).env_remove("SSH_AUTH_SOCK");
    Done::from(relm.stdin(Stdio::null()).output().unwrap())
}

/// As sshd does with a POSIX login shell.
pub(super) const USUAL: &str = "exec sh -c \"$SSH_ORIGINAL_COMMAND\"";

const HOSTS: usize = 40;

#[test]
fn forty_hosts_behind_one_sshd_that_lets_few_strangers_in() {
    let Some(sshd) = Sshd::start_with("MaxStartups 3:30:10\n") else { return };
    let project = project(&sshd, HOSTS, USUAL);
    relm(&project, &["deploy"]).ends(0);
    let run = relm(&project, &["run", "--", "cat", "VERSION"]).ends(0);
    assert_eq!(run.stdout.matches("| one").count(), HOSTS, "{}", run.stdout);
    // One connection a host and run, and each signed in at the first try.
    assert_eq!(sshd.log().matches("Accepted publickey").count(), 2 * HOSTS);
}

/// Hangs up on the first callers and then passes on to the server.
fn bouncer(sshd: &Sshd, hang_ups: usize, farewell: &'static str) -> (u16, Arc<AtomicUsize>) {
    let (door, port) = (TcpListener::bind("127.0.0.1:0").unwrap(), sshd.port());
    let (address, calls) = (door.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = calls.clone();
    std::thread::spawn(move || {
        for mut caller in door.incoming().flatten() {
            if counted.fetch_add(1, Ordering::SeqCst) < hang_ups {
                let _ = caller.write_all(farewell.as_bytes());
                continue;
            }
            let mut server = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut from, mut to) = (caller.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(read @ 1..) = server.read(&mut bytes) {
                    if caller.write_all(&bytes[..read]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    (address, calls)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_hangs_up_is_called_again_and_only_for_a_while() {
    let Some(sshd) = Sshd::start() else { return };
    for farewell in ["", "Exceeded MaxStartups\r\n"] {
        let (port, calls) = bouncer(&sshd, 4, farewell);
        sshd.configure(&format!("Port {port}\nHostKeyAlias [127.0.0.1]:{}\n", sshd.port()));
        super::link(&sshd).await;
        assert_eq!(calls.load(Ordering::SeqCst), 5);
    }
    let (port, calls) = bouncer(&sshd, usize::MAX, "");
    sshd.configure(&format!("Port {port}\nConnectTimeout 1\n"));
    let start = Instant::now();
    let error = refusal(&sshd.settings()).await;
    assert_eq!(error.kind, ConnectErrorKind::Unreachable);
    assert!(error.details.join("\n").contains("MaxStartups"), "{error} {:?}", error.details);
    assert!(calls.load(Ordering::SeqCst) > 2 && start.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final() {
    let Some(sshd) = Sshd::start() else { return };
    sshd.authorize(&[]);
    assert_eq!(refusal(&sshd.settings()).await.kind, ConnectErrorKind::SignIn);
    sshd.know(&[]);
    assert_eq!(refusal(&sshd.settings()).await.kind, ConnectErrorKind::UnknownHostKey);
    // The first was the test's own, to see whether the server is there.
    assert_eq!(sshd.log().matches("Connection from").count(), 3, "{}", sshd.log());
}
