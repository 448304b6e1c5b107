//! Checks on the host that the release's tree is what was sent: every file by its hash, every link, nothing else.

use bytes::Bytes;

use super::release;
use crate::engine::{Makes, On, Operation, Reading, Work};
use crate::script::Script;
use crate::transport::Input;

/// Compares the tree with the manifest and keeps the manifest beside the release's record.
#[derive(Debug)]
pub struct CheckUpload {
    /// The manifest's text form, gzip-compressed.
    pub manifest: Bytes,
    /// Its hash.
    pub tree: String,
}

impl Operation for CheckUpload {
    fn name(&self) -> String {
        "check_upload".to_owned()
    }

    fn makes(&self) -> Makes {
        Makes::Code
    }

    fn work(&self, on: &On<'_>) -> Work {
        let release = release(on);
        let script = Script::new(include_str!("check_upload.sh"))
            .set("release", on.layout.release(release))
            .set("record", on.layout.record(release));
        Work {
            script,
            input: Input::Bytes(self.manifest.clone()),
            time_limit: None,
            reading: Reading::Ours,
            command: None,
        }
    }

    fn definition(&self, _on: &On<'_>) -> String {
        self.tree.clone()
    }

    fn joins(&self) -> bool {
        true
    }

    fn reads(&self) -> bool {
        true
    }
}
