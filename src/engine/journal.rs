//! What a host writes down about steps: "done", in the same script that did the work.

use sha2::{Digest, Sha256};

use super::{On, Work};
use crate::script::Script;

/// The journal's share of a script: the work runs apart, so that whatever it does to its shell, its status is seen.
const AROUND: &str = r#"(
eval "$relm_work"
)
relm_status=$?
case $relm_status in 0|90|91)
  if [ -d "$relm_record" ]; then
    printf 'done %s %s\n' "$relm_hash" "$relm_step" >>"$relm_record/steps" || exit 1
  fi ;;
esac
exit "$relm_status""#;

/// Wraps a step's script so that its success is written beside the release's records.
///
/// The hash is that of the script, so that a resumed run can tell a step whose definition has changed since.
pub(super) fn journaled(step: &str, work: &Work, on: &On<'_>) -> Script {
    let Some(release) = on.release else {
        return work.script.clone();
    };
    let digest = Sha256::digest(work.script.as_str().as_bytes());
    let (short, _) = digest.split_first_chunk::<8>().expect("a digest has 32 bytes");
    let hash = format!("{:016x}", u64::from_be_bytes(*short));
    Script::new(AROUND)
        .set("relm_record", on.layout.record(release))
        .set("relm_hash", hash)
        .set("relm_step", step)
        .set("relm_work", work.script.as_str())
}
