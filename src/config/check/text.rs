//! Rules for texts of the file: names, commands, and paths here and on a host.

use std::fmt::Display;
use std::path::{Component, PathBuf};

use super::super::placed::At;
use super::Check;
use crate::fleet;

impl Check<'_> {
    /// Takes a name that has no type of its own.
    pub(super) fn name(&mut self, what: &str, name: &At<String>) -> Option<String> {
        let taken = |text: &str| match fleet::unfit(text) {
            None => Ok(text.to_owned()),
            Some(reason) => Err(format!("{what} {text:?} {reason}")),
        };
        self.fleet_name(name, taken)
    }

    /// Takes a name of the type `new` makes.
    pub(super) fn fleet_name<N, E: Display>(
        &mut self,
        name: &At<String>,
        new: impl Fn(&str) -> Result<N, E>,
    ) -> Option<N> {
        match new(&name.value) {
            Ok(name) => Some(name),
            Err(error) => {
                let hint = made_plain(&name.value).map(|plain| format!("{plain:?} would do"));
                let rule = "letters, digits, '.', '_' and '-', such as \"web-1\"".to_owned();
                self.problem(name.span(), error.to_string(), hint.unwrap_or(rule));
                None
            }
        }
    }

    /// Takes text for a shell: anything but nothing, byte for byte.
    pub(super) fn command(&mut self, key: &str, text: &At<String>) -> Option<String> {
        if text.value.trim().is_empty() {
            self.problem(text.span(), format!("`{key}` is empty"), format!("leave `{key}` out, or write a command"));
            return None;
        }
        self.no_nul(key, text)
    }

    /// Takes any text but one with a NUL, which no process can be given as an argument.
    pub(super) fn no_nul(&mut self, key: &str, text: &At<String>) -> Option<String> {
        if text.value.contains('\0') {
            self.problem(
                text.span(),
                format!("`{key}` has a NUL character in it"),
                "no command can be given one".to_owned(),
            );
            return None;
        }
        Some(text.value.clone())
    }

    /// Takes text that stays on one line: not empty, no control characters.
    pub(super) fn line(&mut self, key: &str, text: &At<String>) -> Option<String> {
        if text.value.trim().is_empty() {
            self.problem(text.span(), format!("`{key}` is empty"), format!("leave `{key}` out, or give it a value"));
            return None;
        }
        self.no_control(key, text).then(|| text.value.clone())
    }

    pub(super) fn no_control(&mut self, key: &str, text: &At<String>) -> bool {
        let Some(control) = text.value.chars().find(|c| c.is_control()) else {
            return true;
        };
        let hint = "newlines, tabs, NUL and other control characters have no place here".to_owned();
        self.problem(text.span(), format!("`{key}` has the control character {control:?} in it"), hint);
        false
    }

    /// Takes a path of this machine; relative ones start at the file's directory.
    pub(super) fn local_path(&mut self, key: &str, text: &At<String>) -> Option<PathBuf> {
        let path = self.line(key, text)?;
        let from = match path.strip_prefix('~') {
            None => self.places.directory.join(&path),
            Some("") => self.places.home.to_owned(),
            Some(rest) if rest.starts_with('/') => self.places.home.join(rest.trim_start_matches('/')),
            Some(_) => {
                let hint = format!("write the whole path, or \"./{path}\" for something in this directory");
                self.problem(text.span(), format!("`{key}` names another user's home"), hint);
                return None;
            }
        };
        Some(from.components().filter(|part| *part != Component::CurDir).collect())
    }

    /// Takes a path inside a release: relative, and no way out of it.
    pub(super) fn inside_release(&mut self, key: &str, text: &At<String>) -> Option<String> {
        let path = self.line(key, text)?;
        let (wrong, hint) = if path.starts_with('/') {
            ("is absolute", path.trim_matches('/').to_owned())
        } else if path.starts_with("~/") || path == "~" {
            ("starts in a home, and `~` is not expanded here", path.trim_matches(['~', '/']).to_owned())
        } else if path.split('/').any(|part| part == "..") {
            ("has `..` in it", String::new())
        } else if path.split('/').any(|part| part.is_empty() || part == ".") {
            let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
            ("has an empty part or `.` in it", parts.join("/"))
        } else {
            return Some(path);
        };
        let safe = !hint.is_empty() && hint.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let hint = if safe {
            format!("write {hint:?}")
        } else {
            "name something inside the release, such as \"media\"".to_owned()
        };
        self.problem(text.span(), format!("`{key}`: the path {path:?} {wrong}"), hint);
        None
    }
}

/// Whether a path is another or lies below it.
pub(super) fn is_below(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Turns any text into the name it would be without what no name may have.
pub(super) fn made_plain(text: &str) -> Option<String> {
    let plain: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    let plain = plain.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    fleet::unfit(plain).is_none().then(|| plain.to_owned())
}
