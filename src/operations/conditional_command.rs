//! A command of the app's own that is asked whether it has to run, and what it has changed.

use std::sync::Arc;

use super::{RunCommand, Wraps};
use crate::engine::{On, Operation, Reading, Work};
use crate::script::Script;

/// Runs a command where another one says that it has to, and tells by what it prints whether it has changed anything.
#[derive(Debug)]
pub struct ConditionalCommand {
    /// What is run.
    pub operation: Arc<dyn Operation>,
    /// The same as a command: what is asked runs as it does.
    pub command: RunCommand,
    /// Skips it where this exits with 0.
    pub unless: Option<String>,
    /// A regular expression that a line fits if it has changed something.
    pub changed_if: Option<String>,
}

/// Before what takes it back.
const IF_IT_RAN: &str = r#"[ -e "$relm_ran" ] || exit 90"#;

impl ConditionalCommand {
    fn asking(&self, on: &On<'_>) -> Script {
        let Some(unless) = &self.unless else { return Script::default() };
        let command = RunCommand { run: unless.clone(), ..self.command.clone() };
        let asked = Script::new(include_str!("conditional_command_foreign.sh"))
            .then(&command.work(on).script.apart())
            .then(&Script::new(include_str!("conditional_command_unless.sh")));
        let release = on.release.or(on.before).map_or("-", |release| release.as_str());
        asked
            .set("relm_step", &self.command.name)
            .set("relm_name", release)
            .set("relm_goes_on", if self.command.journaled { "yes" } else { "" })
            .set("relm_ran", if self.command.undo.is_some() { self.ran(on) } else { String::new() })
    }

    /// A file of the host that stands as long as there is something to take back.
    fn ran(&self, on: &On<'_>) -> String {
        format!("{}/.relm/ran-{}", on.layout.base(), self.command.name)
    }

    fn running(&self, script: &Script) -> Script {
        let run = match &self.changed_if {
            None => script.apart(),
            Some(pattern) => Script::new("relm_run() {")
                .then(&script.apart())
                .then(&Script::new("}"))
                .then(&Script::new(include_str!("conditional_command_changed.sh")))
                .set("relm_pattern", pattern),
        };
        run.then(&Script::new(include_str!("conditional_command_after.sh"))).set("relm_same", "")
    }
}

impl Wraps for ConditionalCommand {
    fn inner(&self) -> &dyn Operation {
        &*self.operation
    }

    fn work_around(&self, on: &On<'_>) -> Work {
        let work = self.operation.work(on);
        let script = self.asking(on).then(&self.running(&work.script));
        Work { script, reading: Reading::Conditional, ..work }
    }

    /// What did not run is not taken back: where it was skipped, whatever stands there is somebody else's.
    fn undo_around(&self, on: &On<'_>) -> Option<Work> {
        let work = self.operation.undo(on)?;
        if self.unless.is_none() {
            return Some(work);
        }
        let behind =
            concat!(include_str!("conditional_command_undone.sh"), include_str!("conditional_command_after.sh"));
        let script = Script::new(IF_IT_RAN).then(&work.script.apart()).then(&Script::new(behind));
        let script = script.set("relm_ran", self.ran(on)).set("relm_same", "");
        Some(Work { script, reading: Reading::Conditional, ..work })
    }

    fn definition(&self, on: &On<'_>) -> String {
        let unless = self.unless.iter().map(|unless| format!("\nunless {unless}"));
        let changed_if = self.changed_if.iter().map(|pattern| format!("\nchanged if {pattern}"));
        unless.chain(changed_if).fold(self.operation.definition(on), |text, more| text + &more)
    }
}
