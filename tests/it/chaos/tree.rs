//! Two trees, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Everything below a directory: its mode and its content, or where it points to.
pub(super) type Tree = BTreeMap<PathBuf, (u32, Vec<u8>)>;

/// Reads a tree.
pub(super) fn read(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let found = fs::symlink_metadata(&path).expect("an entry");
            let content = if found.is_symlink() {
                fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes()
            } else if found.is_dir() {
                open.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).expect("a file")
            };
            let below = path.strip_prefix(root).expect("below the root").to_owned();
            tree.insert(below, (found.permissions().mode(), content));
        }
    }
    tree
}

/// The first path in which two trees differ.
pub(super) fn difference(one: &Tree, other: &Tree) -> Option<PathBuf> {
    let differs = |path: &&PathBuf| one.get(*path) != other.get(*path);
    one.keys().chain(other.keys()).find(differs).cloned()
}
