//! Takes files that were filled in for a release to their places outside of it.

use super::becoming::as_another;
use crate::engine::{On, Operation, Work};
use crate::fleet::Become;
use crate::release::ReleaseName;
use crate::script::Script;

/// Brings the places outside of releases to what the release has for them: its files come, those that an older release
/// brought and it has not go, and what stood there before any of them stands there again.
#[derive(Debug, Default)]
pub struct PlaceFiles {
    /// Who does it, if not whoever does all else: what they take is apart from what others do.
    pub becoming: Option<Become>,
}

impl PlaceFiles {
    fn script(&self, on: &On<'_>, back: bool) -> Script {
        let taker = self.becoming.as_ref().map(|becoming| becoming.user.as_str()).unwrap_or_default();
        let outside = if taker.is_empty() { "/outside".to_owned() } else { format!("/outside@{taker}") };
        let name = |release: Option<&ReleaseName>| release.map_or("-", |release| release.as_str()).to_owned();
        let kept = on.release.map(|release| on.layout.record(release)).unwrap_or_default() + &outside;
        let script = Script::new(concat!(include_str!("places.sh"), include_str!("place_files.sh")))
            .set("relm_base", on.layout.base())
            .set("relm_taker", taker)
            .set("relm_kept", &kept)
            .set("relm_name", name(on.release))
            .set("relm_before", name(on.before))
            .set("relm_back", if back { "yes" } else { "" });
        let Some(becoming) = &self.becoming else { return script };
        // A host on which nothing is theirs need not let anybody become them.
        Script::new(r#"[ -d "$relm_kept" ] || [ -d "$relm_state" ] || exit 90"#)
            .set("relm_kept", kept)
            .set("relm_state", format!("{}/.relm{outside}", on.layout.base()))
            .then(&as_another(&script, becoming, on.secrets))
    }
}

impl Operation for PlaceFiles {
    fn name(&self) -> String {
        self.becoming.as_ref().map_or("place_files".to_owned(), |becoming| format!("place_files:{}", becoming.user))
    }

    fn work(&self, on: &On<'_>) -> Work {
        Work::ours(self.script(on, false))
    }

    fn undo(&self, on: &On<'_>) -> Option<Work> {
        Some(Work::ours(self.script(on, true)))
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
