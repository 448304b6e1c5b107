//! Writes into the release which one it is.

use super::release;
use crate::engine::{Makes, On, Operation, Work};
use crate::release::Record;
use crate::script::Script;

/// Writes what a release was made from into a file of it.
#[derive(Debug)]
pub struct WriteVersion {
    /// Inside the release.
    pub path: String,
    /// The application.
    pub app: String,
    /// The release.
    pub record: Record,
}

impl WriteVersion {
    /// What a program can ask for, and nothing about people.
    fn text(&self, on: &On<'_>) -> String {
        let Record { name, created, source, reference, commit, tree, .. } = &self.record;
        let mut version = serde_json::json!({
            "app": self.app, "env": on.env.env, "release": name, "created": created, "source": source, "ref": reference,
            "commit": commit, "tree": tree,
        });
        if let Some(component) = &on.env.component {
            version["component"] = component.as_str().into();
        }
        serde_json::to_string_pretty(&version).expect("it is plain data") + "\n"
    }
}

impl Operation for WriteVersion {
    fn name(&self) -> String {
        "write_version".to_owned()
    }

    fn makes(&self) -> Makes {
        Makes::Files
    }

    fn work(&self, on: &On<'_>) -> Work {
        let script = Script::new(include_str!("write_version.sh")).set("release", on.layout.release(release(on)));
        Work::ours(script.set("file", &self.path).set("text", self.text(on)))
    }

    fn definition(&self, on: &On<'_>) -> String {
        format!("{}\n{}", self.path, self.text(on))
    }
}
