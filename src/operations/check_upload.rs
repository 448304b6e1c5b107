//! Checks on the host that the release's tree is what was sent: every file by its hash, every link, nothing else.

use super::release;
use super::upload_code::{Parcels, upload};
use crate::engine::{Makes, Obstacle, On, Operation, Work};
use crate::script::Script;

/// Compares the tree with the manifest and keeps the manifest beside the release's record.
#[derive(Debug)]
pub struct CheckUpload {
    /// What was sent, for hosts where it has to be sent otherwise.
    pub parcels: Parcels,
    /// The hash of the tree's manifest.
    pub tree: String,
    /// Bytes of its files.
    pub bytes: u64,
}

/// From so many bytes on two processes read the tree, because most hosts have two processors.
const WORTH_TWO: u64 = 32 << 20;

/// The program text.
const CHECK: &str =
    concat!(include_str!("ahead_comes.sh"), include_str!("held_ahead.sh"), include_str!("check_upload.sh"));
pub(super) const UPLOAD_AND_CHECK: &str = concat!(
    include_str!("manifest_paths.sh"),
    include_str!("ahead_comes.sh"),
    include_str!("take_ahead.sh"),
    include_str!("upload_code.sh"),
    include_str!("held_ahead.sh"),
    include_str!("check_upload.sh")
);

impl CheckUpload {
    fn halves(&self) -> &'static str {
        if self.bytes >= WORTH_TWO { "yes" } else { "" }
    }
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
        let script = Script::new(CHECK)
            .set("release", on.layout.release(release))
            .set("record", on.layout.record(release))
            .set("tree", &self.tree)
            .set("bytes", self.bytes.to_string())
            .set("halves", self.halves());
        Work::ours(script)
    }

    fn instead(&self, on: &On<'_>, _obstacle: Obstacle) -> Option<Work> {
        let work = upload(UPLOAD_AND_CHECK, &self.parcels, &self.tree, on, true);
        Some(Work { script: work.script.set("bytes", self.bytes.to_string()).set("halves", self.halves()), ..work })
    }

    fn definition(&self, _on: &On<'_>) -> String {
        self.tree.clone()
    }

    fn joins(&self) -> bool {
        true
    }

    fn lacks_code(&self) -> bool {
        self.parcels.is_empty()
    }
}
