//! `%h` and friends, `${VAR}`, and `~`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha1::{Digest, Sha1};

/// What stands for each letter.
pub(super) type Tokens = Vec<(char, String)>;

/// Replaces `%x` by what `known` says about `x`. What it does not know is an error: half a path is another path.
pub(super) fn expand(text: &str, known: &[(char, String)]) -> Result<String, String> {
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

/// Replaces `${VAR}`. One that is not set is an error, as it is to ssh.
pub(super) fn variables(text: &str, known: &BTreeMap<String, String>) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or_else(|| format!("{text}: a ${{ is never closed"))?;
        let value = known.get(name).ok_or_else(|| format!("{text}: the variable {name} is not set"))?;
        expanded.push_str(before);
        expanded.push_str(value);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// Reads a path with `~`, tokens and variables. What a variable holds is not read again.
pub(super) fn path(
    text: &str,
    home: &Path,
    known: &[(char, String)],
    environment: &BTreeMap<String, String>,
) -> Result<PathBuf, String> {
    let path = tilde(text, home)?.to_string_lossy().into_owned();
    let mut expanded = String::new();
    // The pieces between variables have their tokens; ssh reads both in one go.
    let mut rest = path.as_str();
    while let Some(start) = rest.find("${") {
        let end = rest[start..].find('}').ok_or_else(|| format!("{text}: a ${{ is never closed"))? + start;
        expanded += &expand(&rest[..start], known)?;
        expanded += &variables(&rest[start..=end], environment)?;
        rest = &rest[end + 1..];
    }
    expanded += &expand(rest, known)?;
    Ok(PathBuf::from(expanded))
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

/// What `%C` stands for.
pub(super) fn connection(local_host: &str, address: &str, port: &str, user: &str) -> String {
    let digest = Sha1::new().chain_update(local_host).chain_update(address).chain_update(port).chain_update(user);
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
