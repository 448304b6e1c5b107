//! Copies what is costly to make from the release that is live.

use super::release;
use crate::engine::{Makes, On, Operation, Work};
use crate::script::Script;

/// Copies paths from the live release into the new one, where they are there.
#[derive(Debug)]
pub struct CopyFromCurrent {
    /// Relative to the release.
    pub paths: Vec<String>,
}

/// Copied under a name that no code can have, then renamed: half a copy must not pass for the code's own when the step
/// is run again.
///
/// Where `cp` knows `--reflink` a copy costs nothing on file systems that share blocks.
///
/// Neither is written through a link of the code, nor read through one of the live release: both lead elsewhere.
const COPY: &str = concat!(include_str!("way.sh"), include_str!("copy_from_current.sh"));

impl Operation for CopyFromCurrent {
    fn name(&self) -> String {
        "copy_from_current".to_owned()
    }

    fn makes(&self) -> Makes {
        Makes::Files
    }

    fn work(&self, on: &On<'_>) -> Work {
        let Some(before) = on.before else {
            return Work::ours(Script::new("printf 'nothing is live yet\\n'; exit 91"));
        };
        let script = Script::new(COPY)
            .args(&self.paths)
            .set("release", on.layout.release(release(on)))
            .set("from", on.layout.release(before));
        Work::ours(script)
    }

    /// What is live has changed since, if the release is live itself.
    fn definition(&self, _on: &On<'_>) -> String {
        self.paths.join("\n")
    }

    fn joins(&self) -> bool {
        true
    }
}
