//! Shell text as a value: static program text, quoted data, nothing run yet.
//!
//! The text of a script is written by us and known when relm is built. Whatever is known only at run time enters
//! through [`Script::set`] or [`Script::export`] as a quoted value, so a path or a name can never become program text.

mod quote;

use std::fmt::Write as _;

pub use quote::quote;

/// A POSIX shell script with its data, ready to be sent to a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    text: String,
}

impl Script {
    /// Starts a script from program text.
    pub fn new(text: &'static str) -> Self {
        Self { text: text.to_owned() }
    }

    /// Gives the shell variable `name` a value before the script's text runs.
    #[must_use]
    pub fn set(self, name: &'static str, value: impl AsRef<str>) -> Self {
        Self { text: format!("{name}={}\n{}", quote(value.as_ref()), self.text) }
    }

    /// Like [`Script::set`], and every command the script starts sees the variable too.
    ///
    /// `name` comes from `Releases.toml` at times; whoever reads that file has checked that it is a variable name.
    #[must_use]
    pub fn export(self, name: &str, value: impl AsRef<str>) -> Self {
        Self { text: format!("export {name}={}\n{}", quote(value.as_ref()), self.text) }
    }

    /// Sets the positional parameters `$1`, `$2` … that the script's text sees.
    #[must_use]
    pub fn args<I, S>(self, args: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        let mut text = String::from("set --");
        for arg in args {
            let _ = write!(text, " {}", quote(arg.as_ref()));
        }
        Self { text: format!("{text}\n{}", self.text) }
    }

    /// Returns the text a shell would read.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_stands_before_the_text_and_is_quoted() {
        let script = Script::new("rm -- \"$path\"").set("path", "it's; rm -rf /");
        assert_eq!(script.as_str(), "path='it'\\''s; rm -rf /'\nrm -- \"$path\"");
    }

    #[test]
    fn arguments_keep_their_borders() {
        let script = Script::new("printf '%s\\n' \"$@\"").args(["a b", "", "$HOME"]);
        assert_eq!(script.as_str(), "set -- 'a b' '' '$HOME'\nprintf '%s\\n' \"$@\"");
    }
}
