//! An operation that is skipped where its inputs are what they were.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Wraps, release};
use crate::engine::{On, Operation, Reading, Work};
use crate::script::Script;

/// Runs an operation unless an earlier release of the host was made from the same inputs by the same command; what it made
/// there is copied then.
///
/// The hash of the inputs is written beside the record of the release when the operation has succeeded and never before:
/// what failed once is run again.
#[derive(Debug)]
pub struct UnlessSame {
    /// What is run.
    pub operation: Arc<dyn Operation>,
    /// Patterns of paths in the release.
    pub inputs: Vec<String>,
    /// Paths in the release.
    pub outputs: Vec<String>,
}

impl UnlessSame {
    /// For `find -path`, where `*` stands for slashes too. What is found too much only has a command run once more.
    fn pattern(input: &str) -> String {
        match input.strip_prefix("**/") {
            Some(rest) => format!("*/{rest}"),
            None => format!("./{input}"),
        }
    }

    /// What has to be the same besides the inputs.
    fn identity(&self, on: &On<'_>) -> String {
        let inputs = self.inputs.iter().map(|input| format!("\ninput {input}"));
        let outputs = self.outputs.iter().map(|output| format!("\noutput {output}"));
        let text = inputs.chain(outputs).fold(self.operation.definition(on), |text, more| text + &more);
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Wraps for UnlessSame {
    fn inner(&self) -> &dyn Operation {
        &*self.operation
    }

    fn work_around(&self, on: &On<'_>) -> Work {
        let work = self.operation.work(on);
        let patterns = self.inputs.iter().map(|input| Self::pattern(input));
        let before = Script::new(concat!(include_str!("way.sh"), include_str!("unless_same.sh")))
            .args(patterns.chain(self.outputs.iter().cloned()))
            .set("relm_inputs", self.inputs.len().to_string())
            .set("relm_identity", self.identity(on))
            .set("relm_step", self.name())
            .set("relm_name", release(on).as_str())
            .set("relm_release", on.layout.release(release(on)))
            .set("relm_releases", format!("{}/releases", on.layout.base()))
            .set("relm_records", on.layout.records());
        let script = before.then(&work.script.apart()).then(&Script::new(include_str!("unless_same_after.sh")));
        Work { script, reading: Reading::Skips, ..work }
    }
}
