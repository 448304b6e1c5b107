//! Whether a block counts: `Host` patterns and `Match` criteria.

use super::read::Asked;
use super::values::Values;
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

/// Judges a `Host` line. The name counts as it was given, case included.
pub(super) fn host_line(patterns: &[String], host: &str) -> Activity {
    if pattern::selects(patterns.iter().map(String::as_str), host) { Activity::Yes } else { Activity::No }
}

/// Judges a `Match` line. All its criteria must hold, so that one that does not makes an unknown one harmless.
pub(super) fn match_line(criteria: &[String], asked: &Asked<'_>, so_far: &Values) -> Result<Activity, String> {
    let mut activity = Activity::Yes;
    let mut words = criteria.iter();
    if criteria.is_empty() {
        return Err("`Match` says nothing to match".to_owned());
    }
    while let Some(word) = words.next() {
        let (name, negated) = match word.strip_prefix('!') {
            Some(name) => (name, true),
            None => (word.as_str(), false),
        };
        let holds = match name.to_ascii_lowercase().as_str() {
            "all" if !negated && may_stand_with_all(criteria) => continue,
            "all" => return Err("`all` must stand alone after `Match`".to_owned()),
            "canonical" | "final" => None,
            criterion => {
                let list = words.next().ok_or_else(|| format!("`Match {name}` has no value"))?;
                holds(criterion, list, asked, so_far)
            }
        };
        match holds {
            Some(holds) if holds == negated => return Ok(Activity::No),
            Some(_) => {}
            None => activity = Activity::Unsure(format!("Match {word}")),
        }
    }
    Ok(activity)
}

/// Judges one criterion; `None` if it is none that relm knows.
fn holds(criterion: &str, list: &str, asked: &Asked<'_>, so_far: &Values) -> Option<bool> {
    let text = match criterion {
        "host" => so_far.host_name(asked.host)?,
        "originalhost" => asked.host.to_owned(),
        "user" => so_far.one("user").unwrap_or(&asked.settings.local_user).to_owned(),
        "localuser" => asked.settings.local_user.clone(),
        _ => return None,
    };
    if criterion.ends_with("host") {
        let list = list.to_lowercase();
        return Some(pattern::selects(list.split(','), &text.to_lowercase()));
    }
    Some(pattern::selects(list.split(','), &text))
}

/// Fedora's own configuration says `Match final all`.
fn may_stand_with_all(criteria: &[String]) -> bool {
    let few = ["all", "canonical", "final"];
    criteria.iter().all(|word| few.contains(&word.trim_start_matches('!').to_ascii_lowercase().as_str()))
}
