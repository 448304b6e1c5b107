//! A directory posing as a host, with a shell and tools of the test's choice.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, TimeZone as _, Utc};
use relm::engine::{Events, Machine, Nobody, On, Operation, Plan, Work, run};
use relm::fleet::{Address, EnvName, Fleet, Host, HostName, Role, Scope};
use relm::local::LocalHost;
use relm::operations::RunCommand;
use relm::release::{Layout, Record, ReleaseName};
use relm::script::Script;
use relm::secret::{Mask, Secrets};
use relm::transport::{Exec, ExecError, Exit, HostShell, Input, Status, Transport};
use tokio_util::sync::CancellationToken;

/// What `sh` is on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shell {
    Dash,
    Bash,
    Ash,
}

/// Where `tar`, `mv` and the others come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tools {
    Coreutils,
    /// Busybox and nothing else.
    Busybox,
}

/// One posing host with one environment, `demo`, in `srv/demo`.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) shell: Shell,
    pub(super) tools: Tools,
    pub(super) transport: Arc<HostShell>,
    pub(super) layout: Layout,
    pub(super) host: Host,
    pub(super) env: Scope,
    home: PathBuf,
    link: Arc<LocalHost>,
    _directory: tempfile::TempDir,
}

impl Shell {
    pub(super) fn program(self) -> PathBuf {
        match self {
            Self::Dash => program("dash", "dash"),
            Self::Bash => program("bash", "bash"),
            Self::Ash => program("busybox", "busybox"),
        }
    }
}

/// The program's path.
fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|place| place.join(name));
    let found = places.find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed, and this test needs it: install the package {package}"))
}

impl Stage {
    pub(super) fn new(shell: Shell, tools: Tools) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let at = directory.path().canonicalize().expect("a path");
        let (bin, home) = (at.join("bin"), at.join("home"));
        fs::create_dir(&bin).expect("a directory");
        let mut path = OsString::from(&bin);
        match tools {
            Tools::Busybox => {
                path.push(":");
                path.push(applets());
            }
            Tools::Coreutils => {
                path.push(":");
                path.push(std::env::var_os("PATH").unwrap_or_default());
            }
        }
        symlink(shell.program(), bin.join("sh")).expect("a link");
        let environment = BTreeMap::from([("PATH".into(), path), ("TMPDIR".into(), at.into_os_string())]);
        let link = Arc::new(LocalHost::new(&home, environment).expect("a host"));
        let base = home.join("srv/demo");
        Self {
            shell,
            tools,
            transport: Arc::new(HostShell::new(link.clone())),
            layout: Layout::new(base.to_str().expect("utf-8")),
            host: Host {
                name: HostName::new("web1").expect("a name"),
                address: Address::Local(home.clone()),
                roles: BTreeSet::from(["web", "db"].map(|role| Role::new(role).expect("a role"))),
                source_files: Vec::new(),
                variables: BTreeMap::new(),
            },
            env: EnvName::new("demo").expect("a name").into(),
            home,
            link,
            _directory: directory,
        }
    }

    /// Another connection to the same host.
    pub(super) fn another(&self) -> Arc<HostShell> {
        Arc::new(HostShell::new(self.link.clone()))
    }

    pub(super) fn link(&self) -> Arc<LocalHost> {
        self.link.clone()
    }

    /// The host as `claim` and `survey` know it, over a connection of its own.
    pub(super) fn machine(&self) -> Machine {
        Machine {
            host: self.host.clone(),
            transport: self.another(),
            layout: self.layout.clone(),
            before: None,
            before_reference: String::new(),
            fence: None,
            turn: Arc::default(),
            secrets: Arc::default(),
        }
    }

    /// Busybox has none.
    pub(super) fn has_zstd(&self) -> bool {
        self.tools == Tools::Coreutils
    }

    /// A path below the environment's directory.
    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.home.join("srv/demo").join(below)
    }

    pub(super) fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap_or_else(|error| panic!("{below}: {error}"))
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// From now on: what was asked of `sync`, a line a time.
    pub(super) fn synced(&self) -> impl Fn() -> Vec<String> {
        let tool = self.home.with_file_name("bin").join("sync");
        let log = self.home.with_file_name("synced");
        fs::write(&tool, "#!/bin/sh\nprintf '%s\\n' \"$@\" >>\"${0%/bin/*}/synced\"\n").expect("a file");
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).expect("a mode");
        fs::write(&log, "").expect("a file");
        move || fs::read_to_string(&log).expect("a file").lines().map(str::to_owned).collect()
    }

    /// Puts a script in the place of one of the host's programs.
    pub(super) fn replaces(&self, program: &str, text: &str) {
        let tool = self.home.with_file_name("bin").join(program);
        fs::write(&tool, format!("#!/bin/sh\n{text}\n")).expect("a file");
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    pub(super) async fn sh(&self, text: &'static str) -> Exit {
        self.script(&Script::new(text)).await
    }

    pub(super) async fn script(&self, script: &Script) -> Exit {
        self.transport.capture(script, None).await.unwrap_or_else(|error| panic!("{error}: {script:?}"))
    }

    pub(super) async fn exec(
        &self,
        script: &Script,
        input: &Input,
        time_limit: Option<Duration>,
    ) -> Result<Exit, ExecError> {
        let stop = CancellationToken::new();
        let exec = Exec {
            script,
            input,
            on_line: &|_, _, _| {},
            on_part: &|_, _| {},
            on_sent: &|_| {},
            time_limit,
            stop: &stop,
            kept: None,
            is_open_text: false,
            mask: Mask::nothing(),
        };
        self.transport.exec(exec).await
    }

    /// What an operation sees of this host.
    pub(super) fn on<'a>(&'a self, release: Option<&'a ReleaseName>, before: Option<&'a ReleaseName>) -> On<'a> {
        On {
            host: &self.host,
            layout: &self.layout,
            env: &self.env,
            release,
            before,
            before_reference: "main",
            login: None,
            secrets: Secrets::none(),
        }
    }

    /// Runs an operation for a release.
    pub(super) async fn run(&self, operation: &dyn Operation, release: &ReleaseName) -> Exit {
        self.work(&operation.work(&self.on(Some(release), None))).await
    }

    pub(super) async fn work(&self, work: &Work) -> Exit {
        self.exec(&work.script, &work.input, work.time_limit).await.expect("an exit")
    }

    /// Claims the release of the `n`th second.
    pub(super) async fn claimed(&self, n: u32) -> Record {
        let record = record(n);
        assert_eq!(self.claim(&record).await, 0);
        record
    }

    /// Claims a release in a run's first step, which does nothing else; returns what the run exited with.
    pub(super) async fn claim(&self, record: &Record) -> u8 {
        let fleet = Fleet { hosts: vec![self.host.clone()] };
        let nothing = RunCommand {
            reference: "main".to_owned(),
            outside: true,
            journaled: false,
            ..RunCommand::new("nothing", ":")
        };
        let plan = Plan::new("deploy", &self.env, &fleet).about(&record.name).prepare(nothing).claiming(record);
        let (events, heard) = Events::new(false);
        let ended = run(&plan, &[self.machine()], &events, &CancellationToken::new(), &Nobody).await;
        drop((events, heard));
        ended.exit_code
    }

    /// Claims a release that holds a file `VERSION` with its name.
    pub(super) async fn with_version(&self, n: u32) -> Record {
        let record = self.claimed(n).await;
        fs::write(self.path(&format!("releases/{}/VERSION", record.name)), record.name.as_str()).expect("a file");
        record
    }
}

/// A directory with a link for every applet, as `busybox --install` makes them; the same for all tests.
fn applets() -> &'static Path {
    static APPLETS: OnceLock<PathBuf> = OnceLock::new();
    APPLETS.get_or_init(|| {
        let bin = Path::new(env!("CARGO_TARGET_TMPDIR")).join("applets");
        fs::create_dir_all(&bin).expect("a directory");
        let busybox = program("busybox", "busybox");
        let list = Command::new(&busybox).arg("--list").output().expect("busybox --list");
        for applet in String::from_utf8(list.stdout).expect("text").lines() {
            // It stands there from an earlier run.
            let _ = symlink(&busybox, bin.join(applet));
        }
        bin
    })
}

/// The record of the release of the `n`th second.
pub(super) fn record(n: u32) -> Record {
    let created = at(n);
    Record {
        reference: "main".to_owned(),
        by: "Zoë O'Neil".to_owned(),
        machine: "laptop".to_owned(),
        source: "main of shop".to_owned(),
        commit: Some("0123abc".to_owned()),
        tree: "f00d".to_owned(),
        message: Some("quotes ' \" and \\n, $HOME `id` % é\nand a second line".to_owned()),
        ..Record::new(ReleaseName::at(created), created)
    }
}

/// The `n`th second.
pub(super) fn at(n: u32) -> DateTime<Utc> {
    Utc.timestamp_opt(1_790_000_000 + i64::from(n), 0).single().expect("a time")
}

/// Asserts how a script ended, and shows what it said if it ended otherwise.
#[track_caller]
pub(super) fn ended(exit: &Exit, code: u32) {
    assert_eq!(exit.status, Status::Code(code), "{exit:?}");
}
