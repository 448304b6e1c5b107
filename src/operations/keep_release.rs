//! Writes down until when a release stays.

use chrono::{DateTime, Utc};

use crate::engine::{On, Operation, Work};
use crate::release::ReleaseName;
use crate::script::Script;

/// Keeps a release on every host that has it, until a time.
#[derive(Debug)]
pub struct KeepRelease {
    /// The release.
    pub name: ReleaseName,
    /// No clean removes it before.
    pub until: DateTime<Utc>,
}

/// Beside the record, which tells how the release came to be and is never changed.
const KEEP: &str = concat!(
    include_str!("durably.sh"),
    r#"[ -d "$record" ] || { printf 'it is not on this host\n'; exit 91; }
durably "$record/keep" "$until""#
);

impl Operation for KeepRelease {
    fn name(&self) -> String {
        "keep_release".to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let script =
            Script::new(KEEP).set("record", on.layout.record(&self.name)).set("until", self.until.to_rfc3339());
        Work::ours(script)
    }

    fn is_journaled(&self) -> bool {
        false
    }
}
