//! The last look before the switch: every host must be able to flip before any does.

use super::release;
use crate::engine::{On, Operation, Work};
use crate::release::Layout;
use crate::script::Script;

/// Checks what the flip relies on: the release is there and complete, `current` is what the survey saw, and there is
/// leave and room to make a link.
#[derive(Debug)]
pub struct CheckFlip;

/// The program text.
pub(super) const CHECK_FLIP: &str = concat!(include_str!("live_link.sh"), include_str!("check_flip.sh"));

impl Operation for CheckFlip {
    fn name(&self) -> String {
        "check_flip".to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let release = release(on);
        let script = Script::new(CHECK_FLIP)
            .set("base", on.layout.base())
            .set("target", Layout::link_target(release))
            .set("expected", on.before.map(Layout::link_target).unwrap_or_default())
            .set("record", on.layout.record(release));
        Work::ours(script)
    }

    fn is_journaled(&self) -> bool {
        false
    }

    fn awaits_all(&self) -> bool {
        true
    }

    fn joins(&self) -> bool {
        true
    }
}
