//! Fills files in for each host and writes them: into the release, or beside its record if their place is outside of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::becoming::as_another;
use super::sourcing::defined;
use super::values::values;
use super::{refused, release, seeing};
use crate::engine::{Makes, On, Operation, Work};
use crate::fleet::{Host, Targets};
use crate::release::hex;
use crate::script::Script;
use crate::secret::Secret;
use crate::template::{FilledFile, Values, Wording};

/// Writes them. Those for places outside of the release are kept beside its record: the switch takes them where they belong,
/// and a rollback takes the old ones there again.
#[derive(Debug)]
pub struct WriteTemplates {
    /// Each with its hosts.
    pub files: Vec<FilledFile>,
    /// The app's name.
    pub app: String,
    /// What the release is made from.
    pub reference: String,
    /// The hash of the code's manifest, by which texts of the release are known.
    pub tree: String,
}

/// What messages call one; the script knows the word too.
const TEMPLATE: &str = "template";

/// One file as the script gets it.
pub(super) struct Written<'f> {
    /// Inside the release, absolute, or from `~/`.
    pub(super) place: &'f str,
    /// In octal digits.
    pub(super) mode: &'f str,
    /// For `chown`, or nothing.
    pub(super) owner: &'f str,
    /// Text for `sh`, or nothing.
    pub(super) check: Cow<'f, str>,
    pub(super) content: String,
    /// The user who takes it to its place, where that is another; or nothing.
    pub(super) taker: &'f str,
}

/// Writes files, which messages call `what`.
pub(super) fn write(what: &str, files: &[Written<'_>], on: &On<'_>) -> Work {
    let args =
        files.iter().flat_map(|file| [file.place, file.mode, file.owner, &file.check, &file.content, file.taker]);
    let script = Script::new(include_str!("write_files.sh"))
        .args(args)
        .set("what", what)
        .set("release", on.layout.release(release(on)))
        .set("record", on.layout.record(release(on)));
    Work::ours(script)
}

/// Whoever any of them is for.
pub(super) fn union<'t>(all: impl Iterator<Item = &'t Targets>) -> Targets {
    let roles: Option<Vec<_>> = all.map(|targets| targets.roles.clone()).collect();
    roles.map_or_else(Targets::all, |roles| Targets::any(roles.concat()))
}

impl WriteTemplates {
    fn on<'s>(&'s self, host: &'s Host) -> impl Iterator<Item = &'s FilledFile> {
        self.files.iter().filter(|file| file.targets.concern(host))
    }

    /// What a file says, with what `secret` gives for the names of secrets.
    fn content(file: &FilledFile, common: &Values, secret: impl Fn(&str) -> String) -> Result<String, String> {
        let with = |values: Values, name: &String| values.text(name, secret(name));
        let values = file.secrets.iter().fold(common.clone(), with);
        file.render(&values).map_err(|reason| format!("{}: {reason}", file.dest))
    }

    /// What looks at it. Whoever takes it to its place looks at it, in a shell of their own.
    fn check<'f>(&self, file: &'f FilledFile, on: &On<'_>) -> Cow<'f, str> {
        let own = file.check.as_deref().unwrap_or_default();
        let Some(becoming) = file.becoming.as_ref().filter(|_| !own.is_empty()) else { return Cow::Borrowed(own) };
        let name = release(on);
        // As write_files.sh calls it meanwhile.
        let (directory, _) = file.dest.rsplit_once('/').unwrap_or_default();
        let path = format!("{}/outside@{}/root{directory}/.relm-new-{1}", on.layout.record(name), becoming.user);
        let script = Script::new("cd -- \"$relm_directory\" || exit\neval \"$relm_command\"")
            .set("relm_directory", on.layout.release(name))
            .set("relm_command", own)
            .export("RELM_FILE", path);
        Cow::Owned(as_another(&seeing(script, on, &self.reference), becoming, on.secrets).as_str().to_owned())
    }

    fn filled(&self, on: &On<'_>, secret: impl Fn(&str) -> String) -> Result<Vec<Written<'_>>, String> {
        let common = values(on, &self.app, &self.reference);
        let host = on.host.clone();
        let files = self.files.iter().filter(|file| file.targets.concern(&host));
        files
            .map(|file| {
                Ok(Written {
                    place: &file.dest,
                    mode: &file.mode,
                    owner: &file.owner,
                    check: self.check(file, on),
                    content: Self::content(file, &common, &secret)?,
                    taker: file.becoming.as_ref().map(|becoming| becoming.user.as_str()).unwrap_or_default(),
                })
            })
            .collect()
    }
}

/// What a file comes to on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled {
    /// All of it.
    Text(String),
    /// Its SHA-256: there is a secret in it.
    Hash(String),
    /// Why that cannot be told.
    Unknown(String),
}

/// As hosts tell it of a file with this text.
pub fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

impl WriteTemplates {
    /// What each file comes to on a host, by its place. Of those with secrets nothing is told but whether they are another.
    pub fn on_host(&self, on: &On<'_>) -> Vec<(String, Filled)> {
        let common = values(on, &self.app, &self.reference);
        let filled = |file: &FilledFile| {
            if let Some(missing) = file.secrets.iter().find(|name| on.secrets.get(name).is_none()) {
                return Filled::Unknown(format!("not without the secret {missing}"));
            }
            let secret = |name: &str| on.secrets.get(name).map(Secret::expose_line).unwrap_or_default().to_owned();
            match Self::content(file, &common, secret) {
                Err(reason) => Filled::Unknown(reason),
                Ok(text) if file.secrets.is_empty() => Filled::Text(text),
                Ok(text) => Filled::Hash(sha256(&text)),
            }
        };
        self.on(on.host).map(|file| (file.dest.clone(), filled(file))).collect()
    }
}

impl Operation for WriteTemplates {
    fn name(&self) -> String {
        "write_templates".to_owned()
    }

    fn targets(&self) -> Targets {
        union(self.files.iter().map(|file| &file.targets))
    }

    fn makes(&self) -> Makes {
        Makes::Files
    }

    fn work(&self, on: &On<'_>) -> Work {
        if let Some(missing) =
            self.on(on.host).flat_map(|file| &file.secrets).find(|name| on.secrets.get(name).is_none())
        {
            return refused(&format!("the secret {missing} has no value"));
        }
        let secret = |name: &str| on.secrets.get(name).map(Secret::expose_line).unwrap_or_default().to_owned();
        match self.filled(on, secret) {
            Ok(files) if files.iter().all(|file| file.check.is_empty()) => write(TEMPLATE, &files, on),
            Ok(files) => {
                let work = write(TEMPLATE, &files, on);
                Work { script: seeing(work.script, on, &self.reference), ..work }
            }
            Err(reason) => refused(&reason),
        }
    }

    /// The text of a release is known by where it stands. With the names of secrets in their places: what hosts write down of a step must tell nothing of a secret, and a new
    /// value is no new step.
    fn definition(&self, on: &On<'_>) -> String {
        let common = values(on, &self.app, &self.reference);
        let secret = |name: &str| format!("[{name}]");
        let line = |file: &FilledFile| {
            let content = match &file.template {
                Wording::Beside(_) => Self::content(file, &common, secret).unwrap_or_default(),
                Wording::OfRelease { path, .. } => format!("{path} of {}\n{}", self.tree, common.words()),
            };
            let taker = file.becoming.iter().map(|becoming| format!("\nas {}", becoming.user)).collect::<String>();
            [&file.dest, &file.mode, &file.owner, file.check.as_deref().unwrap_or_default(), &(content + &taker)]
                .join("\n")
        };
        let text = self.on(on.host).map(line).collect::<Vec<_>>().join("\n\n");
        let has_commands = self.on(on.host).any(|file| file.check.is_some());
        if has_commands { defined(text, &BTreeMap::new(), on) } else { text }
    }

    fn lacks_code(&self) -> bool {
        self.files.iter().any(|file| file.lacks().is_some())
    }
}
