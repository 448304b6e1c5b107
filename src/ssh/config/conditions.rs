//! Whether a block counts: `Host` patterns and `Match` criteria.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::names::Names;
use super::read::Asked;
use super::tokens;
use super::values::Values;
use crate::secret;
use crate::ssh::pattern;

/// Whether the lines of a block count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Activity {
    /// They do.
    Yes,
    /// They do not.
    No,
    /// It depends on the named criterion, which relm cannot judge.
    Unsure(String),
}

impl Activity {
    /// Returns what holds for a block inside a file that is itself included from a block.
    pub(super) fn within(self, outer: &Self) -> Self {
        match (outer, &self) {
            (Self::Yes, _) | (_, Self::No) => self,
            (Self::No | Self::Unsure(_), _) => outer.clone(),
        }
    }
}

/// What a `Match` line says.
#[derive(Debug)]
pub(super) struct Matched {
    pub(super) activity: Activity,
    /// It says `final`: the files are to be read a second time.
    pub(super) wants_final: bool,
}

/// Criteria of later versions of ssh, which relm does not know to judge.
const LATER: &[&str] = &["localnetwork", "tagged", "command", "sessiontype", "version"];

/// Judges a `Host` line. The name counts as it was given, case included.
pub(super) fn host_line(patterns: &[String], host: &str) -> Activity {
    if pattern::selects(patterns.iter().map(String::as_str), host) { Activity::Yes } else { Activity::No }
}

/// Judges a `Match` line. All its criteria must hold, so that one that does not makes an unknown one harmless.
pub(super) fn match_line(
    criteria: &[String],
    asked: &Asked<'_>,
    so_far: &Values,
    is_final: bool,
) -> Result<Matched, String> {
    if criteria.is_empty() {
        return Err("`Match` says nothing to match".to_owned());
    }
    let mut matched = Matched { activity: Activity::Yes, wants_final: false };
    let mut words = criteria.iter().enumerate();
    let mut before = 0;
    while let Some((place, word)) = words.next() {
        let (name, negated) = match word.strip_prefix('!') {
            Some(name) => (name.to_ascii_lowercase(), true),
            None => (word.to_ascii_lowercase(), false),
        };
        let holds = match name.as_str() {
            "all" if place + 1 == criteria.len() && before <= 1 => Some(true),
            "all" => return Err("`all` must stand alone after `Match`".to_owned()),
            "canonical" | "final" => {
                matched.wants_final |= name == "final";
                Some(is_final)
            }
            criterion => {
                let (_, list) = words.next().ok_or_else(|| format!("`Match {name}` has no value"))?;
                match criterion {
                    "exec" if matched.activity != Activity::Yes => None,
                    "exec" => Some(succeeds(list, asked, so_far)?),
                    _ => holds(criterion, list, asked, so_far)?,
                }
            }
        };
        before += 1;
        match holds {
            Some(holds) if holds == negated => matched.activity = Activity::No,
            None if matched.activity == Activity::Yes => matched.activity = Activity::Unsure(format!("Match {word}")),
            Some(_) | None => {}
        }
    }
    Ok(matched)
}

/// Judges one criterion; `None` if it is one that relm cannot judge.
fn holds(criterion: &str, list: &str, asked: &Asked<'_>, so_far: &Values) -> Result<Option<bool>, String> {
    let text = match criterion {
        "host" => match so_far.host_name(asked.host) {
            Some(name) => name,
            None => return Ok(None),
        },
        "originalhost" => asked.host.to_owned(),
        "user" => so_far.one("user").unwrap_or(&asked.settings.local_user).to_owned(),
        "localuser" => asked.settings.local_user.clone(),
        later if LATER.contains(&later) => return Ok(None),
        unknown => return Err(format!("`Match {unknown}` is no criterion")),
    };
    if criterion.ends_with("host") {
        let list = list.to_lowercase();
        return Ok(Some(pattern::selects(list.split(','), &text.to_lowercase())));
    }
    Ok(Some(pattern::selects(list.split(','), &text)))
}

/// Runs a command of the file as ssh does: with the person's shell, nothing to read, and nothing heard.
fn succeeds(command: &str, asked: &Asked<'_>, so_far: &Values) -> Result<bool, String> {
    let names = Names::so_far(asked, so_far)?;
    let command = tokens::expand(command, &names.all())?;
    let shell = asked.settings.variables.get("SHELL").filter(|shell| !shell.is_empty());
    let shell = shell.map_or(PathBuf::from("/bin/sh"), PathBuf::from);
    let mut running = Command::new(shell);
    for variable in secret::hidden() {
        running.env_remove(variable);
    }
    running.arg("-c").arg(&command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = running.status().map_err(|e| format!("`Match exec` cannot run {command}: {e}"))?;
    Ok(status.success())
}
