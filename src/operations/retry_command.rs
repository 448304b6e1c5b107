//! A command of the app's own that is tried several times.

use std::time::Duration;

use super::{RunCommand, Wraps};
use crate::engine::{On, Operation, Work};
use crate::script::Script;

/// Tries a command on the host, in one script, until it succeeds: a lost connection or a stop is no failed attempt. Its
/// limit of time is for all attempts. Taking it back is tried once: that is not fought for.
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

impl Wraps for RetryCommand {
    fn inner(&self) -> &dyn Operation {
        &self.command
    }

    fn work_around(&self, on: &On<'_>) -> Work {
        let seconds = |time: Duration| time.as_secs().to_string();
        let work = self.command.work(on);
        let script = Script::new(include_str!("retry_command.sh"))
            .set("relm_every", seconds(self.every))
            .set("relm_longest", seconds(LONGEST_PAUSE.max(self.every)))
            .set("relm_factor", self.factor.to_string())
            .set("relm_times", self.times.to_string())
            .set("relm_outside", if self.command.stands_anywhere() { "yes" } else { "" });
        Work { script: self.command.script(script, on, &self.command.run, &self.command.reference), ..work }
    }
}
