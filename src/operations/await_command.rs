//! A wait: a check of the app's own, repeated until it succeeds.

use std::time::Duration;

use super::RunCommand;
use crate::engine::{On, Operation, Reading, Work};
use crate::fleet::Targets;
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

impl Operation for AwaitCommand {
    fn name(&self) -> String {
        self.check.name.clone()
    }

    fn targets(&self) -> Targets {
        self.check.targets()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let seconds = |time: Duration| time.as_secs().to_string();
        let script = Script::new(include_str!("await_command.sh"))
            .set("relm_every", seconds(self.every))
            .set("relm_factor", self.factor.to_string())
            .set("relm_longest", seconds(LONGEST_PAUSE.max(self.every)))
            .set("relm_max", seconds(self.max));
        let script = self.check.script(script, on, &self.check.run, &self.check.reference);
        Work {
            script,
            input: Input::Nothing,
            time_limit: Some(self.max + GRACE),
            reading: Reading::Wait { max: self.max, pauses: self.pauses },
            command: Some(self.check.run.clone()),
        }
    }

    fn definition(&self, on: &On<'_>) -> String {
        self.check.definition(on)
    }

    fn command(&self) -> Option<&str> {
        self.check.command()
    }

    fn always(&self) -> bool {
        self.check.always()
    }

    fn is_serial(&self) -> bool {
        self.check.is_serial()
    }

    fn is_journaled(&self) -> bool {
        self.check.is_journaled()
    }
}
