//! `%h` and friends, and `~`.

use std::path::{Path, PathBuf};

/// Replaces `%x` by what `known` says about `x`. What it does not know is an error: half a path is another path.
pub(super) fn expand(text: &str, known: &[(char, &str)]) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            expanded.push(c);
            continue;
        }
        match chars.next() {
            Some('%') => expanded.push('%'),
            Some(token) => match known.iter().find(|(name, _)| *name == token) {
                Some((_, value)) => expanded.push_str(value),
                None => return Err(format!("%{token} is not supported here")),
            },
            None => return Err("a % stands at the end".to_owned()),
        }
    }
    Ok(expanded)
}

/// Reads a path with `~` and tokens.
pub(super) fn path(text: &str, home: &Path, known: &[(char, &str)]) -> Result<PathBuf, String> {
    if text.contains("${") {
        return Err(format!("{text}: variables in paths are not supported yet"));
    }
    expand(text, known).and_then(|text| tilde(&text, home))
}

/// Replaces a leading `~` by the home directory.
pub(super) fn tilde(text: &str, home: &Path) -> Result<PathBuf, String> {
    match text.strip_prefix('~') {
        None => Ok(PathBuf::from(text)),
        Some("") => Ok(home.to_owned()),
        Some(rest) => match rest.strip_prefix('/') {
            Some(inside) => Ok(home.join(inside.trim_start_matches('/'))),
            None => Err(format!("{text}: homes of others are not supported")),
        },
    }
}
