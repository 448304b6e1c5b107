//! A wait: a check of the app's own, repeated until it succeeds.

use std::time::Duration;

use super::{RunCommand, Wraps};
use crate::engine::{Makes, On, Operation, Reading, Work};
use crate::script::Script;
use crate::transport::Input;

/// Repeats a check on the host, in one script: a connection that breaks meanwhile ends no wait.
#[derive(Debug, Clone)]
pub struct AwaitCommand {
    /// The check.
    pub check: RunCommand,
    /// The first pause.
    pub every: Duration,
    /// How many times longer each pause is than the one before.
    pub factor: u32,
    /// All the patience there is.
    pub max: Duration,
    /// Whether a wait in vain pauses the run; it fails otherwise.
    pub pauses: bool,
}

/// Pauses do not grow beyond this: whoever waits for hours wants to go on soon after.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// A check that hangs is ended so long after the last moment.
const GRACE: Duration = Duration::from_secs(5);

impl Wraps for AwaitCommand {
    fn inner(&self) -> &dyn Operation {
        &self.check
    }

    fn work_around(&self, on: &On<'_>) -> Work {
        let script = self.patiently(Script::new(include_str!("await_command.sh")));
        self.waiting(self.check.script(script, on, &self.check.run, &self.check.reference))
    }

    fn makes(&self) -> Makes {
        Makes::Nothing
    }
}

impl AwaitCommand {
    /// The loop around `check`, a script that says what `relm_check` is.
    pub(super) fn patiently(&self, check: Script) -> Script {
        let seconds = |time: Duration| time.as_secs().to_string();
        check
            .then(&Script::new(concat!(include_str!("clock.sh"), include_str!("await.sh"))))
            .set("relm_every", seconds(self.every))
            .set("relm_factor", self.factor.to_string())
            .set("relm_longest", seconds(LONGEST_PAUSE.max(self.every)))
            .set("relm_max", seconds(self.max))
    }

    /// A script that waits, with what its end means.
    pub(super) fn waiting(&self, script: Script) -> Work {
        Work {
            script,
            input: Input::Nothing,
            time_limit: Some(self.max + GRACE),
            reading: Reading::Wait { max: self.max, pauses: self.pauses },
            command: Some(self.check.run.clone()),
        }
    }
}
