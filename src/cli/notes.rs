//! What commits say for whoever deploys them, before a deploy begins.

use std::collections::BTreeSet;

use super::change::Change;
use super::code::Code;
use super::complaint::Complaint;
use super::guards::Objection;
use super::{diff, out, show_diff};
use crate::source::Source;
use crate::survey::Survey;
use crate::tasks::diff::notes;
use crate::ui::text;

impl Change<'_> {
    /// Shows the notes of the commits that come with `code`, and has them acknowledged where the file says so. Returns them for
    /// whoever only wants to know.
    pub(super) async fn acknowledged_notes(
        &self,
        source: &Source,
        survey: &Survey,
        code: &Code,
    ) -> Result<Vec<String>, Complaint> {
        if !self.env.guards.notes || self.actor.task != "deploy" {
            return Ok(Vec::new());
        }
        let told = told(source, survey, code).await;
        if told.is_empty() || self.dry_run {
            return Ok(told);
        }
        for note in &told {
            out::note(format!("{note}\n"));
        }
        let what = format!("this deploy comes with {}", text::count(told.len(), "note"));
        let question = Some(format!("{what}: is done what they ask for?"));
        self.overcome(Objection { name: "notes", what, question }).await?;
        Ok(told)
    }
}

/// A text for each note of a commit that some host has not yet. What cannot be told has to be looked at, too.
async fn told(source: &Source, survey: &Survey, code: &Code) -> Vec<String> {
    let Some(new) = &code.origin.commit else { return Vec::new() };
    let (mut live, mut told) = (BTreeSet::new(), Vec::new());
    for (host, seen) in &survey.hosts {
        let Some(release) = seen.live().and_then(|name| seen.release(name)) else { continue };
        match &release.record.commit {
            Some(commit) => _ = live.insert(commit.clone()),
            None if release.record.tree == code.payload.tree => {}
            None => told.push(format!(
                "{host} runs {}, {}: which commits come cannot be told",
                release.name,
                diff::NO_COMMIT
            )),
        }
    }
    for old in live {
        match diff::between(source, &old, new).await {
            Ok((commits, _)) => told.extend(notes(&commits).iter().map(show_diff::told)),
            Err(reason) => told.push(format!("which commits come cannot be told: {reason}")),
        }
    }
    let mut before = BTreeSet::new();
    told.retain(|note| before.insert(note.clone()));
    told
}
