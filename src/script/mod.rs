//! Shell text as a value: static program text, quoted data, nothing run yet.
//!
//! The text of a script is written by us and known when relm is built. Whatever is known only at run time enters
//! through [`Script::set`] or [`Script::export`] as a quoted value, so a path or a name can never become program text.

mod quote;

use std::fmt;
use std::fmt::Write as _;

pub use quote::{quote, word};

/// A POSIX shell script with its data, ready to be sent to a host.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Script {
    text: String,
}

/// Its length and nothing else: there may be secrets in it.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({} bytes)", self.text.len())
    }
}

impl Script {
    /// Starts a script from program text. Its comments stay here: every script that changes something crosses the line to
    /// every host, and a long line's first packets hold 14 KB. No text of ours has a line that begins with `#` for
    /// another reason.
    pub fn new(text: &'static str) -> Self {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        Self { text: lines.collect::<Vec<_>>().join("\n") }
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

    /// Puts directories in front of those that programs are looked for in, which go on to be: the script's own tools are found.
    #[must_use]
    pub fn lead_path(self, directories: &str) -> Self {
        // An empty one would be wherever the script is.
        let directories: Vec<&str> = directories.split(':').filter(|directory| !directory.is_empty()).collect();
        if directories.is_empty() {
            return self;
        }
        let quoted = quote(&directories.join(":"));
        Self { text: format!("PATH={quoted}\"${{PATH:+:$PATH}}\"\nexport PATH\n{}", self.text) }
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

    /// Adds another script behind this one, in the same shell.
    #[must_use]
    pub fn then(self, next: &Self) -> Self {
        Self { text: format!("{}\n{}", self.text, next.text) }
    }

    /// The script in a shell of its own that reads nothing: whatever it does to that shell, what stands behind it goes
    /// on.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self { text: format!("(\n{}\n) </dev/null", self.text) }
    }

    /// Like [`Script::apart`], and it reads what there is to read.
    #[must_use]
    pub fn apart_reading(&self) -> Self {
        Self { text: format!("(\n{}\n)", self.text) }
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
    fn directories_stand_before_those_of_the_host() {
        let script = |directories: &str| Script::new("ls").lead_path(directories).as_str().to_owned();
        assert_eq!(script("/a b::/c:"), "PATH='/a b:/c'\"${PATH:+:$PATH}\"\nexport PATH\nls");
        assert_eq!([script(""), script(":")], ["ls", "ls"]);
    }

    #[test]
    fn scripts_stand_behind_each_other() {
        let script = Script::new("a").set("x", "1").apart().then(&Script::new("b"));
        assert_eq!(script.as_str(), "(\nx='1'\na\n) </dev/null\nb");
    }

    #[test]
    fn arguments_keep_their_borders() {
        let script = Script::new("printf '%s\\n' \"$@\"").args(["a b", "", "$HOME"]);
        assert_eq!(script.as_str(), "set -- 'a b' '' '$HOME'\nprintf '%s\\n' \"$@\"");
    }
}
