//! Writes down what became of a release. Complete means: every step before the switch is done and on the disk.

use chrono::Utc;

use super::release;
use crate::engine::{On, Operation, Work};
use crate::release::Record;
use crate::script::Script;

/// Marks a release complete, after its files have reached the disk.
#[derive(Debug)]
pub struct MarkComplete;

/// Marks a live release finished: everything that comes after the switch is done too.
#[derive(Debug)]
pub struct MarkFinished;

/// Marks a release failed.
#[derive(Debug)]
pub struct MarkFailed {
    /// By this it is known, where the run may have lost its name to somebody else.
    pub record: Option<Record>,
}

/// `sync -f` flushes the file system that holds a path (GNU and busybox); plain `sync` flushes all of them. What is
/// shared and the records may lie on others than the release.
pub(super) const COMPLETE: &str = concat!(
    include_str!("durably.sh"),
    r#"[ -d "$release" ] || { printf 'the release directory is gone\n' >&2; exit 1; }
# Flushed with all the rest.
printf '%s\n' "complete $at" >"$record/state.new" || exit
flushed=
for device in $(stat -c %d -- "$release" "$record" "$base/shared" 2>/dev/null); do
  case " $flushed " in *" $device "*) continue ;; esac
  flushed="$flushed $device"
done
# One for all that is on the release's file system; what lies elsewhere is flushed on its own.
case $flushed in
  ' '*' '* | '') for place in "$release" "$record" "$base/shared"; do sync -f "$place" 2>/dev/null || sync; done ;;
  *) sync -f "$release" 2>/dev/null || sync ;;
esac
mv -f -- "$record/state.new" "$record/state" && flush "$record""#
);

/// Removed by the next flip to the release.
const FINISHED: &str = concat!(
    include_str!("durably.sh"),
    r#"printf '%s\n' "$at" >"$record/finished" && flush "$record/finished" "$record""#
);

/// A release that went live meanwhile is not failed, whatever became of the run; and one that was never begun, or that
/// is not this run's because somebody else has made one of the same name, is none of its business.
const FAILED: &str = concat!(
    include_str!("durably.sh"),
    r#"case $(readlink "$base/current") in */"$name") exit 90 ;; esac
[ -d "$record" ] || exit 90
[ -z "$written" ] || [ "$(cat "$record/release.json")" = "$written" ] || exit 90
durably "$record/state" "failed $at""#
);

impl Operation for MarkComplete {
    fn name(&self) -> String {
        "mark_complete".to_owned()
    }

    fn definition(&self, on: &On<'_>) -> String {
        release(on).to_string()
    }

    fn work(&self, on: &On<'_>) -> Work {
        Work::ours(marking(COMPLETE, on))
    }

    fn joins(&self) -> bool {
        true
    }
}

impl Operation for MarkFinished {
    fn name(&self) -> String {
        "record".to_owned()
    }

    fn definition(&self, on: &On<'_>) -> String {
        release(on).to_string()
    }

    fn work(&self, on: &On<'_>) -> Work {
        Work::ours(marking(FINISHED, on))
    }

    fn joins(&self) -> bool {
        true
    }
}

impl Operation for MarkFailed {
    fn name(&self) -> String {
        "mark_failed".to_owned()
    }

    fn definition(&self, on: &On<'_>) -> String {
        release(on).to_string()
    }

    fn work(&self, on: &On<'_>) -> Work {
        Work::ours(marking(FAILED, on).set("written", self.record.as_ref().map(Record::to_json).unwrap_or_default()))
    }
}

fn marking(text: &'static str, on: &On<'_>) -> Script {
    let release = release(on);
    Script::new(text)
        .set("release", on.layout.release(release))
        .set("record", on.layout.record(release))
        .set("base", on.layout.base())
        .set("name", release.as_str())
        .set("at", Utc::now().to_rfc3339())
}
