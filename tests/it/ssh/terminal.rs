//! Passwords and other questions of a host, answered on a real terminal: `script` of util-linux makes one.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::site::{Done, kill, within};
use crate::sshd::Sshd;

/// A login of this machine with a password, gone when dropped.
struct Account {
    name: String,
    home: TempDir,
}

const PASSWORD: &str = "correct horse 5";

impl Account {
    /// Makes one; only root can, and others are told so loudly.
    fn new() -> Option<Self> {
        static MADE: Mutex<u32> = Mutex::new(0);
        // One at a time: they lock the file of logins.
        let mut made = MADE.lock().unwrap();
        *made += 1;
        let name = format!("relmtest{}-{made}", std::process::id());
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut useradd = Command::new("/usr/sbin/useradd");
        useradd.args(["-m", "-s", "/bin/sh", "-d"]).arg(home.path().join("home")).arg(&name);
        if !useradd.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            eprintln!("\n*** SKIPPED: only root can make a login with a password to try ***\n");
            return None;
        }
        let account = Self { name, home };
        let mut chpasswd = Command::new("/usr/sbin/chpasswd").stdin(Stdio::piped()).spawn().unwrap();
        chpasswd.stdin.take().unwrap().write_all(format!("{}:{PASSWORD}\n", account.name).as_bytes()).unwrap();
        assert!(chpasswd.wait().unwrap().success());
        Some(account)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let _ = Command::new("/usr/sbin/userdel").args(["-f", &self.name]).stderr(Stdio::null()).status();
    }
}

/// What is typed to interrupt.
pub(crate) const CTRL_C: &str = "\u{3}";

/// Runs relm in `folder` on a terminal, and gives each answer when the words before it are shown. An answer such as `SIGTERM`
/// is that signal.
pub(crate) fn on_terminal(folder: &Path, line: &str, answers: &[(&str, &str)]) -> Done {
    typing(folder, &format!("exec {} {line}", env!("CARGO_BIN_EXE_relm")), answers)
}

/// The same for any command.
pub(crate) fn typing(folder: &Path, command: &str, answers: &[(&str, &str)]) -> Done {
    let mut script = Command::new("script")
        .args(["-q", "-e", "-c", command, "/dev/null"])
        .current_dir(folder)
        .envs([("HOME", folder), ("TERM", Path::new("dumb"))])
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script belongs to util-linux");
    let (shown, mut from) = (Arc::new(Mutex::new(String::new())), script.stdout.take().unwrap());
    let reading = std::thread::spawn({
        let shown = shown.clone();
        move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                shown.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        }
    });
    let (mut keys, mut seen) = (script.stdin.take().unwrap(), 0);
    for (question, answer) in answers {
        let asked = || shown.lock().unwrap()[seen..].find(question).map(|at| seen + at + question.len());
        let came = within(30, || asked().is_some());
        assert!(came, "{question:?} is not asked: {}", shown.lock().unwrap());
        seen = asked().unwrap();
        // What is typed before the echo is off would be shown by the terminal, here as anywhere.
        std::thread::sleep(std::time::Duration::from_millis(300));
        match answer.strip_prefix("SIG") {
            Some(signal) => kill(&child_of(script.id()), signal),
            // Behind it no line is ended: nobody is to read one.
            None if *answer == CTRL_C => keys.write_all(answer.as_bytes()).unwrap(),
            None => keys.write_all(format!("{answer}\n").as_bytes()).unwrap(),
        }
    }
    let ended = within(120, || script.try_wait().unwrap().is_some());
    if !ended {
        script.kill().unwrap();
    }
    let status = script.wait().unwrap();
    assert!(ended, "it does not end: {}", shown.lock().unwrap());
    reading.join().unwrap();
    let stderr = shown.lock().unwrap().clone();
    Done { code: status.code(), stdout: String::new(), stderr }
}

/// The one process that this one has started.
fn child_of(parent: u32) -> String {
    let is_child = |pid: &String| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)) == Some(&parent.to_string())
    };
    let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    all.filter(|name| name.parse::<u32>().is_ok()).find(is_child).expect("a child")
}

/// A project whose one host is that account, with no key to it.
fn project(sshd: &Sshd, account: &Account, methods: &str) -> TempDir {
    sshd.configure(&format!(
        "Host web1\n  User {}\n  PreferredAuthentications {methods}\n  NumberOfPasswordPrompts 2\n",
        account.name
    ));
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("code")).unwrap();
    fs::write(folder.path().join("code/app.txt"), "one\n").unwrap();
    let config = format!(
        "ssh_config = \"{}\"\n[source]\ndir = \"code\"\n[env.test.hosts]\nweb1 = {{ address = \"web1\" }}\n",
        sshd.ssh_config().display()
    );
    fs::write(folder.path().join("Releases.toml"), config).unwrap();
    folder
}

/// Deploys with these settings of the server: wrong first, then right; and where nobody can answer, not at all.
fn deploys_with_answers(lines: &str, methods: &str, question: &str) {
    let Some(account) = Account::new() else { return };
    let Some(sshd) = Sshd::start_with(lines) else { return };
    let folder = project(&sshd, &account, methods);
    let done = on_terminal(folder.path(), "deploy", &[(question, "wrong"), (question, PASSWORD)]).ends(0);
    assert!(!done.stderr.contains(PASSWORD) && !done.stderr.contains("wrong"), "{done:?}");
    let live = account.home.path().join("home/www/test/current/app.txt");
    assert_eq!(fs::read_to_string(&live).unwrap(), "one\n");
    // Nobody ends in good order here: relm does at once.
    on_terminal(folder.path(), "check", &[(question, CTRL_C)]).ends(130).says(&["interrupted"]);
    on_terminal(folder.path(), "check", &[(question, "wrong"), (question, "no")])
        .ends(3)
        .says(&["does not let", &format!("{methods}: refused")]);
    let relm = Command::new(env!("CARGO_BIN_EXE_relm"))
        .arg("check")
        .current_dir(&folder)
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .output();
    Done::from(relm.unwrap()).ends(3).says(&["there is no terminal to ask on"]);
    // From a secret, and nobody is asked; a wrong one is not tried again.
    let given =
        "[secrets]\nLOGIN = { env = \"LOGIN_OF_TEST\" }\n[env.test]\nlogin_password = \"LOGIN\"\n[env.test.hosts]";
    let file = folder.path().join("Releases.toml");
    let plain = fs::read_to_string(&file).unwrap();
    fs::write(&file, plain.replace("[env.test.hosts]", given)).unwrap();
    let with = |password: &str| {
        let mut relm = Command::new(env!("CARGO_BIN_EXE_relm"));
        let relm = relm.arg("deploy").current_dir(&folder).env("HOME", folder.path()).env("LOGIN_OF_TEST", password);
        Done::from(relm.stdin(Stdio::null()).output().unwrap())
    };
    with(PASSWORD).ends(0);
    let done = with("wrong-one").ends(3).says(&["does not let", "refused"]);
    assert!(!done.stderr.contains("wrong-one"), "{done:?}");
    fs::write(&file, plain).unwrap();
    // Unless it is asked for, nobody is asked, though there is no other way in.
    sshd.authorize(&[]);
    let config = fs::read_to_string(sshd.ssh_config()).unwrap();
    let config: Vec<_> = config.lines().filter(|line| !line.contains("PreferredAuth")).collect();
    fs::write(sshd.ssh_config(), config.join("\n") + "\n").unwrap();
    let done = on_terminal(folder.path(), "check", &[]).ends(3);
    assert!(!done.stderr.contains(question), "{done:?}");
}

#[test]
fn a_password_is_asked_for_on_the_terminal() {
    deploys_with_answers("PasswordAuthentication yes\n", "password", "'s password: ");
}

#[test]
fn questions_of_a_host_are_asked_on_the_terminal() {
    if !Path::new("/etc/pam.d/sshd").exists() {
        eprintln!("\n*** SKIPPED: without /etc/pam.d/sshd a server here has no questions to ask ***\n");
        return;
    }
    deploys_with_answers("UsePAM yes\nKbdInteractiveAuthentication yes\n", "keyboard-interactive", "(web1) Password:");
}
