//! Jobs: commands that go on when the session that started them is gone.
//!
//! A job lives in a session of its own and writes down on its host how it ended. It never holds the lock, and it stands in the
//! release it was started from, so that no clean removes that.

mod seen;

use super::{Actor, AwaitCommand, RunCommand, Wraps};
use crate::engine::{Makes, On, Operation, Work, short};
use crate::release::ReleaseName;
use crate::script::Script;

pub use seen::{JobSeen, JobState, read_jobs};

/// So many that have ended are kept on a host.
const KEPT: usize = 50;

/// So much of what a job says is kept, in bytes.
const LOG_MAX: u64 = 64 << 20;

const STATE: &str = concat!(include_str!("../../engine/lock/state.sh"), include_str!("state.sh"));
const BEGINS: &str = concat!(include_str!("../../engine/lock/state.sh"), include_str!("begins.sh"));
const START: &str =
    concat!(include_str!("../../engine/lock/state.sh"), include_str!("state.sh"), include_str!("start.sh"));
const AWAIT: &str =
    concat!(include_str!("../../engine/lock/state.sh"), include_str!("state.sh"), include_str!("await.sh"));

/// Starts a command as a job.
#[derive(Debug, Clone)]
pub struct StartJob {
    /// The command.
    command: RunCommand,
    /// What the job is called.
    called: String,
    actor: Actor,
    /// Nobody waits for it or asks whether it is done.
    is_typed: bool,
    log_max: u64,
}

impl StartJob {
    /// An operation of a release. Done once more, it is started again only if it has failed.
    pub fn of_release(command: RunCommand, actor: &Actor) -> Self {
        let called = command.name.clone();
        // Whether it is done the host says, and not the journal, which only knows that it was started.
        let command = RunCommand { always: true, ..command };
        Self { command, called, actor: actor.clone(), is_typed: false, log_max: LOG_MAX }
    }

    /// A command that was typed.
    pub fn typed(command: RunCommand, called: &str, actor: &Actor) -> Self {
        Self { command, called: called.to_owned(), actor: actor.clone(), is_typed: true, log_max: LOG_MAX }
    }

    /// With so many bytes kept of what it says, if that is said.
    #[must_use]
    pub fn logging(self, log_max: Option<u64>) -> Self {
        Self { log_max: log_max.unwrap_or(self.log_max), ..self }
    }

    /// Its name: it begins with the time, and stands in that order among others.
    pub fn id(&self) -> String {
        format!("{}-{}", ReleaseName::at(self.actor.at), self.called)
    }
}

impl StartJob {
    /// What takes the secrets that the command is given out of what it has said.
    fn hiding(&self, on: &On<'_>) -> Script {
        let lines = on.secrets.expose_lines(&self.command.secrets.iter().map(String::as_str).collect());
        if lines.is_empty() {
            return Script::default();
        }
        let hide = Script::new(include_str!("hide.sh"));
        hide.args(lines.iter().flat_map(|(line, name)| [*line, name.as_str()])).apart()
    }
}

/// By what a wait, or a run that goes on, knows a job again.
fn key(command: &RunCommand, on: &On<'_>) -> String {
    let release = on.release.or(on.before).map_or("-", |release| release.as_str());
    format!("{release} {} {}", command.name, short(&command.definition(on)))
}

impl Wraps for StartJob {
    fn inner(&self) -> &dyn Operation {
        &self.command
    }

    fn work_around(&self, on: &On<'_>) -> Work {
        let release = on.release.or(on.before);
        let directory = release.map_or_else(|| on.layout.base().to_owned(), |release| on.layout.release(release));
        let Actor { task, by, machine, at, .. } = &self.actor;
        let about = serde_json::json!({
            "name": self.called, "release": release, "task": task, "by": by, "machine": machine, "started": at,
        });
        let job = Script::new(BEGINS)
            .set("relm_directory", directory)
            .then(&self.command.work(on).script.apart())
            .then(&Script::new("relm_code=$?\numask 077"))
            .then(&Script::new(include_str!("logged.sh")))
            .then(&self.hiding(on))
            .then(&Script::new(include_str!("ends.sh")));
        let script = Script::new(START)
            .set("relm_jobs", on.layout.jobs())
            .set("relm_id", self.id())
            .set("relm_about", about.to_string())
            .set("relm_key", if self.is_typed { "-".to_owned() } else { key(&self.command, on) })
            .set("relm_releases", format!("{}/releases", on.layout.base()))
            .set("relm_new", if self.command.journaled { "" } else { "yes" })
            .set("relm_kept", KEPT.to_string())
            .set("relm_log_max", self.log_max.to_string())
            .set("relm_keep_log", Script::new(include_str!("keep_log.sh")).as_str())
            // The braces make the other shell read all of it before it runs any of it.
            .set("relm_script", format!("{{\n{}\n}} </dev/null", job.as_str()));
        Work { command: Some(self.command.run.clone()), ..Work::ours(script) }
    }

    /// What it makes there comes later.
    fn makes(&self) -> Makes {
        Makes::Nothing
    }
}

/// Waits for the job of an operation.
#[derive(Debug)]
pub struct AwaitJob {
    /// The wait, whose check is never run.
    pub wait: AwaitCommand,
    /// The operation.
    pub job: RunCommand,
}

impl Wraps for AwaitJob {
    fn inner(&self) -> &dyn Operation {
        &self.wait
    }

    fn work_around(&self, on: &On<'_>) -> Work {
        let check = Script::new(AWAIT).set("relm_jobs", on.layout.jobs()).set("relm_key", key(&self.job, on));
        self.wait.waiting(self.wait.patiently(check))
    }
}

/// Lists the jobs of a host, for [`read_jobs`].
pub fn list_jobs(on: &On<'_>) -> Script {
    let list = Script::new(STATE).then(&Script::new(include_str!("list.sh")));
    list.set("relm_jobs", on.layout.jobs())
}

/// Shows what a job has said, on the hosts that have it.
#[derive(Debug)]
pub struct ShowJob {
    /// Its name.
    pub id: String,
    /// So many lines of its end.
    pub lines: u32,
    /// Goes on until it ends.
    pub follows: bool,
}

impl Operation for ShowJob {
    fn name(&self) -> String {
        "jobs".to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let show = Script::new(STATE).then(&Script::new(include_str!("tail.sh")));
        let show = show.set("relm_jobs", on.layout.jobs()).set("relm_id", &self.id);
        Work::ours(
            show.set("relm_lines", self.lines.to_string()).set("relm_follow", if self.follows { "yes" } else { "" }),
        )
    }

    fn is_journaled(&self) -> bool {
        false
    }
}

/// Ends a job with all it has started.
#[derive(Debug)]
pub struct StopJob {
    /// Its name.
    pub id: String,
    /// Who wants it.
    pub by: String,
}

/// A job has so many seconds to end by itself.
const PATIENCE: &str = "10";

impl Operation for StopJob {
    fn name(&self) -> String {
        "jobs".to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let stop = Script::new(STATE).then(&Script::new(include_str!("stop.sh")));
        let stop = stop.set("relm_jobs", on.layout.jobs()).set("relm_id", &self.id);
        Work::ours(stop.set("relm_patience", PATIENCE).set("relm_by", &self.by))
    }

    fn is_journaled(&self) -> bool {
        false
    }
}
