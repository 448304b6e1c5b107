//! A task that makes a release, from the source to the exit code.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::change::Change;
use super::code::{self, Code};
use super::complaint::Complaint;
use super::{filled, out};
use crate::engine::{Machine, Plan};
use crate::release::{Record, ReleaseName};
use crate::tasks::deploy::SourceArgs;
use crate::tasks::{Payload, Refusal, Site};

impl Change<'_> {
    /// Whether code is sent to the hosts, so that the way for it is opened while they are surveyed.
    fn sending(mut self) -> Self {
        self.sends = !self.dry_run;
        self
    }

    /// Runs a task that makes a release. With `keep_days` it is a private one.
    pub(super) async fn build(
        self,
        source: &SourceArgs,
        keep_days: Option<u32>,
        plan: impl Fn(Site<'_>, &Record, &Payload) -> Result<Plan, Refusal>,
    ) -> Result<u8, Complaint> {
        let change = self.sending();
        change.until_stopped(Box::pin(change.try_build(source, keep_days, plan))).await
    }

    async fn try_build(
        &self,
        source: &SourceArgs,
        keep_days: Option<u32>,
        plan: impl Fn(Site<'_>, &Record, &Payload) -> Result<Plan, Refusal>,
    ) -> Result<u8, Complaint> {
        let mut wanted = code::wanted(&self.env, source)?;
        if let Some(promoted) = &self.promoted {
            wanted.pin(&promoted.record.added);
        }
        let from = wanted.source.clone();
        self.pass_guards(Some(source)).await?;
        // Before the rest: both may ask for secrets, and there is one terminal.
        let there = self.ask_where_tried().await;
        // Neither needs the other; of two troubles that with the source is told.
        let (code, ground) = tokio::join!(code::freeze(wanted), self.survey("reading the source, "));
        let (mut code, ground) = (code?, ground?);
        if let Some(promoted) = &self.promoted {
            promoted.require(&mut code)?;
        }
        self.require_tried(there.as_ref(), &code.payload.tree).await?;
        code.read_templates(&self.env)?;
        if let Some(nothing) = self.same_code(&ground.survey, &code).await? {
            self.require_lock()?;
            let machines = self.machines(&ground);
            if self.dry_run {
                return Ok(self.preview(&nothing, &machines).await);
            }
            return Ok(self.carry_out(&nothing, &machines).await);
        }
        let notes = self.acknowledged_notes(&from, &ground.survey, &code).await?;
        code.address(&ground, None).await;
        let mut record = record(self.site(&ground.survey), &code, keep_days);
        record.steps = plan(self.site(&ground.survey), &record, &code.payload)?.planned_steps();
        // Once more: the record that goes to the hosts tells the steps.
        let mut planned = self.looking(plan(self.site(&ground.survey), &record, &code.payload)?, Some(&record));
        self.require_hosts(&planned)?;
        self.require_lock()?;
        let machines = self.machines(&ground);
        if self.dry_run {
            planned.notes.extend(notes);
            planned.notes.extend(code.told(&ground));
            let filled = filled::changes(&self.env, &ground, &record.reference, &code.payload).await;
            planned.notes.extend(filled.iter().map(|change| change.lines().join("\n")));
            return Ok(self.preview(&planned, &machines).await);
        }
        self.may_begin(&planned, &machines).await?;
        let _ = self.made.set(record.clone());
        code.pack_ahead();
        planned.notes.extend(code.origin.note.clone());
        let exit_code = self.carry_out_bringing(Some(&code), &mut planned, &machines).await;
        if exit_code == 0 && keep_days.is_some() && !self.common.json {
            print_paths(&machines, &record.name);
        }
        Ok(exit_code)
    }
}

/// The record of a release that is made of `code` now. With `keep_days` it is a private one.
pub(super) fn record(site: Site<'_>, code: &Code, keep_days: Option<u32>) -> Record {
    let (survey, actor) = (site.survey, site.actor);
    // Names that are gone again stand in the history still, and are not given to another release.
    let flips = survey.hosts.iter().flat_map(|(_, seen)| &seen.history);
    let taken: Vec<ReleaseName> = flips.filter_map(|flip| flip.to.clone()).chain(survey.releases()).collect();
    let strangers: BTreeSet<&str> =
        survey.hosts.iter().flat_map(|(_, seen)| &seen.strangers).map(String::as_str).collect();
    let mut name = ReleaseName::at(site.now);
    while taken.contains(&name) || strangers.contains(name.as_str()) {
        name = name.next_second();
    }
    Record {
        by: actor.by.clone(),
        machine: actor.machine.clone(),
        reference: code.reference(),
        source: code.origin.source.clone(),
        commit: code.origin.commit.clone(),
        added: code.origin.added.clone(),
        tree: code.payload.tree.clone(),
        private: keep_days.is_some(),
        task: keep_days.is_some().then(|| actor.task.clone()),
        keep_until: keep_days.map(|days| site.now + TimeDelta::days(i64::from(days))),
        message: actor.message.clone(),
        hosts: site.env.fleet.names().iter().map(ToString::to_string).collect(),
        ..Record::new(name, site.now)
    }
}

/// A private release's path, once where all hosts agree.
fn print_paths(machines: &[Machine], name: &ReleaseName) {
    let mut paths: Vec<String> = machines.iter().map(|machine| machine.layout.release(name)).collect();
    paths.dedup();
    for path in paths {
        out::line(path);
    }
}
