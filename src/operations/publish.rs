//! Publishes paths of a release at places outside of it.

use super::write_templates::union;
use crate::engine::{On, Operation, Work};
use crate::fleet::Targets;
use crate::release::ReleaseName;
use crate::script::Script;

/// A path of the release and its place.
#[derive(Debug, Clone)]
pub struct Published {
    /// `link`, `mirror` or `overlay`.
    pub mode: &'static str,
    /// In the release.
    pub from: String,
    /// Absolute, or from `~/`.
    pub to: String,
    /// Patterns of paths below it that are left out.
    pub exclude: Vec<String>,
    /// Which hosts publish it.
    pub targets: Targets,
}

/// Publishes them. What a release published and the next one has not goes; nothing goes that no release published.
#[derive(Debug)]
pub struct Publish {
    /// Each with its hosts.
    pub paths: Vec<Published>,
    /// Only look whether it can be done: before any host switches.
    pub only_looks: bool,
}

impl Publish {
    fn script(&self, on: &On<'_>, what: &'static str) -> Script {
        let here = self.paths.iter().filter(|path| path.targets.concern(on.host));
        let args =
            here.flat_map(|path| [path.mode.to_owned(), path.from.clone(), path.to.clone(), path.exclude.join("\n")]);
        // On a host that had none, a resumed run asks for the inverse with no release.
        let name = |release: Option<&ReleaseName>| release.map_or("none", ReleaseName::as_str).to_owned();
        Script::new(concat!(include_str!("way.sh"), include_str!("places.sh"), include_str!("publish.sh")))
            .args(args.collect::<Vec<_>>())
            .set("relm_base", on.layout.base())
            .set("relm_name", name(on.release))
            .set("relm_before", name(on.before))
            .set("relm_do", what)
    }
}

impl Operation for Publish {
    fn name(&self) -> String {
        if self.only_looks { "check_publish" } else { "publish" }.to_owned()
    }

    fn targets(&self) -> Targets {
        union(self.paths.iter().map(|path| &path.targets))
    }

    fn work(&self, on: &On<'_>) -> Work {
        Work::ours(self.script(on, if self.only_looks { "look" } else { "publish" }))
    }

    fn undo(&self, on: &On<'_>) -> Option<Work> {
        (!self.only_looks).then(|| Work::ours(self.script(on, "back")))
    }

    fn is_journaled(&self) -> bool {
        !self.only_looks
    }

    /// Neither which release was live before is a matter of what is done, nor which one it is done for.
    fn definition(&self, on: &On<'_>) -> String {
        let here = self.paths.iter().filter(|path| path.targets.concern(on.host));
        let words = |path: &Published| [path.mode, &path.from, &path.to, &path.exclude.join("\n")].join("\n");
        [self.name()].into_iter().chain(here.map(words)).collect::<Vec<_>>().join("\n\n")
    }

    /// The old release serves its own files from its first moment.
    fn belongs_to_flip(&self) -> bool {
        !self.only_looks
    }
}
