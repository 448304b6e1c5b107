//! The texts of a deploy to a single host, in their order. The host is told them before relm knows what there is to do: see
//! `Transport::open_ahead`.

use super::check_flip::CHECK_FLIP;
use super::check_upload::UPLOAD_AND_CHECK;
use super::flip_current::FLIP;
use super::mark::COMPLETE;
use crate::engine::texts;
use crate::script::Script;

/// What the script of such a deploy probably begins with. What packs it sees no further back than 32 KB: with more here, the
/// first texts would be out of sight when they are wanted, and of what comes late in the script none is in any case.
pub fn likely_texts() -> Script {
    let steps = [UPLOAD_AND_CHECK, COMPLETE, CHECK_FLIP, FLIP];
    steps.into_iter().fold(texts(), |all, text| all.then(&Script::new(text)))
}
