//! A whole environment in a temporary directory: a `Releases.toml`, code, hosts that are directories, and the program.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// One environment, `test`, of hosts below `hosts/`.
///
/// Commands on hosts see `$SITE`, the directory of all this: a test talks with them through files there.
pub(crate) struct Site {
    directory: TempDir,
    fleet: Vec<(String, Vec<String>)>,
}

impl Site {
    /// Hosts as in `"web1=web,app db1=db"`; `settings` is the middle of `Releases.toml`.
    pub(crate) fn new(fleet: &str, settings: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let host = |text: &str| {
            let (name, roles) = text.split_once('=').unwrap_or((text, "web"));
            (name.to_owned(), roles.split(',').map(str::to_owned).collect())
        };
        let site = Self { directory, fleet: fleet.split_whitespace().map(host).collect() };
        for name in ["home", "bin", "hosts"] {
            fs::create_dir(site.path(name)).expect("a directory");
        }
        site.write("code/app.txt", "one\n");
        site.configure(settings);
        site
    }

    /// Writes `Releases.toml` anew around other settings.
    pub(crate) fn configure(&self, settings: &str) {
        let hosts = self.fleet.iter().fold(String::new(), |text, (name, roles)| {
            text + &format!("{name} = {{ address = \"local:hosts/{name}\", roles = {roles:?} }}\n")
        });
        let start = "[app]\nname = \"shop\"\n[source]\ndir = \"code\"\n";
        self.write("Releases.toml", format!("{start}{settings}\n[env.test.hosts]\n{hosts}"));
    }

    pub(crate) fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.directory.path().canonicalize().expect("a path").join(below)
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    /// What commands on hosts wrote to `$SITE/NAME`.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    /// The lines of `$SITE/log`, which is then empty.
    pub(crate) fn take_log(&self) -> Vec<String> {
        let lines = self.read("log").lines().map(str::to_owned).collect();
        self.write("log", "");
        lines
    }

    /// Puts a script in front of a tool of that name; `$REAL` runs the tool itself.
    pub(crate) fn shadow(&self, tool: &str, script: &str) {
        let path = self.path("bin").join(tool);
        let real = format!("REAL=$(PATH=${{PATH#*:}} command -v {tool})");
        fs::write(&path, format!("#!/bin/sh\n{real}\n{script}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    pub(crate) fn unshadow(&self, tool: &str) {
        fs::remove_file(self.path("bin").join(tool)).expect("a file");
    }

    /// A PATH with everything but these programs.
    pub(crate) fn path_without(&self, programs: &[&str]) -> std::ffi::OsString {
        let path = std::env::var_os("PATH").expect("a PATH");
        let kept = std::env::split_paths(&path).enumerate().map(|(n, directory)| {
            if !programs.iter().any(|program| directory.join(program).exists()) {
                return directory;
            }
            let copy = self.path(format!("path-{}-{n}", programs.join("-")));
            fs::create_dir(&copy).expect("a directory");
            for entry in fs::read_dir(&directory).expect("a directory") {
                let path = entry.expect("an entry").path();
                let name = path.file_name().expect("a name");
                if !programs.iter().any(|program| name == *program) {
                    symlink(&path, copy.join(name)).expect("a link");
                }
            }
            copy
        });
        std::env::join_paths(kept).expect("a PATH")
    }

    /// The program with these arguments and a fixed environment, and nobody at the keyboard.
    pub(crate) fn command<A: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let path = std::env::var("PATH").expect("a PATH");
        let mut command = Command::new(env!("CARGO_BIN_EXE_relm"));
        command.args(args).current_dir(self.path("")).env_clear();
        command.env("PATH", format!("{}:{path}", self.path("bin").display())).env("HOME", self.path("home"));
        command.env("SITE", self.path("")).env("USER", "tester").env("LANG", "C.UTF-8").env("NO_COLOR", "1");
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("TMPDIR", self.path("home"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command line of plain words.
    pub(crate) fn relm(&self, line: &str) -> Done {
        self.relm_with(line.split_whitespace())
    }

    /// Runs exactly these arguments.
    pub(crate) fn relm_with<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Done {
        Done::from(self.command(args).output().expect("a process"))
    }

    /// Starts a command line and leaves it running.
    pub(crate) fn start(&self, line: &str) -> Child {
        self.command(line.split_whitespace()).spawn().expect("a process")
    }

    /// Deploys, which succeeds. Returns the release that is live then.
    pub(crate) fn deploy(&self) -> String {
        self.relm("deploy").ends(0);
        self.live()
    }

    /// What is live on every host; the hosts agree.
    pub(crate) fn live(&self) -> String {
        let all: Vec<_> = self.hosts().iter().map(OnHost::current).collect();
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "the hosts disagree: {all:?}");
        all[0].clone().expect("something is live")
    }

    pub(crate) fn host(&self, name: &str) -> OnHost {
        OnHost { base: self.path("hosts").join(name).join("www/test") }
    }

    pub(crate) fn hosts(&self) -> Vec<OnHost> {
        self.fleet.iter().map(|(name, _)| self.host(name)).collect()
    }

    /// Waits until a command on a host has made `$SITE/NAME`.
    pub(crate) fn await_file(&self, name: &str) {
        let path = self.path(name);
        assert!(within(20, || path.exists()), "{name} did not come");
    }
}

/// Says whether something becomes true within so many seconds.
pub(crate) fn within(seconds: u64, mut happened: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        if happened() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    happened()
}

/// One environment's directory on one host.
pub(crate) struct OnHost {
    pub(crate) base: PathBuf,
}

impl OnHost {
    pub(crate) fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.base.join(below)
    }

    /// The name of the live release; its link is relative and the release is there.
    pub(crate) fn current(&self) -> Option<String> {
        let link = match fs::read_link(self.path("current")) {
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            link => link.expect("a link"),
        };
        let name = link.strip_prefix("releases").expect("a relative link into releases").to_str().expect("a name");
        assert!(self.release(name).is_dir(), "current dangles: {name}");
        Some(name.to_owned())
    }

    /// Points `current` elsewhere, behind relm's back.
    pub(crate) fn repoint(&self, target: &str) {
        let _ = fs::remove_file(self.path("current"));
        symlink(target, self.path("current")).expect("a link");
    }

    pub(crate) fn release(&self, name: &str) -> PathBuf {
        self.path("releases").join(name)
    }

    /// A file of the live release.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path("current").join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Every entry of `releases/`, in order.
    pub(crate) fn releases(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("releases")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub(crate) fn record_file(&self, release: &str, file: &str) -> PathBuf {
        self.path(".relm/releases").join(release).join(file)
    }

    /// `release.json`.
    pub(crate) fn record(&self, release: &str) -> Value {
        let text = fs::read_to_string(self.record_file(release, "release.json")).expect("a record");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The first word of the recorded state.
    pub(crate) fn state(&self, release: &str) -> String {
        let text = fs::read_to_string(self.record_file(release, "state")).expect("a state");
        text.split_whitespace().next().unwrap_or_default().to_owned()
    }
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Done {
    /// It ended with this exit code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}{}", self.stdout, self.stderr);
        self
    }

    /// Its standard error holds all of these.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not said:\n{}", self.stderr);
        }
        self
    }

    /// Its standard output holds all of these.
    #[track_caller]
    pub(crate) fn shows(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stdout.contains(word), "{word:?} is not shown:\n{}", self.stdout);
        }
        self
    }

    /// Standard output as JSON, one value a line.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(parse).collect()
    }

    /// The one JSON value on standard output.
    #[track_caller]
    pub(crate) fn report(&self) -> Value {
        let mut all = self.json();
        assert_eq!(all.len(), 1, "{}{}", self.stdout, self.stderr);
        all.remove(0)
    }

    /// The last event, which says how the run ended.
    #[track_caller]
    pub(crate) fn ending(&self) -> Value {
        let last = self.json().pop().unwrap_or_else(|| panic!("no events\n{}", self.stderr));
        assert_eq!(last["event"], "run_ended", "{}", self.stdout);
        assert_eq!(last["exit_code"], self.code.expect("a code"), "the event and the process disagree");
        last
    }
}

/// The words of `[[operations]]` that most tests need.
pub(crate) fn operation(name: &str, phase: &str, more: &str, run: &str) -> String {
    format!("[[operations]]\nname = \"{name}\"\nphase = \"{phase}\"\n{more}\nrun = '''{run}'''\n")
}

/// Appends who ran what in which release to the log.
pub(crate) const LOG: &str = r#"echo "$RELM_HOST OP $RELM_RELEASE" >> "$SITE/log""#;

/// An operation that logs its name, and fails where the test has made `$SITE/broken-NAME-HOST`.
pub(crate) fn logged(name: &str, phase: &str, more: &str) -> String {
    let log = LOG.replace("OP", name);
    let run = format!(
        "{log}\n[ ! -e \"$SITE/broken-{name}-$RELM_HOST\" ] || {{ echo {name} is broken on $RELM_HOST >&2; exit 7; }}"
    );
    operation(name, phase, more, &run)
}

/// Says whether a process lives; a zombie does not.
pub(crate) fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim().is_empty() && !rest.trim().starts_with('Z'))
}

/// Sends a signal to one process.
pub(crate) fn kill(pid: &str, signal: &str) {
    let sent = Command::new("kill").args(["-s", signal, "--", pid]).status();
    assert!(sent.expect("kill").success(), "{pid} is gone");
}
