//! Links what outlives releases into the new one.

use super::release;
use crate::engine::{Makes, On, Operation, Work};
use crate::script::Script;

/// Links files and directories of `shared/` into the release.
#[derive(Debug)]
pub struct LinkShared {
    /// Made if they are not there; filled from the release the first time.
    pub dirs: Vec<String>,
    /// Must be there: an empty settings file would be worse than none.
    pub files: Vec<String>,
}

impl Operation for LinkShared {
    fn name(&self) -> String {
        "link_shared".to_owned()
    }

    fn makes(&self) -> Makes {
        Makes::Files
    }

    fn work(&self, on: &On<'_>) -> Work {
        let entry = |kind: &'static str| {
            move |path: &String| [kind.to_owned(), path.clone(), format!("{}shared/{path}", up(path))]
        };
        let args = self.files.iter().flat_map(entry("file")).chain(self.dirs.iter().flat_map(entry("dir")));
        let script = Script::new(include_str!("link_shared.sh"))
            .args(args.collect::<Vec<_>>())
            .set("release", on.layout.release(release(on)))
            .set("shared", on.layout.shared())
            .set("host", on.host.name.as_str());
        Work::ours(script)
    }

    fn joins(&self) -> bool {
        true
    }
}

/// The way from where the link stands up to the environment's directory. Relative, so that a moved tree still works.
fn up(path: &str) -> String {
    "../".repeat(path.split('/').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_climb_out_of_the_release() {
        assert_eq!(up("media"), "../../");
        assert_eq!(up("a/b/c"), "../../../../");
    }
}
