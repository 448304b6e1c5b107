//! What is another in a tree than in one before it.

use serde::Serialize;

use super::manifest::{Entry, Kind, Manifest};

/// Paths of files and links, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Only there now.
    pub added: Vec<String>,
    /// Of another content, mode or kind.
    pub changed: Vec<String>,
    /// Not there any more.
    pub removed: Vec<String>,
}

impl Changes {
    /// What becomes of `before` on the way to `after`.
    pub fn between(before: &Manifest, after: &Manifest) -> Self {
        let is_file = |(_, entry): &(&String, &Entry)| entry.kind != Kind::Directory;
        let mut changes = Self::default();
        for (path, entry) in after.entries.iter().filter(is_file) {
            match before.entries.get(path) {
                Some(old) if old == entry => {}
                Some(old) if old.kind != Kind::Directory => changes.changed.push(path.clone()),
                _ => changes.added.push(path.clone()),
            }
        }
        let is_left = |path: &String| after.entries.get(path).is_some_and(|entry| entry.kind != Kind::Directory);
        let gone = before.entries.iter().filter(is_file).filter(|(path, _)| !is_left(path));
        changes.removed.extend(gone.map(|(path, _)| path.clone()));
        changes
    }

    /// Says whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    /// Every path with a word for what becomes of it, sorted.
    pub fn lines(&self) -> Vec<(&'static str, &str)> {
        let lists = [("added", &self.added), ("changed", &self.changed), ("removed", &self.removed)];
        let mut lines: Vec<_> =
            lists.into_iter().flat_map(|(word, list)| list.iter().map(move |path| (word, path.as_str()))).collect();
        lines.sort_by_key(|(_, path)| *path);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_is_told_once() {
        let tree = |paths: &[(&str, Kind)]| Manifest {
            entries: paths
                .iter()
                .map(|(path, kind)| ((*path).to_owned(), Entry { mode: 0o644, kind: kind.clone() }))
                .collect(),
        };
        let link = |target: &str| Kind::Link { target: target.to_owned() };
        let before =
            tree(&[("a", link("x")), ("b", link("x")), ("c", Kind::Directory), ("d", link("x")), ("e", link("x"))]);
        let after =
            tree(&[("a", link("x")), ("b", link("y")), ("c", link("x")), ("d", Kind::Directory), ("f", link("x"))]);
        let changes = Changes::between(&before, &after);
        assert_eq!(
            changes.lines(),
            [("changed", "b"), ("added", "c"), ("removed", "d"), ("removed", "e"), ("added", "f")]
        );
        assert!(Changes::between(&after, &after).is_empty());
    }
}
