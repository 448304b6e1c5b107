//! A dry run: the plan, and what would come of it before it begins.

use std::collections::BTreeMap;

use super::busy::look;
use super::change::Change;
use super::screen;
use crate::config::AppOperation;
use crate::config::busy::OnBusy;
use crate::engine::{Machine, Plan};
use crate::release::ReleaseName;
use crate::tasks::busy::{self, Found};

impl Change<'_> {
    /// Remembers what a run would have said or asked before hosts are asked anything.
    pub(super) fn foresee(&self, note: impl Into<String>) {
        self.foreseen.lock().expect("nobody panics while holding this").push(note.into());
    }

    /// Shows the plan, and what is known of how it would go.
    pub(super) async fn preview(&self, plan: &Plan, machines: &[Machine]) -> u8 {
        let mut plan = self.told(plan);
        plan.notes.extend(self.foreseen.lock().map(|mut notes| std::mem::take(&mut *notes)).unwrap_or_default());
        for found in look(&busy::before(&self.env, &plan, self.away()), machines, &self.env, self.away()).await {
            plan.notes.extend(self.would_come(&found));
        }
        for found in look(&busy::later(&self.env, &plan), machines, &self.env, self.away()).await {
            let agreed = found.consent(&self.common.consent).is_some() || found.busy.on_busy == OnBusy::Warn;
            plan.notes.extend((!agreed).then(|| format!("would be paused if it still is then: {}", told(&found))));
        }
        let skipped: Vec<_> = self.env.operations.iter().filter_map(|operation| skipped(operation, &plan)).collect();
        plan.notes.extend(skipped);
        plan.notes.extend(removed(&plan));
        screen::dry_run(&plan, self.common)
    }

    /// What would come of something busy, unless somebody has agreed to it.
    fn would_come(&self, found: &Found<'_>) -> Option<String> {
        if found.consent(&self.common.consent).is_some() {
            return None;
        }
        let would = match found.busy.on_busy {
            _ if found.needs_consent() => "would be refused",
            OnBusy::Wait { .. } => "would wait",
            _ => "would only be told",
        };
        Some(format!("{would}: {}", told(found)))
    }
}

/// What is busy, with what goes on there and whom to ask.
fn told(found: &Found<'_>) -> String {
    let rows = found.lines().into_iter().flat_map(|line| line.rows());
    let seen: Vec<String> = rows.map(|row| format!("{}: {}", row[1], row[2])).collect();
    let ask = found.busy.ask.as_ref().map(|who| format!("; ask {who}")).unwrap_or_default();
    format!("{} ({}){ask}", found.sentence(), seen.join("; "))
}

/// What would skip an operation that is left to do, by the first line of the command that says so.
fn skipped(operation: &AppOperation, plan: &Plan) -> Option<String> {
    let unless = operation.unless.as_ref()?;
    let is_left = plan.steps.iter().any(|step| step.name() == operation.name && step.left().next().is_some());
    let first = unless.trim().lines().next().unwrap_or_default();
    let more = if unless.trim().lines().count() > 1 { " …" } else { "" };
    is_left.then(|| format!("{} is skipped on a host where this exits with 0: {first}{more}", operation.name))
}

/// What goes at the end, hosts that lose the same together.
fn removed(plan: &Plan) -> Vec<String> {
    let mut gone: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for step in &plan.steps {
        for host in step.left() {
            let names: Vec<&str> = step.operation.removes(host).iter().map(ReleaseName::as_str).collect();
            if !names.is_empty() {
                gone.entry(format!("{} removes {}", step.name(), names.join(", "))).or_default().push(host.as_str());
            }
        }
    }
    gone.into_iter().map(|(what, hosts)| format!("{what} on {}", hosts.join(" "))).collect()
}
