//! A project that deploys to three real OpenSSH servers of this machine, each with a directory of its own for a home.

use std::fs;
use std::process::Command;

use crate::site::Done;
use crate::sshd::Sshd;

/// Three servers and a project that deploys to them.
pub(crate) struct Fleet {
    project: tempfile::TempDir,
    pub(crate) servers: Vec<(&'static str, Sshd)>,
}

impl Fleet {
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// `settings` is the middle of `Releases.toml`.
    pub(crate) fn start_with(settings: &str) -> Option<Self> {
        let project = tempfile::tempdir().expect("a directory");
        let mut servers = Vec::new();
        for name in ["web1", "web2", "db1"] {
            let home = project.path().join(name);
            fs::create_dir(&home).expect("a home");
            let home = home.display();
            // Logins of one person differ by their servers here; relm itself sees an ordinary sshd.
            let start = format!("ForceCommand cd {home} && HOME={home} exec sh -c \"$SSH_ORIGINAL_COMMAND\"\n");
            servers.push((name, Sshd::start_with(&start)?));
        }
        let fleet = Self { project, servers };
        fs::create_dir_all(fleet.path("code/static")).expect("a directory");
        fs::write(fleet.path("code/VERSION"), "one\n").expect("a file");
        fs::write(fleet.path("code/static/it's $HOME; ü\nline"), "odd\n").expect("a file");
        fleet.configure(settings);
        fleet.introduce("");
        Some(fleet)
    }

    pub(crate) fn path(&self, below: &str) -> std::path::PathBuf {
        self.project.path().join(below)
    }

    pub(crate) fn configure(&self, settings: &str) {
        let text = format!(
            "ssh_config = \"ssh_config\"\n[source]\ndir = \"code\"\n{settings}\n[env.test.hosts]\n\
             web1 = {{ address = \"web1\", roles = [\"web\"] }}\nweb2 = {{ address = \"web2\", roles = [\"web\"] }}\n\
             db1 = {{ address = \"db1\", roles = [\"db\"] }}\n"
        );
        fs::write(self.path("Releases.toml"), text).expect("a file");
    }

    /// Writes the client's configuration; `first` stands before everything and wins.
    pub(crate) fn introduce(&self, first: &str) {
        let host = |(name, server): &(&str, Sshd)| {
            let folder = server.folder().display();
            format!(
                "Host {name}\n  HostName 127.0.0.1\n  Port {}\n  IdentityFile {folder}/id_ed25519\n  IdentitiesOnly yes\n  \
                 UserKnownHostsFile {folder}/known_hosts\n  GlobalKnownHostsFile none\n",
                server.port()
            )
        };
        let hosts: String = self.servers.iter().map(host).collect();
        fs::write(self.path("ssh_config"), format!("{first}\n{hosts}")).expect("a file");
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relm"));
        command.args(args).current_dir(self.project.path()).env_clear();
        command.env("HOME", self.project.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("USER", std::env::var("USER").unwrap_or_else(|_| login())).stdin(std::process::Stdio::null());
        command
    }

    pub(crate) fn relm(&self, args: &[&str]) -> Done {
        Done::from(self.command(args).output().expect("relm runs"))
    }

    pub(crate) fn live(&self) -> Vec<Option<String>> {
        let current = |(name, _): &(&str, Sshd)| {
            let target = fs::read_link(self.path(name).join("www/test/current")).ok()?;
            Some(target.file_name()?.to_string_lossy().into_owned())
        };
        self.servers.iter().map(current).collect()
    }

    pub(crate) fn server(&self, name: &str) -> &Sshd {
        &self.servers.iter().find(|(other, _)| *other == name).expect("a server").1
    }
}

pub(crate) fn login() -> String {
    let id = Command::new("id").arg("-un").output().expect("id");
    String::from_utf8(id.stdout).expect("UTF-8").trim().to_owned()
}
