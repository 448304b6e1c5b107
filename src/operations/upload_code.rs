//! Sends the code: one compressed archive, made once, unpacked on each host as it arrives.

use std::path::PathBuf;
use std::sync::Arc;

use super::release;
use crate::engine::{Makes, On, Operation, Reading, Work};
use crate::script::Script;
use crate::transport::Input;

/// Unpacks the source's archive in the release's directory.
#[derive(Debug)]
pub struct UploadCode {
    /// A gzip-compressed tar on this machine.
    pub archive: Arc<PathBuf>,
    /// Its size in bytes.
    pub size: u64,
    /// The hash of the tree's manifest.
    pub tree: String,
}

/// A pipe ends as its last member does (POSIX has no pipefail), so a cut stream is told by gzip's own file.
/// Where tar fails too, the file stays, and must not be held against the next attempt.
/// Busybox skips links that point upwards unless told otherwise; what they point to is the application's business.
/// It begins with an empty tree: what a broken attempt or somebody else put there must not end up in the release.
const UPLOAD: &str = r#"cut=$record/cut-$$
cd -- "$release" && rm -f -- "$record"/cut-* || exit
case $(readlink "$base/current") in */"${release##*/}") printf 'the release is live: its code stays\n' >&2; exit 1 ;; esac
find . ! -name . -prune -exec rm -rf -- {} + || exit
EXTRACT_UNSAFE_SYMLINKS=1; export EXTRACT_UNSAFE_SYMLINKS
{ gzip -dc || printf 'cut\n' >"$cut"; } | tar xpf - || exit
if [ -e "$cut" ]; then rm -f -- "$cut"; printf 'the upload arrived damaged or cut short\n' >&2; exit 1; fi"#;

impl Operation for UploadCode {
    fn name(&self) -> String {
        Makes::CODE_STEP.to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let release = release(on);
        let script = Script::new(UPLOAD)
            .set("release", on.layout.release(release))
            .set("record", on.layout.record(release))
            .set("base", on.layout.base());
        let input = Input::File(Arc::clone(&self.archive), self.size);
        Work { script, input, time_limit: None, reading: Reading::Ours, command: None }
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
