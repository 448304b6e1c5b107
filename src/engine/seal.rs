//! What a step made is written down on the host when it succeeds, in the script that did it.

use super::{Makes, On, Work};
use crate::script::Script;

const SEAL: &str = concat!(include_str!("listing.sh"), include_str!("seal.sh"));

/// Wraps a step's work so that what it makes in the release's tree is sealed. `inspect` reads the seals.
pub(super) fn sealed(step: &str, makes: Makes, work: Work, on: &On<'_>) -> Work {
    let makes = match makes {
        Makes::Nothing => return work,
        Makes::Code => "code",
        Makes::Files => "files",
    };
    let Some(release) = on.release else { return work };
    let script = Script::new(SEAL)
        .set("relm_tree", on.layout.release(release))
        .set("relm_sealed", on.layout.record(release))
        .set("relm_step", step)
        .set("relm_makes", makes)
        .set("relm_good", work.reading.good())
        .set("relm_script", work.script.as_str());
    Work { script, ..work }
}
