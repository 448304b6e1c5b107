//! A migration: a command that changes what outlives releases.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::Utc;

use super::{RunCommand, Wraps};
use crate::engine::{On, Operation, Reading, Work};
use crate::fleet::Targets;
use crate::script::Script;

const LEDGER: &str = concat!(include_str!("../engine/whole.sh"), include_str!("migrate_database_ledger.sh"));

/// Runs a command unless it is sure that nothing is pending; before it a backup is made, and what is pending is written
/// down on the host, where a rollback finds it.
#[derive(Debug)]
pub struct MigrateDatabase {
    /// What migrates.
    pub operation: Arc<dyn Operation>,
    /// The same as a command: the others run as it does.
    pub command: RunCommand,
    /// What tells what is pending.
    pub pending: Option<Pending>,
    /// Runs before it.
    pub backup: Option<String>,
    /// Secrets, and the hosts that have them: they are not written down with what is pending.
    pub secrets: Vec<(String, Targets)>,
}

/// How it is known what is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pending {
    /// By a command that prints it.
    Printed(String),
    /// By the files of a directory of the release, each given to the command once, in the order of their versions.
    Files {
        /// The directory.
        directory: String,
        /// Files in it that ran with an earlier release and are given to the command again.
        again: Vec<String>,
    },
}

impl Pending {
    /// Finds the files that are pending for `step`; nothing where a command says so.
    pub(super) fn finding(&self, step: &str, on: &On<'_>) -> Script {
        let Self::Files { directory, again } = self else { return Script::default() };
        let release = on.release.or(on.before);
        Script::new(concat!(include_str!("sql_ledger.sh"), include_str!("sql_pending.sh")))
            .set("relm_sql", directory)
            .set("relm_again", again.join("\n"))
            .set("relm_name", release.map_or("-", |release| release.as_str()))
            .set("relm_release", release.map(|release| on.layout.release(release)).unwrap_or_default())
            .set("relm_base", on.layout.base())
            .set("relm_step", step)
    }
}

impl MigrateDatabase {
    fn running(&self, script: &Script) -> Script {
        match &self.pending {
            Some(Pending::Files { .. }) => Script::new("relm_run() {")
                .then(&script.apart_reading())
                .then(&Script::new("}"))
                .then(&Script::new(include_str!("sql_run.sh"))),
            _ => script.apart(),
        }
    }

    /// What is pending without secrets: the host is told what to look for only if it has been told before, and the commands
    /// that follow see nothing of it.
    fn hiding(&self, on: &On<'_>) -> Script {
        let is_here = |(_, targets): &&(String, Targets)| targets.concern(on.host);
        let names: BTreeSet<&str> = self.secrets.iter().filter(is_here).map(|(name, _)| name.as_str()).collect();
        let lines = on.secrets.expose_lines(&names);
        if lines.is_empty() {
            return Script::default();
        }
        let hide = Script::new(include_str!("migrate_database_hide.sh"));
        let hide = hide.args(lines.iter().flat_map(|(line, name)| [*line, name.as_str()]));
        Script::new("relm_found=$(").then(&hide).then(&Script::new(") || exit"))
    }

    fn script(&self, on: &On<'_>, command: &str) -> Script {
        RunCommand { run: command.to_owned(), ..self.command.clone() }.work(on).script.apart()
    }
}

impl Wraps for MigrateDatabase {
    fn inner(&self) -> &dyn Operation {
        &*self.operation
    }

    /// Whoever wants a file to run again wants another run, also of a step that is done.
    fn definition(&self, on: &On<'_>) -> String {
        let again = match &self.pending {
            Some(Pending::Files { again, .. }) => again.as_slice(),
            _ => &[],
        };
        again.iter().fold(self.operation.definition(on), |text, name| text + "\nagain " + name)
    }

    fn work_around(&self, on: &On<'_>) -> Work {
        let work = self.operation.work(on);
        let release = on.release.or(on.before);
        let mut script = match &self.pending {
            None => Script::new("relm_found=''"),
            Some(Pending::Printed(command)) => Script::new("relm_found=$(")
                .then(&self.script(on, command))
                .then(&Script::new(")"))
                .then(&Script::new(include_str!("migrate_database_pending.sh")))
                .then(&self.hiding(on)),
            Some(found @ Pending::Files { .. }) => found.finding(&self.name(), on),
        };
        if let Some(backup) = &self.backup {
            let behind = Script::new(include_str!("migrate_database_backup.sh"));
            script = script.then(&self.script(on, backup)).then(&behind);
        }
        let script = script
            .then(&Script::new(LEDGER))
            .then(&self.running(&work.script))
            .then(&Script::new(include_str!("migrate_database_after.sh")))
            .set("relm_base", on.layout.base())
            .set("relm_name", release.map_or("-", |release| release.as_str()))
            .set("relm_step", self.name())
            .set("relm_began", Utc::now().to_rfc3339());
        Work { script, reading: Reading::Skips, ..work }
    }
}
