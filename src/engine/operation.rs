//! What an operation is: on each of its hosts one script, as a value.

use std::fmt::Debug;
use std::time::Duration;

use crate::fleet::{Host, HostName, Scope, Targets};
use crate::release::{Layout, ReleaseName, Wanted};
use crate::script::Script;
use crate::secret::Secrets;
use crate::transport::Exit;

use super::{Obstacle, Work};

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

    /// The steps that need not be taken back any more on a host where it has ended well: it brings up what they took down.
    /// Only asked where nothing flips.
    fn makes_up_for(&self) -> Vec<String> {
        Vec::new()
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

    /// On how many hosts it may run at a time; on all of them if nothing is said.
    fn at_once(&self) -> Option<usize> {
        None
    }

    /// Says whether every host must have finished what comes before it.
    fn awaits_all(&self) -> bool {
        self.at_once().is_some() || self.targets().once
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

    /// Says whether it belongs to the switch and comes when all hosts have made theirs: if it fails, all of them go back.
    fn ends_switch(&self) -> bool {
        false
    }

    /// Says whether a person is asked, when all hosts have switched and only this has failed, if they go back.
    fn asks(&self) -> bool {
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

    /// How long telling may take.
    fn time_limit(&self) -> Option<Duration> {
        None
    }

    /// What the host is to the others, behind its name.
    fn words(&self) -> &'static str {
        "which it is taken from"
    }
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
    /// As whom relm is signed in there; nothing where nobody has to.
    pub login: Option<&'a str>,
    /// The secrets of the run.
    pub secrets: &'a Secrets,
}
