//! What an operation is: on each of its hosts one script, as a value.

use std::fmt::Debug;
use std::time::Duration;

use crate::event::Outcome;
use crate::fleet::{Host, HostName, Scope, Targets};
use crate::release::{Layout, ReleaseName, Wanted};
use crate::script::Script;
use crate::secret::Secrets;
use crate::transport::{ExecError, Exit, Input, Status};

/// One thing done on hosts: roles, a script, and for the switch its inverse.
///
/// Every operation is idempotent: what was started and not finished is in doubt, and is run again.
pub trait Operation: Debug + Send + Sync {
    /// Stable and unique in a plan: it stands in messages, records and the journal.
    fn name(&self) -> String;

    /// The hosts it is for.
    fn targets(&self) -> Targets {
        Targets::all()
    }

    /// What it does on a host.
    fn work(&self, on: &On<'_>) -> Work;

    /// What it does on a host where its work met an obstacle: the longer way. The host says why in its last line of
    /// output. No way meets the same obstacle as the one before it.
    fn instead(&self, _on: &On<'_>, _obstacle: Obstacle) -> Option<Work> {
        None
    }

    /// What takes it back on a host where it was begun, when the run fails before its release is live everywhere. Only
    /// asked of operations of `prepare` and the switch; after a flip that was put back.
    fn undo(&self, _on: &On<'_>) -> Option<Work> {
        None
    }

    /// What it is, told apart from when and by whom it is run: a resumed run does again what has another definition
    /// now. The same for the same step on any controller, in any run.
    fn definition(&self, on: &On<'_>) -> String {
        self.work(on).script.as_str().to_owned()
    }

    /// The app's own command, as `Releases.toml` has it; nothing for relm's own operations.
    fn command(&self) -> Option<&str> {
        None
    }

    /// Says whether a resumed run does it again although it is done.
    fn always(&self) -> bool {
        false
    }

    /// Says whether it runs on one host at a time.
    fn is_serial(&self) -> bool {
        false
    }

    /// Says whether every host must have finished what comes before it.
    fn awaits_all(&self) -> bool {
        self.is_serial() || self.targets().once
    }

    /// What it leaves in the release's tree, for the seals.
    fn makes(&self) -> Makes {
        Makes::Nothing
    }

    /// Says whether a release's journal is told that it is done.
    fn is_journaled(&self) -> bool {
        true
    }

    /// Says whether it may share a journey to the host with the steps beside it: it is relm's own and short, and has no
    /// limit of time.
    fn joins(&self) -> bool {
        false
    }

    /// The hosts it is done on, for each host it is for: those that have to do with it. Nothing if that is the host itself.
    fn through(&self) -> Option<Targets> {
        None
    }

    /// What another host gives for it; nothing if it needs nothing from there. On a host of its own its work first looks
    /// whether it has that, and meets [`Obstacle::Lacking`] if not; then it is done once more, and reads it. Both times it
    /// knows as `relm_told` what the other host told of it, and as `relm_reads` whether it reads.
    fn gives(&self) -> Option<&dyn Gives> {
        None
    }

    /// Says whether it takes something down for the time of a run: a journal is not believed that it is done, a run that goes
    /// on does it anew, and takes it back wherever an earlier one may have been killed over it. Taking it back harms nothing
    /// where it was not done.
    fn is_passing(&self) -> bool {
        false
    }

    /// Says whether it belongs to the flip: it is taken back with it, before anything runs in the old release again.
    fn belongs_to_flip(&self) -> bool {
        false
    }

    /// Says whether it is done however the run ends once all hosts have switched: it brings up what was taken down.
    fn is_owed(&self) -> bool {
        false
    }

    /// Says whether it reads a stream.
    fn reads(&self) -> bool {
        false
    }

    /// Says whether it can only be done with what the source has, and that was not read when it was planned.
    fn lacks_code(&self) -> bool {
        false
    }

    /// How long and how often it looks again before the run is paused; only asked of operations that look whether
    /// something is busy.
    fn patience(&self) -> Option<Patience> {
        None
    }

    /// What an exit tells of what it looked at; only asked of operations that look whether something is busy.
    fn sight(&self, exit: &Exit) -> Sight {
        Sight::Unknown(exit.status.to_string())
    }

    /// The consent that lets a run go on which it has paused; only asked of operations that look whether something is busy.
    fn wanted(&self) -> Option<Wanted> {
        None
    }

    /// The releases that it removes on a host.
    fn removes(&self, _host: &HostName) -> &[ReleaseName] {
        &[]
    }

    /// Says whether its failure only warrants a warning.
    fn may_fail(&self) -> bool {
        false
    }
}

/// What one host gives to others. Its scripts run there, read only, and say on standard error why they fail.
pub trait Gives: Debug + Send + Sync {
    /// The host.
    fn host(&self) -> &HostName;

    /// Tells in a word what would be given: the same for the same, and another for anything else.
    fn tell(&self, on: &On<'_>) -> Script;

    /// Writes it to standard output.
    fn give(&self, on: &On<'_>) -> Script;
}

/// How long something is looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The first pause.
    pub every: Duration,
    /// How many times longer each pause is than the one before.
    pub factor: u32,
    /// All of it.
    pub max: Duration,
}

impl Patience {
    /// Pauses do not grow beyond this: whoever waits for hours wants to go on soon after.
    const LONGEST: Duration = Duration::from_secs(300);

    /// The pause after `pause`.
    pub fn next(self, pause: Duration) -> Duration {
        (pause * self.factor).min(Self::LONGEST.max(self.every))
    }
}

/// What a look at a host came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Nothing is going on.
    Idle,
    /// This is going on, a line each.
    Busy(Vec<String>),
    /// Nobody can tell, for this reason.
    Unknown(String),
}

/// What an operation leaves in a release's tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Makes {
    /// Nothing that is not written down otherwise.
    Nothing,
    /// The code and nothing else: the tree is what its manifest says.
    Code,
    /// Whatever it makes, changes or removes there is its own.
    Files,
}

impl Makes {
    /// The name of the step that brings the code. Whoever checks the code afterwards seals it, and differences in it are
    /// laid to the step that brought it.
    pub const CODE_STEP: &'static str = "upload_code";
}

/// Where an operation works: one host of one run.
#[derive(Debug, Clone, Copy)]
pub struct On<'a> {
    /// The host.
    pub host: &'a Host,
    /// Its paths.
    pub layout: &'a Layout,
    /// The environment, or the component of it.
    pub env: &'a Scope,
    /// The release the run is about. While a switch is put back: the one that is live again.
    pub release: Option<&'a ReleaseName>,
    /// What was live when the run began.
    pub before: Option<&'a ReleaseName>,
    /// What that was made from.
    pub before_reference: &'a str,
    /// The secrets of the run.
    pub secrets: &'a Secrets,
}

/// A script with everything that bounds it.
#[derive(Debug, Clone)]
pub struct Work {
    /// The script.
    pub script: Script,
    /// What it reads.
    pub input: Input,
    /// How long it may take.
    pub time_limit: Option<Duration>,
    /// What its exit means.
    pub reading: Reading,
    /// The app's own command, as `Releases.toml` has it, to be shown when it fails.
    pub command: Option<String>,
}

/// What an exit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// 0 is success and everything else failure: commands that are not ours.
    Plain,
    /// Besides, 90 means that there was nothing to do, and 91 that it does not apply, with the reason as the last line
    /// of output. 98 is 0 with something that a person should know, as the last line of output. Never told from texts.
    Ours,
    /// A command that is not ours behind a script that is: 91 means that it was skipped, with the reason as the last line of
    /// output. All else is as in `Plain`.
    Skips,
    /// A look whether something is busy, which [`Operation::sight`] tells. If it is, or if nobody can tell, the run is
    /// paused.
    Look,
    /// A wait: 94, or running into the limit of time, means that it was in vain.
    Wait {
        /// How long it was.
        max: Duration,
        /// Whether that pauses the run; it fails otherwise.
        pauses: bool,
    },
}

impl Reading {
    /// The exit codes that are no failure, as words for a script.
    pub(super) fn good(self) -> &'static str {
        match self {
            Self::Plain | Self::Wait { .. } => "0",
            Self::Skips => "0 91",
            // Commands that look for something exit with 1 where nothing is.
            Self::Look => "0 1",
            Self::Ours => "0 90 91 98",
        }
    }
}

/// Why a script of ours could not do its work in the short way, by its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// 96: what it built on is not what it was taken for. What is done then builds on nothing.
    Base,
    /// 97: what the host was to fetch by itself cannot be had. Then it is sent.
    Fetch,
    /// 99: it lacks what another host gives. Then that is asked for it, and it is sent.
    Lacking,
}

impl Work {
    /// Why it has to be done the longer way, also in the host's words, if that is how it ended.
    pub(super) fn obstacle(&self, ended: &Result<Exit, ExecError>) -> Option<(Obstacle, String)> {
        let exit = ended.as_ref().ok().filter(|_| self.reading == Reading::Ours)?;
        let obstacle = match exit.status {
            Status::Code(96) => Obstacle::Base,
            Status::Code(97) => Obstacle::Fetch,
            Status::Code(99) => Obstacle::Lacking,
            _ => return None,
        };
        Some((obstacle, exit.stdout.lines().last().unwrap_or_default().to_owned()))
    }

    /// What a person should know of how it ended.
    pub(super) fn remark(&self, exit: &Exit) -> Option<String> {
        let is_one = self.reading == Reading::Ours && exit.status == Status::Code(98);
        is_one.then(|| exit.stdout.lines().last().unwrap_or_default().to_owned())
    }

    /// One of relm's own scripts, without input or limit.
    pub fn ours(script: Script) -> Self {
        Self { script, input: Input::Nothing, time_limit: None, reading: Reading::Ours, command: None }
    }

    /// The outcome an exit stands for, or what failed.
    pub(super) fn outcome(&self, ended: Result<Exit, ExecError>) -> Result<Outcome, String> {
        let in_vain = matches!(&ended, Ok(Exit { status: Status::Code(94), .. }) | Err(ExecError::TimedOut(_)));
        if let (Reading::Wait { max, pauses }, true) = (self.reading, in_vain) {
            let words = format!("was not ready within {}", patience(max));
            return if pauses { Ok(Outcome::Paused(words)) } else { Err(words) };
        }
        let exit = ended.map_err(|error| error.to_string())?;
        match (&exit.status, self.reading) {
            (Status::Code(0), _) | (Status::Code(98), Reading::Ours) => Ok(Outcome::Changed),
            (Status::Code(90), Reading::Ours) => Ok(Outcome::AlreadyDone),
            (Status::Code(91), Reading::Ours | Reading::Skips) => {
                Ok(Outcome::Skipped(exit.stdout.lines().last().unwrap_or_default().to_owned()))
            }
            (status, _) => Err(status.to_string()),
        }
    }
}

/// As `Releases.toml` has it: `90s`, `5m`, `1h30m`.
fn patience(time: Duration) -> String {
    let (hours, minutes, seconds) = (time.as_secs() / 3600, time.as_secs() / 60 % 60, time.as_secs() % 60);
    let parts = [(hours, 'h'), (minutes, 'm'), (seconds, 's')];
    parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number}{unit}")).collect()
}
