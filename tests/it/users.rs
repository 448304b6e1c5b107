//! Two users of this machine for one test, a host on which the one logs in and may become the other.
//!
//! Only root can make users: for anybody else these tests are skipped, and say so loudly. What they make in /etc has names
//! of its own and goes when the test ends.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::site::{Done, Site};
use crate::sshd::Sshd;

/// Tools that write to /etc/passwd give up where another is at it.
static PASSWD: Mutex<()> = Mutex::new(());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The password of the login.
pub(crate) const PASSWORD: &str = r"it's \a Pass$word: s3ntinel-of-sudo";

/// A login and the user who owns the application.
pub(crate) struct Users {
    pub(crate) login: String,
    pub(crate) app: String,
    rules: PathBuf,
}

impl Users {
    pub(crate) fn new() -> Option<Self> {
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
        if !is_root {
            assert!(
                std::env::var_os("CI").is_none(),
                "becoming another user is tested as root; nothing may be skipped in CI"
            );
            eprintln!("\n*** SKIPPED: becoming another user. Only root can make users for it ***\n");
            return None;
        }
        for (tool, package) in [("sudo", "sudo"), ("doas", "opendoas"), ("useradd", "passwd")] {
            let there = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].iter().any(|dir| Path::new(dir).join(tool).exists());
            assert!(there, "{tool} is missing: install {package}");
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = |kind: &str| format!("relm-{kind}-{}-{number}", std::process::id());
        let users = Self { login: name("l"), app: name("a"), rules: Path::new("/etc/sudoers.d").join(name("test")) };
        let _one = PASSWD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ran = |command: &mut Command| assert!(command.status().expect("a process").success(), "{command:?}");
        ran(Command::new("/usr/sbin/useradd").args(["-m", "-s", "/bin/sh", &users.login]));
        ran(Command::new("/usr/sbin/useradd").args(["-m", "-s", "/usr/sbin/nologin", &users.app]));
        let mut set = Command::new("/usr/sbin/chpasswd").stdin(Stdio::piped()).spawn().expect("chpasswd");
        writeln!(set.stdin.take().expect("its input"), "{}:{PASSWORD}", users.login).expect("a line");
        assert!(set.wait().expect("a status").success());
        Some(users)
    }

    /// Writes the rules of sudo; `LOGIN` and `APP` stand for the two.
    pub(crate) fn allow(&self, rules: &str) {
        let text = rules.replace("LOGIN", &self.login).replace("APP", &self.app) + "\n";
        // sudo passes over names with a dot in them.
        let new = self.rules.with_extension("new");
        fs::write(&new, text).expect("a file");
        fs::set_permissions(&new, fs::Permissions::from_mode(0o440)).expect("a mode");
        fs::rename(new, &self.rules).expect("a file");
    }
}

/// Gives a user the shell that stands in `/etc/passwd`.
pub(crate) fn give_shell(user: &str, shell: &str) {
    let _one = PASSWD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let given = Command::new("/usr/sbin/usermod").args(["-s", shell, user]).status().expect("usermod");
    assert!(given.success(), "{shell}");
}

/// The processes of a user, without those that only wait for their parent's notice.
pub(crate) fn processes(user: &str) -> String {
    let listed = Command::new("ps").args(["-o", "stat=,pid=,args=", "-u", user]).output().expect("ps");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    text.lines().filter(|line| !line.starts_with('Z')).map(|line| format!("{line}\n")).collect()
}

/// The home of a user.
pub(crate) fn home(user: &str) -> PathBuf {
    Path::new("/home").join(user)
}

impl Drop for Users {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.rules);
        let _one = PASSWD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for user in [&self.login, &self.app] {
            // What a failed test left running.
            let left = Command::new("ps").args(["-o", "pid=", "-u", user]).output().expect("ps");
            for pid in String::from_utf8_lossy(&left.stdout).split_whitespace() {
                let _ = Command::new("kill").args(["-s", "KILL", pid]).stderr(Stdio::null()).status();
            }
            let _ = Command::new("/usr/sbin/userdel").args(["-r", user]).stderr(Stdio::null()).status();
        }
    }
}

/// A site with one host, `web1`: a real sshd, where the login is not the owner.
pub(crate) struct Hosted {
    pub(crate) site: Site,
    pub(crate) users: Users,
    pub(crate) sshd: Sshd,
}

impl Hosted {
    /// `settings` come before everything else of the file.
    pub(crate) fn new(settings: &str) -> Option<Self> {
        let sshd = Sshd::start()?;
        let users = Users::new()?;
        let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
        open(sshd.folder(), 0o755);
        sshd.configure(&format!("Host web1\n  User {}\n", users.login));
        let site = Site::new("web1", "");
        open(&site.path(""), 0o755);
        site.write("talk/.here", "");
        open(&site.path("talk"), 0o777);
        let hosted = Self { site, users, sshd };
        hosted.configure(settings);
        Some(hosted)
    }

    /// Writes `Releases.toml` anew; `LOGIN`, `APP` and `TALK`, a directory for all, are replaced in it.
    pub(crate) fn configure(&self, settings: &str) {
        let settings = settings.replace("LOGIN", &self.users.login).replace("APP", &self.users.app);
        let settings = settings.replace("TALK", self.site.path("talk").to_str().expect("text"));
        let ssh = self.sshd.ssh_config();
        self.site.write(
            "Releases.toml",
            format!(
                "ssh_config = \"{}\"\n{settings}\n[app]\nname = \"shop\"\n[source]\ndir = \"code\"\n\
                 [env.test.hosts]\nweb1 = {{ address = \"web1\", roles = [\"web\"] }}\n",
                ssh.display(),
            ),
        );
    }

    pub(crate) fn relm(&self, line: &str) -> Done {
        self.site.relm(line)
    }

    /// A file of the live release, which is the application's.
    pub(crate) fn live(&self, path: &str) -> PathBuf {
        home(&self.users.app).join("www/test/current").join(path)
    }
}
