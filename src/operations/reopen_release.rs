//! Takes up a release again that was given up: it is being built once more.

use chrono::Utc;

use super::release;
use crate::engine::{On, Operation, Work};
use crate::script::Script;

/// Marks a release as being built, because steps of `prepare` are run in it again.
#[derive(Debug)]
pub struct ReopenRelease;

/// A failed release was put back wherever it had been live, if need be by another run than the one that flipped it: it has
/// not lived.
const REOPEN: &str = concat!(
    include_str!("durably.sh"),
    r#"case $(readlink "$base/current") in */"$name") exit 90 ;; esac
case $(cat "$record/state" 2>/dev/null) in failed*) rm -f -- "$record/lived" || exit ;; esac
durably "$record/state" "building $at""#
);

impl Operation for ReopenRelease {
    fn name(&self) -> String {
        "reopen_release".to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let release = release(on);
        let script = Script::new(REOPEN)
            .set("record", on.layout.record(release))
            .set("base", on.layout.base())
            .set("name", release.as_str())
            .set("at", Utc::now().to_rfc3339());
        Work::ours(script)
    }

    fn is_journaled(&self) -> bool {
        false
    }

    fn joins(&self) -> bool {
        true
    }
}
