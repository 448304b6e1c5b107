//! Files that `Include` names, wildcards expanded.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::tokens;
use crate::ssh::pattern;

/// Returns the existing files an `Include` argument names, sorted as glob(3) sorts them.
///
/// A relative name is one in `beside`: `~/.ssh`, or `/etc/ssh` for the configuration of the machine.
pub(super) fn included(name: &str, home: &Path, beside: &Path) -> Result<Vec<PathBuf>, String> {
    if name.contains(['[', '$']) {
        return Err(format!("Include {name}: only * and ? are supported"));
    }
    let path = beside.join(tokens::tilde(name, home)?);
    let mut found = vec![PathBuf::new()];
    for part in path.components() {
        found = match part {
            Component::Normal(name) => match name.to_str() {
                Some(name) if name.contains(['*', '?']) => {
                    found.iter().flat_map(|folder| listed(folder, name)).collect()
                }
                _ => found.into_iter().map(|folder| folder.join(name)).collect(),
            },
            other => found.into_iter().map(|folder| folder.join(other)).collect(),
        };
    }
    found.retain(|path| path.exists());
    found.sort();
    Ok(found)
}

fn listed(folder: &Path, wanted: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| (wanted.starts_with('.') || !name.starts_with('.')) && pattern::matches(wanted, name))
        .map(|name| folder.join(name))
        .collect()
}
