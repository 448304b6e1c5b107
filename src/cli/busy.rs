//! What is looked at before a task begins, and who is asked then.

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::change::Change;
use super::complaint::Complaint;
use super::retype::typed;
use super::tried::PROMOTE_FROM;
use super::{ask, out};
use crate::config::Environment;
use crate::config::busy::OnBusy;
use crate::engine::{self, Machine, Patience, Plan, Sight};
use crate::fleet::HostName;
use crate::release::{Consent, Record};
use crate::tasks::busy::{self, Found, Look};
use crate::ui::tame;

impl Change<'_> {
    /// Refuses consents to what the file does not know.
    pub(super) fn know_consents(&self) -> Result<(), Complaint> {
        let busy = self.env.busy.iter().map(|busy| busy.name.as_str());
        let tried = self.env.promote_from.as_ref().map(|_| PROMOTE_FROM);
        let known: Vec<&str> = self.env.guards.names().into_iter().chain(tried).chain(busy).collect();
        match self.common.consent.iter().find(|consent| !known.contains(&consent.name.as_str())) {
            None => Ok(()),
            Some(consent) if known.is_empty() => Err(Complaint::usage(format!(
                "--consent {}: nothing in Releases.toml asks for consent on {}",
                consent.name, self.env.name
            ))),
            Some(consent) => Err(Complaint::usage(format!(
                "--consent {}: Releases.toml asks for consent to something else: {}",
                consent.name,
                known.join(", ")
            ))),
        }
    }

    /// Remembers what was agreed to before hosts were asked.
    pub(super) fn note_agreed(&self, consent: Consent) {
        self.agreed_before.lock().expect("nobody panics while holding this").push(consent);
    }

    /// The last questions before hosts are changed: is anything busy, and is the person sure?
    pub(super) async fn may_begin(&self, plan: &Plan, machines: &[Machine]) -> Result<(), Complaint> {
        self.agree(plan, machines, None).await
    }

    /// A plan with the looks that are to be made in its course; `made` is the record of what no host has yet.
    pub(super) fn looking(&self, plan: Plan, made: Option<&Record>) -> Plan {
        let known = plan.release.as_ref().and_then(|name| self.record_of(name));
        let reference = made.or(known.as_ref()).map_or("", |record| &record.reference);
        busy::looking(plan, &self.env, &self.actor, reference)
    }

    /// The same; `question` is asked in the place of whether the person is sure.
    pub(super) async fn agree(
        &self,
        plan: &Plan,
        machines: &[Machine],
        question: Option<&str>,
    ) -> Result<(), Complaint> {
        let given = self.agreed(plan, machines).await?;
        match question {
            Some(question) => drop(ask::confirm(question, self.common.yes).await?),
            None => self.confirm(plan).await?,
        }
        let before = self.agreed_before.lock().map(|before| before.clone()).unwrap_or_default();
        self.actor.consents.give(before.into_iter().chain(given).collect());
        Ok(())
    }

    /// The consents that the task needs.
    async fn agreed(&self, plan: &Plan, machines: &[Machine]) -> Result<Vec<Consent>, Complaint> {
        let looks = busy::before(&self.env, plan, self.away());
        let mut found = look(&looks, machines, &self.env, self.away()).await;
        for found in &mut found {
            if let OnBusy::Wait { every, factor, max } = found.busy.on_busy
                && found.nowhere.is_none()
            {
                self.wait(found, &looks, machines, Patience { every, factor, max }).await?;
            }
        }
        found.retain(|found| !found.hosts.is_empty() || found.nowhere.is_some());
        for warned in found.iter().filter(|found| !found.needs_consent()) {
            for row in warned.lines().iter().flat_map(busy::Line::rows) {
                out::note(format!("warning: {} on {}: {}\n", row[0], row[1], tame(&row[2])));
            }
        }
        found.retain(Found::needs_consent);
        let missing: Vec<&Found<'_>> =
            found.iter().filter(|found| found.consent(&self.common.consent).is_none()).collect();
        let blocked = missing.iter().any(|found| found.busy.on_busy == OnBusy::Block);
        if !missing.is_empty() && (blocked || !ask::is_possible()) {
            return Err(busy::refusal(&missing, &typed()).into());
        }
        let mut given = Vec::new();
        for found in &found {
            given.push(consent(found, &self.common.consent).await?);
        }
        // Of what is looked at later, nobody knows yet whether it is busy.
        let later = self.common.consent.iter().filter(|consent| busy::is_looked_at_later(&self.env, &consent.name));
        given.extend(later.filter(|later| found.iter().all(|found| found.busy.name != later.name)).cloned());
        Ok(given)
    }

    /// Looks again until nothing is going on. What was found is empty then.
    async fn wait(
        &self,
        found: &mut Found<'_>,
        looks: &[Look<'_>],
        machines: &[Machine],
        patience: Patience,
    ) -> Result<(), Complaint> {
        if let Some(consent) = found.consent(&self.common.consent) {
            out::note(format!("{}, and is not waited for: {}\n", found.sentence(), tame(&consent.words)));
            found.hosts.clear();
            return Ok(());
        }
        let (end, mut pause) = (Instant::now() + patience.max, patience.every);
        out::note(format!("{}; waiting for it\n", found.sentence()));
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let refusal = busy::refusal(&[found], &typed());
                return Err(Complaint::paused(refusal, &typed()));
            }
            sleep(pause.min(left)).await;
            pause = patience.next(pause);
            let looks: Vec<Look<'_>> = looks.iter().filter(|look| look.busy.name == found.busy.name).cloned().collect();
            let again = look(&looks, machines, &self.env, self.away()).await.pop();
            found.hosts = again.map(|again| again.hosts).unwrap_or_default();
            if found.hosts.is_empty() {
                return Ok(());
            }
        }
    }
}

/// Looks everywhere at once. Returns what is busy; nobody knows that of hosts that are away.
pub(super) async fn look<'e>(
    looks: &[Look<'e>],
    machines: &[Machine],
    env: &Environment,
    away: &[HostName],
) -> Vec<Found<'e>> {
    let all = looks.iter().map(|look| async {
        let hosts = env.fleet.select(&look.busy.targets);
        let is_one = |name: &HostName| hosts.iter().any(|host| host.name == *name);
        let machines: Vec<&Machine> =
            machines.iter().filter(|machine| !look.is_later && is_one(&machine.host.name)).collect();
        let mut sights = engine::probe(&look.operation, &machines, &env.name).await;
        let unseen = hosts.iter().filter(|host| away.contains(&host.name));
        sights.extend(unseen.map(|host| (host.name.clone(), Sight::Unknown("it cannot be reached".to_owned()))));
        Found::of(env, look.busy, sights)
    });
    join_all(all).await.into_iter().flatten().collect()
}

/// The consent from the command line, or from whoever sits there.
async fn consent(found: &Found<'_>, given: &[Consent]) -> Result<Consent, Complaint> {
    if let Some(consent) = found.consent(given) {
        return Ok(consent.clone());
    }
    for row in found.lines().iter().flat_map(busy::Line::rows) {
        out::note(format!("{} on {}: {}\n", row[0], row[1], tame(&row[2])));
    }
    let whom = found.busy.ask.as_ref().map(|who| format!(" Ask {who}.")).unwrap_or_default();
    let question = format!("{}.{whom} Who agreed to go on, and why? (nothing: stop)", found.sentence());
    Ok(Consent { name: found.busy.name.clone(), words: ask::words(&question).await? })
}
