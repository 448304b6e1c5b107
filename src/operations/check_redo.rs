//! The look whether a file that is wanted once more has run at all.

use crate::engine::{On, Operation, Work};
use crate::fleet::Targets;
use crate::script::Script;

/// Says before anything is changed that a file is not in the ledger, its name is mistyped then, or that it was begun and nobody
/// knows how it ended.
#[derive(Debug)]
pub struct CheckRedo {
    /// The operation that gives files to a database.
    pub step: String,
    /// Its hosts.
    pub targets: Targets,
    /// Paths of files.
    pub again: Vec<String>,
}

impl Operation for CheckRedo {
    fn name(&self) -> String {
        format!("check_redo:{}", self.step)
    }

    fn targets(&self) -> Targets {
        self.targets.clone()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let script = Script::new(concat!(include_str!("sql_ledger.sh"), include_str!("check_redo.sh")))
            .args(&self.again)
            .set("relm_files", format!("{}/.relm/sql-{}", on.layout.base(), self.step));
        Work::ours(script)
    }

    fn is_journaled(&self) -> bool {
        false
    }

    fn joins(&self) -> bool {
        true
    }
}
