//! What a person is asked before hosts are changed, and what of it stands in the history.

use super::ask;
use super::change::Change;
use super::complaint::Complaint;
use crate::config::{Confirm, Set};
use crate::engine::Plan;
use crate::release::Consent;

impl Change<'_> {
    /// Asks what the plan asks, and what the environment wants to be asked.
    pub(super) async fn confirm(&self, plan: &Plan) -> Result<(), Complaint> {
        if let Some(question) = &plan.question {
            ask::confirm(question, self.common.yes).await?;
        }
        if plan.steps.is_empty() {
            return Ok(());
        }
        let about = plan.release.as_ref().map(|release| format!(" ({release})")).unwrap_or_default();
        let what = format!("{} on {}{about}", plan.task, plan.env);
        match &self.env.confirm {
            Confirm::Yes if plan.question.is_none() => {
                ask::confirm(&format!("{what}: are you sure?"), self.common.yes).await.map(drop)
            }
            Confirm::No | Confirm::Yes => Ok(()),
            Confirm::Typed(word) => {
                let answer = ask::typed(&what, word, self.common.yes).await?;
                self.note_agreed(Consent { name: format!("type:{word}"), words: answer.words().to_owned() });
                Ok(())
            }
        }
    }
}

/// What is set for one run stands in the history beside what was agreed to. No guard is called so.
pub(super) fn consented(set: &Set) -> Consent {
    Consent { name: "--set".to_owned(), words: set.to_string() }
}
