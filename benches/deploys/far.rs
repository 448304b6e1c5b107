//! Hosts that are far away: an sshd each, and a relay before it that holds every byte for half the round trip.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

pub(crate) struct Far {
    directory: tempfile::TempDir,
    servers: Vec<Child>,
}

impl Far {
    pub(crate) fn start(hosts: usize, rtt: Duration) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut far = Self { directory, servers: Vec::new() };
        for key in ["id_ed25519", "host_key"] {
            run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(far.path(key)));
        }
        fs::copy(far.path("id_ed25519.pub"), far.path("authorized_keys")).expect("a copy");
        let (mut client, mut known) = (Vec::new(), Vec::new());
        let key = fs::read_to_string(far.path("host_key.pub")).expect("a key");
        for n in 1..=hosts {
            let (port, behind) = (free_port(), free_port());
            far.serve(n, behind);
            relay(port, behind, rtt / 2);
            client.push(format!("Host host{n}\n  HostName 127.0.0.1\n  Port {port}\n"));
            known.push(format!("[127.0.0.1]:{port} {key}"));
        }
        let here = far.directory.path().display();
        client.push(format!(
            "Host *\n  IdentityFile {here}/id_ed25519\n  IdentitiesOnly yes\n  UserKnownHostsFile {here}/known_hosts\n"
        ));
        fs::write(far.path("ssh_config"), client.concat()).expect("a file");
        fs::write(far.path("known_hosts"), known.concat()).expect("a file");
        let host = |n: usize| format!("host{n} = {{ address = \"host{n}\", roles = [\"web\"] }}\n");
        let hosts: String = (1..=hosts).map(host).collect();
        let file = format!("ssh_config = \"ssh_config\"\n[source]\ndir = \"code\"\n[env.bench.hosts]\n{hosts}");
        fs::write(far.path("Releases.toml"), file).expect("a file");
        far
    }

    fn serve(&mut self, n: usize, port: u16) {
        let here = self.directory.path().display().to_string();
        fs::create_dir(self.path(&format!("host{n}"))).expect("a home");
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {here}/host_key\nAuthorizedKeysFile {here}/authorized_keys\n\
             PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             ForceCommand cd {here}/host{n} && HOME={here}/host{n} exec sh -c \"$SSH_ORIGINAL_COMMAND\"\n"
        );
        let file = self.path(&format!("sshd{n}"));
        fs::write(&file, config).expect("a file");
        let _ = fs::create_dir("/run/sshd");
        let server = Command::new("/usr/sbin/sshd").args(["-D", "-e", "-f"]).arg(file).stderr(Stdio::null()).spawn();
        self.servers.push(server.expect("sshd: the package openssh-server is needed"));
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "sshd does not listen");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    /// Every host as it was at first.
    pub(crate) fn wipe(&self) {
        for n in 1..=self.servers.len() {
            let home = self.path(&format!("host{n}"));
            fs::remove_dir_all(&home).expect("a home");
            fs::create_dir(home).expect("a home");
        }
    }

    pub(crate) fn on_all(&self, command: impl Fn(usize) -> Command) -> Vec<Command> {
        (1..=self.servers.len()).map(command).collect()
    }

    pub(crate) fn ssh(&self, host: usize, command: &str) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.arg("-F").arg(self.path("ssh_config")).arg(format!("host{host}")).arg(command);
        ssh
    }

    pub(crate) fn tar(&self, host: usize) -> Command {
        let here = self.directory.path().display();
        let mut tar = Command::new("sh");
        tar.arg("-c").arg(format!(
            "tar cf - -C '{here}/code' . | ssh -F '{here}/ssh_config' host{host} 'mkdir tar && tar xf - -C tar'"
        ));
        tar
    }

    pub(crate) fn relm(&self, args: &[&str]) -> Command {
        let mut relm = Command::new(env!("CARGO_BIN_EXE_relm"));
        relm.args(args).current_dir(self.directory.path()).env("HOME", self.directory.path());
        relm
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn run(command: &mut Command) {
    assert!(command.status().expect("it starts").success(), "{command:?}");
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port").port()
}

fn relay(port: u16, behind: u16, delay: Duration) {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let Ok(far) = TcpStream::connect(("127.0.0.1", behind)) else { continue };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            if let (Ok(near_too), Ok(far_too)) = (near.try_clone(), far.try_clone()) {
                carry(near, far, delay);
                carry(far_too, near_too, delay);
            }
        }
    });
}

/// Carries bytes one way; each piece is on its way for `delay`.
fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (on_the_way, arrives) = mpsc::sync_channel::<(Instant, Vec<u8>)>(4096);
    thread::spawn(move || {
        let mut piece = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            if on_the_way.send((Instant::now() + delay, piece[..count].to_vec())).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (at, piece) in arrives {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
