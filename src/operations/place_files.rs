//! Takes files that were filled in for a release to their places outside of it.

use crate::engine::{On, Operation, Work};
use crate::release::ReleaseName;
use crate::script::Script;

/// Brings the places outside of releases to what the release has for them: its files come, those that an older release
/// brought and it has not go, and what stood there before any of them stands there again.
#[derive(Debug)]
pub struct PlaceFiles;

impl PlaceFiles {
    fn script(on: &On<'_>, back: bool) -> Script {
        let name = |release: Option<&ReleaseName>| release.map_or("-", |release| release.as_str()).to_owned();
        Script::new(concat!(include_str!("places.sh"), include_str!("place_files.sh")))
            .set("relm_base", on.layout.base())
            .set("relm_kept", on.release.map(|release| on.layout.record(release)).unwrap_or_default() + "/outside")
            .set("relm_name", name(on.release))
            .set("relm_before", name(on.before))
            .set("relm_back", if back { "yes" } else { "" })
    }
}

impl Operation for PlaceFiles {
    fn name(&self) -> String {
        "place_files".to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        Work::ours(Self::script(on, false))
    }

    fn undo(&self, on: &On<'_>) -> Option<Work> {
        Some(Work::ours(Self::script(on, true)))
    }

    /// Whoever was live before is no matter of what is done.
    fn definition(&self, _on: &On<'_>) -> String {
        self.name()
    }

    /// What is started in the old release again has to find its files.
    fn belongs_to_flip(&self) -> bool {
        true
    }
}
