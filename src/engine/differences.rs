//! From what a host says of a release's tree to how it differs from what the steps made. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::Serialize;

use super::Makes;
use crate::release::unescape;

/// One path of a release that is not what a step made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Relative to the release.
    pub path: String,
    /// What is wrong with it.
    pub what: What,
    /// The step that made it; nothing for a path that no step made.
    pub step: String,
}

/// What is wrong with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Another content.
    Edited,
    /// Not there any more.
    Missing,
    /// No step made it.
    Extra,
    /// A link to something else.
    Retargeted,
    /// Other permissions.
    Mode,
    /// A file where a directory was, or a link where a file was.
    Replaced,
}

impl Difference {
    /// What is written down of the code is lost or not to be trusted, and so is the code.
    pub(super) fn of_evidence(what: What) -> Self {
        Self { path: "what is written down of the code".to_owned(), what, step: Makes::CODE_STEP.to_owned() }
    }
}

impl What {
    /// The word for it in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Retargeted => "retargeted",
            Self::Mode => "mode",
            Self::Replaced => "replaced",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a host could say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The code has not been checked there yet.
    Unchecked,
    /// The manifest is not the one that was sent.
    Damaged,
    /// Sorted by path.
    Checked(Vec<Difference>),
}

/// A line of a listing; see listing.sh.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// `f`, `l` or `d`; `?` for whatever else there is.
    kind: char,
    mode: u32,
    size: String,
    modified: String,
    changed: String,
    /// A link's path and target as `stat` shows them; else nothing.
    target: String,
}

/// The facts of an answer, by path.
#[derive(Debug, Default)]
struct Facts {
    /// In the listing of the last step and not in the tree.
    was: HashMap<String, Vec<Entry>>,
    /// In the tree and not in that listing.
    is: HashMap<String, Entry>,
    /// Who made a path, and what; or who removed it.
    seals: HashMap<String, (String, Option<Entry>)>,
    edited: BTreeSet<String>,
    unread: BTreeSet<String>,
}

/// Reads what inspect.sh says.
pub(super) fn read(text: &str) -> Result<Answer, String> {
    if !text.ends_with("end\n") {
        return Err("the inspection was cut short".to_owned());
    }
    let mut facts = Facts::default();
    for line in text.lines() {
        match line {
            "unchecked" => return Ok(Answer::Unchecked),
            "damaged" => return Ok(Answer::Damaged),
            line => facts.take(line),
        }
    }
    let found = facts.differences();
    // What cannot be read may be anything; unless more is known of it, nothing is known of the release.
    let untold = facts.unread.iter().find(|path| !found.contains_key(*path) && facts.is_code(path));
    match untold {
        Some(path) => Err(format!("{path} cannot be read")),
        None => Ok(Answer::Checked(found.into_values().collect())),
    }
}

impl Facts {
    fn take(&mut self, line: &str) {
        if let Some((path, entry)) = line.strip_prefix("was ").and_then(entry) {
            self.was.entry(path).or_default().push(entry);
        } else if let Some((path, entry)) = line.strip_prefix("is ").and_then(entry) {
            self.is.insert(path, entry);
        } else if let Some((path, step, made)) = line.strip_prefix("seal\t").and_then(seal) {
            self.seals.insert(path, (step, made));
        } else if let Some(path) = line.strip_prefix("edited ").and_then(unescape) {
            self.edited.insert(path);
        } else if let Some(path) = line.strip_prefix("unread ").and_then(unescape) {
            self.unread.insert(path);
        }
    }

    fn is_code(&self, path: &str) -> bool {
        !self.seals.contains_key(path) && !is_compiled(path)
    }

    fn differences(&self) -> BTreeMap<String, Difference> {
        let paths: BTreeSet<&String> = self.was.keys().chain(self.is.keys()).chain(&self.edited).collect();
        let found = paths.into_iter().filter_map(|path| {
            let (what, step) = self.difference(path)?;
            Some((path.clone(), Difference { path: path.clone(), what, step: step.to_owned() }))
        });
        found.collect()
    }

    fn difference(&self, path: &str) -> Option<(What, &str)> {
        let (was, is) = (self.was.get(path).map(Vec::as_slice).unwrap_or_default(), self.is.get(path));
        match (self.seals.get(path), was) {
            (Some((_, None)), _) => is.map(|_| (What::Extra, "")),
            // A step ran while others changed the tree, so that an older line is left; only the step's own counts.
            (Some((step, Some(made))), was) if was.contains(made) => Some((made.became(is)?, step)),
            (Some(_), _) => None,
            (None, [was, ..]) => {
                let what = was.became(is).filter(|what| *what != What::Edited || was.kind != 'f');
                Some((what.or_else(|| self.edit(path))?, Makes::CODE_STEP))
            }
            (None, []) if is.is_some() => Some((What::Extra, "")),
            (None, []) => Some((self.edit(path)?, Makes::CODE_STEP)),
        }
    }

    /// The code's files are told by their content and not by their times.
    fn edit(&self, path: &str) -> Option<What> {
        (self.edited.contains(path) && !is_compiled(path)).then_some(What::Edited)
    }
}

impl Entry {
    /// What has become of it, if anything.
    fn became(&self, now: Option<&Self>) -> Option<What> {
        let Some(now) = now else { return Some(What::Missing) };
        let has_ctime = self.changed != "-" && now.changed != "-";
        if self.kind != now.kind {
            Some(What::Replaced)
        } else if self.target != now.target {
            Some(What::Retargeted)
        } else if self.size != now.size || self.modified != now.modified {
            Some(What::Edited)
        } else if self.mode != now.mode {
            Some(What::Mode)
        } else {
            (has_ctime && self.changed != now.changed).then_some(What::Edited)
        }
    }
}

/// What Python compiles on the way: listings leave it out, and a manifest may have it.
fn is_compiled(path: &str) -> bool {
    path.split('/').any(|part| part == "__pycache__" || part.strip_suffix(".pyc").is_some())
}

fn entry(line: &str) -> Option<(String, Entry)> {
    let mut fields = line.strip_prefix("//:")?.splitn(5, ' ');
    let mut field = || fields.next().map(str::to_owned);
    let mode = field()?;
    let kind = mode.chars().next().filter(char::is_ascii)?;
    let mode = u32::from_str_radix(&mode[1..], 8).ok()?;
    let (size, modified, changed) = (field()?, field()?, field()?);
    let rest = field()?;
    let (path, target) = rest.strip_prefix("./")?.split_once("//")?;
    let target = if kind == 'l' { target.to_owned() } else { String::new() };
    Some((unescape(path)?, Entry { kind, mode, size, modified, changed, target }))
}

fn seal(line: &str) -> Option<(String, String, Option<Entry>)> {
    let mut fields = line.splitn(3, '\t');
    let (verb, step) = (fields.next()?, fields.next()?.to_owned());
    let (path, entry) = entry(fields.next()?)?;
    match verb {
        "made" => Some((path, step, Some(entry))),
        "gone" => Some((path, step, None)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
