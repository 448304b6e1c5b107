//! Services: what runs on hosts and has to follow the release, whoever looks after it.

mod elsewhere;
mod render;
mod state;
mod turn;

use std::time::Duration;

use super::becoming::as_another;
use super::seeing;
use super::values::values;
use crate::engine::{On, Reading, Work};
use crate::fleet::{Become, Fleet, Host, HostName, Targets};
use crate::script::Script;
use crate::template::{Template, Values};
use crate::transport::Input;

pub use elsewhere::{ForgetElsewhere, StopElsewhere};
pub use render::RenderService;
pub use state::{ProgramSeen, read_state};
pub use turn::{Turn, TurnService};

/// One service.
#[expect(clippy::struct_excessive_bools, reason = "each stands for a word of the file")]
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name in the file.
    pub name: String,
    /// What looks after it.
    pub kind: Kind,
    /// Where it runs.
    pub targets: Targets,
    /// The only host that may run it.
    pub singleton: Option<HostName>,
    /// What it is called by whoever looks after it.
    pub programs: Vec<String>,
    /// The only ones of these that are meant, as patterns of their names; all of them if there are none. What they run from is
    /// left as it is then, files and notes of the whole.
    pub part: Vec<String>,
    /// Its own files, by the names they get.
    pub files: Vec<File>,
    /// Where these go.
    pub into: Option<String>,
    /// Text for `sh` that looks at each of its files, at the path in `$RELM_FILE`.
    pub check: Option<String>,
    /// Told to read its files again, instead of stopped and started.
    pub reloads: bool,
    /// One host at a time.
    pub serial: bool,
    /// How long stopping and starting may take on one host.
    pub time_limit: Duration,
    /// What is run instead of what the kind would run, by the names of `service.sh`.
    pub commands: Vec<(&'static str, String)>,
    /// Its units are those of the user it is done as, and not of the machine.
    pub is_users: bool,
    /// Whether its processes must run from the new release.
    pub proof: bool,
    /// The user all of it is done as, if not whoever all else is done as.
    pub becoming: Option<Become>,
    /// The app's name, for templates.
    pub app: String,
    /// What the release was made from.
    pub reference: String,
}

/// What looks after a service: the file of shell functions that knows how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// supervisord.
    Supervisor,
    /// systemd.
    Systemd,
    /// supervise of daemontools.
    Daemontools,
    /// Commands of the file's own.
    Command,
}

/// A file of a service.
#[derive(Debug, Clone)]
pub struct File {
    /// What it is called.
    pub name: String,
    /// What it says.
    pub template: Template,
    /// Whether it is a program.
    pub executable: bool,
}

/// What all of a service's scripts share; what knows each kind stands before it.
const COMMON: &str = concat!(
    include_str!("../clock.sh"),
    include_str!("service.sh"),
    include_str!("part.sh"),
    include_str!("files.sh"),
    include_str!("../../engine/hides.sh"),
    include_str!("proof.sh")
);
const SUPERVISOR: &str = include_str!("supervisor.sh");
const SYSTEMD: &str = include_str!("systemd.sh");
const DAEMONTOOLS: &str = include_str!("daemontools.sh");
const COMMAND: &str = include_str!("command.sh");

/// What is not seen would be taken for what is not there.
const THEIRS: &str = r#"( cd -- "$relm_base/.relm" && { [ ! -e services ] || cd services; } && { [ ! -e "$relm_service" ] || [ -r "$relm_service" ]; } ) || {
  printf '%s may not look into %s\n' "$(id -un)" "$relm_base/.relm" >&2
  exit 1
}"#;

/// 91 is a release without files: those of the one before are gone then.
const NOTED: &str = r#"relm_code=$?
case $relm_code in 0|91|98) relm_noted || exit ;; esac
exit "$relm_code""#;

/// What `Releases.toml` may have its own command for.
const COMMANDS: [&str; 7] =
    ["relm_control", "relm_start", "relm_stop", "relm_restart", "relm_reload", "relm_status", "relm_pids"];

/// Stopping and starting each have the limit; what hangs beyond that is ended.
const GRACE: Duration = Duration::from_secs(15);

impl Kind {
    /// Its word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisor",
            Self::Systemd => "systemd",
            Self::Daemontools => "daemontools",
            Self::Command => "command",
        }
    }

    fn functions(self) -> &'static str {
        match self {
            Self::Supervisor => SUPERVISOR,
            Self::Systemd => SYSTEMD,
            Self::Daemontools => DAEMONTOOLS,
            Self::Command => COMMAND,
        }
    }
}

impl Service {
    /// Says whether a host of `fleet` is one that runs it.
    pub fn runs_on(&self, fleet: &Fleet, host: &Host) -> bool {
        fleet.select(&self.hosts()).iter().any(|one| one.name == host.name)
    }

    /// The hosts that run it.
    fn hosts(&self) -> Targets {
        Targets { only: self.singleton.clone(), ..self.targets.clone() }
    }

    /// `text`, with all a service's script knows. It is about the run's release, else the live one.
    fn script(&self, text: &'static str, on: &On<'_>) -> Script {
        let release = on.release.or(on.before);
        let path = release.map(|release| on.layout.release(release)).unwrap_or_default();
        let script = Script::new(self.kind.functions())
            .then(&Script::new(COMMON))
            .then(&Script::new(text))
            .set("relm_service", &self.name)
            .set("relm_base", on.layout.base())
            .set("relm_release", &path)
            .set("relm_programs", self.programs.join("\n"))
            .set("relm_part", self.part.join("\n"))
            .set("relm_into", self.into.as_deref().unwrap_or_default())
            .set("relm_expects", if self.files.is_empty() { "" } else { "yes" })
            .set("relm_reloads", if self.reloads { "yes" } else { "" })
            .set("relm_is_users", if self.is_users { "yes" } else { "" })
            .set("relm_proof", if self.proof { "yes" } else { "" })
            .set("relm_is_noted", if self.becoming.is_some() { "yes" } else { "" })
            .set("relm_patience", self.time_limit.as_secs().to_string());
        let script = COMMANDS.into_iter().fold(script, |script, name| {
            let own = self.commands.iter().find(|(command, _)| *command == name);
            script.set(name, own.map_or("", |(_, text)| text.as_str()))
        });
        seeing(script, on, &self.reference)
    }

    /// The same, done by whoever it is done as.
    fn script_as(&self, text: &'static str, on: &On<'_>) -> Script {
        let script = self.script(text, on);
        let Some(becoming) = &self.becoming else { return script };
        let theirs = Script::new(THEIRS).then(&script);
        let theirs = theirs.set("relm_service", &self.name).set("relm_base", on.layout.base());
        as_another(&theirs, becoming, on.secrets)
    }

    /// The same where it puts files in place. What is put where stands in relm's records, and those are not written by
    /// another user.
    fn replacing(&self, text: &'static str, on: &On<'_>) -> Script {
        let script = self.script_as(text, on);
        if self.becoming.is_none() || !self.part.is_empty() {
            return script;
        }
        let release = on.release.or(on.before);
        Script::new(concat!(include_str!("files.sh"), "relm_want && relm_note || exit"))
            .then(&script.apart())
            .then(&Script::new(NOTED))
            .set("relm_service", &self.name)
            .set("relm_base", on.layout.base())
            .set("relm_release", release.map(|release| on.layout.release(release)).unwrap_or_default())
            .set("relm_into", self.into.as_deref().unwrap_or_default())
    }

    /// A script that stops, starts or restarts, and its limit.
    fn work(&self, script: Script) -> Work {
        Work {
            script,
            input: Input::Nothing,
            time_limit: Some(self.time_limit * 2 + GRACE),
            reading: Reading::Ours,
            command: None,
        }
    }

    /// What it is, told apart from when and where.
    fn definition(&self) -> String {
        let mut text = format!("{} {} {:?}", self.kind.word(), self.reloads, self.into);
        if let Some(becoming) = &self.becoming {
            text.push_str("\nas ");
            text.push_str(&becoming.user);
        }
        if self.is_users {
            text.push_str("\nunits of the user");
        }
        for word in self.programs.iter().chain(self.commands.iter().map(|(_, command)| command)) {
            text.push('\n');
            text.push_str(word);
        }
        text
    }

    /// What its templates can name.
    fn values(&self, on: &On<'_>) -> Values {
        values(on, &self.app, &self.reference).text("service", &self.name)
    }
}
