//! A command of the app's own that is tried several times.

use std::time::Duration;

use super::RunCommand;
use crate::engine::{Makes, On, Operation, Work};
use crate::fleet::Targets;
use crate::script::Script;

/// Tries a command on the host, in one script, until it succeeds: a lost connection or a stop is no failed attempt. Its
/// limit of time is for all attempts.
#[derive(Debug, Clone)]
pub struct RetryCommand {
    /// The command.
    pub command: RunCommand,
    /// How often it is tried at most.
    pub times: u32,
    /// The first pause.
    pub every: Duration,
    /// How many times longer each pause is than the one before.
    pub factor: u32,
}

/// Pauses do not grow beyond this.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

impl Operation for RetryCommand {
    fn name(&self) -> String {
        self.command.name()
    }

    fn targets(&self) -> Targets {
        self.command.targets()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let seconds = |time: Duration| time.as_secs().to_string();
        let work = self.command.work(on);
        let script = Script::new(include_str!("retry_command.sh"))
            .set("relm_every", seconds(self.every))
            .set("relm_longest", seconds(LONGEST_PAUSE.max(self.every)))
            .set("relm_factor", self.factor.to_string())
            .set("relm_times", self.times.to_string())
            .set("relm_outside", if self.command.outside { "yes" } else { "" });
        Work { script: self.command.script(script, on, &self.command.run, &self.command.reference), ..work }
    }

    /// Tried once: what is taken back is not fought for.
    fn undo(&self, on: &On<'_>) -> Option<Work> {
        self.command.undo(on)
    }

    fn definition(&self, on: &On<'_>) -> String {
        self.command.definition(on)
    }

    fn command(&self) -> Option<&str> {
        self.command.command()
    }

    fn always(&self) -> bool {
        self.command.always()
    }

    fn makes(&self) -> Makes {
        self.command.makes()
    }

    fn is_serial(&self) -> bool {
        self.command.is_serial()
    }

    fn is_journaled(&self) -> bool {
        self.command.is_journaled()
    }
}
