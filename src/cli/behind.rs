//! Hosts that cannot be reached and may be left out of a run.

use super::change::Change;
use super::complaint::Complaint;
use super::connect::Connections;
use crate::config::Environment;
use crate::engine::Plan;
use crate::fleet::HostName;
use crate::script::quote;
use crate::tasks::pools;
use crate::transport::{ConnectError, ConnectErrorKind};

impl Change<'_> {
    /// Refuses hosts that cannot be used, or leaves them out where the file allows that.
    pub(super) fn leave_out(&self, connections: &Connections) -> Result<(), Complaint> {
        let failed = &connections.failed;
        let allowed = if self.spares { self.env.may_miss() } else { 0 };
        // A host that is there and not to be trusted, or lets nobody in, is not one that is away.
        let is_away = |(_, error): &(HostName, ConnectError)| error.kind == ConnectErrorKind::Unreachable;
        if failed.len() > allowed || !failed.iter().all(is_away) {
            return Err(Complaint::unreachable(&self.env.name, failed));
        }
        if !failed.is_empty() {
            let away: Vec<HostName> = failed.iter().map(|(host, _)| host.clone()).collect();
            pools::require_without(&self.env, &away)?;
            let mut env = self.env.clone();
            env.fleet.hosts.retain(|host| failed.iter().all(|(name, _)| *name != host.name));
            let _ = self.reached.set((env, away));
        }
        Ok(())
    }

    /// The environment, without hosts that were left out.
    pub(super) fn reached(&self) -> &Environment {
        self.reached.get().map_or(&self.env, |(env, _)| env)
    }

    /// The hosts that were left out.
    pub(super) fn away(&self) -> &[HostName] {
        self.reached.get().map_or(&[], |(_, away)| away)
    }

    /// Refuses to leave out a host that something runs on and nowhere else.
    pub(super) fn require_hosts(&self, plan: &Plan) -> Result<(), Complaint> {
        let away = self.away();
        let through = plan.steps.iter().filter_map(|step| Some((step, step.operation.through()?)));
        for (step, targets) in through.filter(|(step, _)| !step.hosts.is_empty()) {
            if let Some(host) = self.env.fleet.select(&targets).into_iter().find(|host| away.contains(&host.name)) {
                let reason = format!("{} is done on {}, which cannot be reached", step.name(), host.name);
                return Err(Complaint::refused(reason).next("bring it back, and deploy then"));
            }
        }
        let given = plan.steps.iter().filter_map(|step| Some((step, step.operation.gives()?)));
        if let Some((step, gives)) =
            given.into_iter().find(|(step, gives)| step.left().next().is_some() && away.contains(gives.host()))
        {
            let reason = format!("{}: {}, {}, cannot be reached", step.name(), gives.host(), gives.words());
            return Err(Complaint::refused(reason).next("bring it back, and deploy then"));
        }
        for step in plan.steps.iter().filter(|step| !away.is_empty() && step.hosts.is_empty()) {
            let wanted = self.env.fleet.select(&step.operation.targets());
            let names: Vec<&str> = wanted.iter().map(|host| host.name.as_str()).collect();
            if !names.is_empty() {
                let reason =
                    format!("{} runs nowhere but on {}, which cannot be reached", step.name(), names.join(" and "));
                return Err(Complaint::refused(reason).next("bring it back, and deploy then"));
            }
        }
        Ok(())
    }

    /// The plan as a person is to see it: with the hosts that are left out.
    pub(super) fn told(&self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        // Without it they would go by other settings, and what is gone on with would do steps again.
        let again = plan.next.iter_mut().chain(&mut plan.next_when_live).chain(&mut plan.anew).chain(&mut plan.heal);
        for next in again {
            for set in &self.common.set {
                next.push_str(" --set ");
                next.push_str(&quote(&set.to_string()));
            }
        }
        if let Some((_, behind)) = self.reached.get() {
            plan.behind.clone_from(behind);
            let names: Vec<&str> = behind.iter().map(HostName::as_str).collect();
            let heal = plan.heal.clone().unwrap_or_default();
            plan.notes
                .insert(0, format!("{} cannot be reached and stays behind; when it is back: {heal}", names.join(", ")));
        }
        plan
    }
}
