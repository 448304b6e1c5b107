//! `promote_from`: an environment takes only code that has been live in another one first.

use super::change::Change;
use super::complaint::Complaint;
use super::diff::of_same_component;
use super::guards::Objection;
use super::read;
use crate::config::Environment;
use crate::engine::Plan;
use crate::survey::Survey;
use crate::tasks::promote::untried;
use crate::tasks::relm;

/// The consent that lets other code in.
pub(super) const PROMOTE_FROM: &str = "promote_from";

/// What the environment that code comes from says of its releases.
pub(super) struct There {
    name: String,
    /// Without an answer nothing has been tried there.
    seen: Result<(Environment, Survey), String>,
}

impl Change<'_> {
    /// Asks the environment that code has to come from, where that is needed to deploy. What is promoted comes from there.
    pub(super) async fn ask_where_tried(&self) -> Option<There> {
        let from = self.env.promote_from.as_ref().filter(|_| self.actor.task == "deploy")?;
        let name = of_same_component(from.as_str(), &self.env);
        if self.promoted.as_ref().is_some_and(|promoted| promoted.from.to_string() == name) {
            return None;
        }
        let seen = match self.config.environment(Some(&name)) {
            Ok(env) => match Box::pin(read::surveyed(self.config, env, false, self.common)).await {
                Ok(survey) => Ok((env.clone(), survey)),
                Err(complaint) => Err(complaint.message().to_owned()),
            },
            Err(error) => Err(error.to_string()),
        };
        Some(There { name, seen })
    }

    /// Refuses code that has not been live there, unless somebody agreed.
    pub(super) async fn require_tried(&self, there: Option<&There>, tree: &str) -> Result<(), Complaint> {
        let Some(there) = there else { return Ok(()) };
        let why = match &there.seen {
            Ok((env, survey)) => untried(env, survey, tree),
            Err(reason) => Some(reason.clone()),
        };
        let Some(why) = why else { return Ok(()) };
        let (from, here) = (&there.name, &self.env.name);
        let what = format!("{here} takes only code that has been live in {from}: {why}");
        let met = self.meet(Objection { name: PROMOTE_FROM, what, question: None }).await;
        met.map_err(|complaint| complaint.next(format!("{} promote {from} {here}", relm())))
    }

    /// The same of a release that stands on the hosts. What has been live here needs no trying any more.
    pub(super) async fn require_release_tried(&self, plan: &Plan, survey: &Survey) -> Result<(), Complaint> {
        let Some(record) = plan.release.as_ref().and_then(|name| self.record_of(name)) else { return Ok(()) };
        if survey.hosts.iter().all(|(_, seen)| seen.went_live(&record.name).is_some()) {
            return Ok(());
        }
        self.require_tried(self.ask_where_tried().await.as_ref(), &record.tree).await
    }
}
