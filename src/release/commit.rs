//! A commit of the source, and what whoever deploys it has to know.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// What a commit says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// Its whole id.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub at: DateTime<Utc>,
    /// The first line of its message.
    pub subject: String,
    /// The rest of its message.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// Begins what is meant for whoever deploys: `Deployment: …`, or a heading with lines below it.
const HEADING: &str = "deployment:";

impl Commit {
    /// What its message says for whoever deploys it, a text each.
    ///
    /// Behind the heading a note goes on as long as lines are indented; below a heading that stands alone, to the next empty
    /// line.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let indent = |line: &str| line.len() - line.trim_start().len();
        let mut lines = std::iter::once(self.subject.as_str()).chain(self.body.lines()).peekable();
        while let Some(line) = lines.next() {
            // A merge of many into one indents what they say.
            let Some((heading, first)) = line.trim_start().split_at_checked(HEADING.len()) else { continue };
            if !heading.eq_ignore_ascii_case(HEADING) {
                continue;
            }
            let (first, depth) = (first.trim(), indent(line));
            let mut note: Vec<&str> = (!first.is_empty()).then_some(first).into_iter().collect();
            let is_alone = note.is_empty();
            while is_alone && lines.next_if(|line| line.trim().is_empty()).is_some() {}
            let goes_on = |line: &&str| !line.trim().is_empty() && (is_alone || indent(line) > depth);
            while let Some(line) = lines.next_if(goes_on) {
                note.push(line.get(depth.min(indent(line))..).unwrap_or(line).trim_end());
            }
            notes.extend((!note.is_empty()).then(|| note.join("\n")));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_stand_behind_a_heading_or_below_it() {
        let notes = |subject: &str, body: &str| {
            let (id, author) = (String::new(), String::new());
            Commit { id, author, at: DateTime::UNIX_EPOCH, subject: subject.into(), body: body.into() }.notes()
        };
        assert_eq!(notes("Fix it", "Nothing of deployment: is here.\nredeployment: no"), [""; 0]);
        assert_eq!(notes("Fix it", "Deployment: clear the cache\n\nmore"), ["clear the cache"]);
        assert_eq!(notes("Fix it", "deployment: clear\n  the cache\nSigned-off-by: x"), ["clear\n  the cache"]);
        assert_eq!(
            notes("Fix it", "Words.\n\nDeployment:\n\n- stop it\n- start it\n\nother"),
            ["- stop it\n- start it"]
        );
        assert_eq!(
            notes("Squashed", "commit 1\n\n    Fix\n\n    Deployment: clear\n      it\n    Signed-off-by: x"),
            ["clear\n  it"]
        );
        assert_eq!(notes("Deployment: by hand", "Deployment: twice\nDeployment:"), ["by hand", "twice"]);
    }
}
