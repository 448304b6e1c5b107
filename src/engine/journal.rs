//! What a host writes down about steps, in the same script that did the work. `survey` reads it.

use sha2::{Digest, Sha256};

use super::{On, Step, Work};
use crate::release::ReleaseName;
use crate::script::Script;

/// The journal's share of a script: the work runs apart, so that whatever it does to its shell, its status is seen.
const AROUND: &str = concat!(
    include_str!("journal.sh"),
    r#"(
eval "$relm_work"
)
relm_status=$?
case " $relm_good " in *" $relm_status "*)
  if [ -d "$relm_record" ]; then relm_journal "done $relm_hash $relm_phase $relm_step" || exit 1; fi ;;
esac
exit "$relm_status""#
);

/// Written first: an undo that was begun leaves in doubt what it undoes.
const UNDOING: &str = concat!(
    include_str!("journal.sh"),
    r#"if [ -d "$relm_record" ]; then relm_journal_flushed "undone $relm_step"; fi
eval "$relm_work""#
);

/// Wraps a step's script so that its success is written beside the release's records.
pub(super) fn journaled(step: &Step, work: &Work, on: &On<'_>) -> Script {
    let Some(release) = on.release else {
        return work.script.clone();
    };
    Script::new(AROUND)
        .set("relm_record", on.layout.record(release))
        .set("relm_hash", hash(step, on))
        .set("relm_phase", step.phase.word())
        .set("relm_step", step.name())
        .set("relm_good", work.reading.good())
        .set("relm_work", work.script.as_str())
}

/// Wraps the script that takes a step of `release` back.
pub(super) fn undoing(step: &Step, work: &Work, on: &On<'_>, release: Option<&ReleaseName>) -> Script {
    let Some(release) = release.filter(|_| step.operation.is_journaled()) else {
        return work.script.clone();
    };
    Script::new(UNDOING)
        .set("relm_record", on.layout.record(release))
        .set("relm_step", step.name())
        .set("relm_work", work.script.as_str())
}

/// The identity of a step's definition on a host. The phase and the name are part of it, so that neither a step that was
/// moved nor a torn line of a journal passes for another one.
pub fn hash(step: &Step, on: &On<'_>) -> String {
    let text = format!("{}\n{}\n{}", step.phase.word(), step.name(), step.operation.definition(on));
    short(&text)
}

/// Tells texts apart without keeping them.
pub(super) fn short(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let (short, _) = digest.split_first_chunk::<8>().expect("a digest has 32 bytes");
    format!("{:016x}", u64::from_be_bytes(*short))
}
