//! Hosts that cannot be reached and may be left out of a run.

use super::change::Change;
use super::complaint::Complaint;
use super::connect::Connections;
use super::retype::typed;
use crate::config::Environment;
use crate::engine::{Plan, Step};
use crate::fleet::HostName;
use crate::script::quote;
use crate::tasks::{command, pools, singletons};
use crate::transport::{ConnectError, ConnectErrorKind};

/// They do what they do on the hosts that are named.
const TAKE_HOSTS: [&str; 3] = ["run", "manage", "services"];

/// Says whether none of them is there. A host that is there and not to be trusted, or lets nobody in, is not one that is away.
fn are_away(failed: &[(HostName, ConnectError)]) -> bool {
    failed.iter().all(|(_, error)| error.kind == ConnectErrorKind::Unreachable)
}

/// The environment without these hosts, and which they are.
fn without(env: &Environment, failed: &[(HostName, ConnectError)]) -> (Environment, Vec<HostName>) {
    let mut reached = env.clone();
    reached.fleet.hosts.retain(|host| failed.iter().all(|(name, _)| *name != host.name));
    (reached, failed.iter().map(|(host, _)| host.clone()).collect())
}

/// The environment that a look at what would be done is about, without the hosts that a run would leave out.
pub(super) fn looked_at(env: &Environment, connections: &Connections) -> (Environment, Vec<HostName>) {
    let failed = &connections.failed;
    if failed.len() > env.may_miss() || !are_away(failed) { (env.clone(), Vec::new()) } else { without(env, failed) }
}

/// What helps where a host must not be left out.
fn back(host: &str) -> String {
    format!("bring {host} back, and then   {}", typed())
}

impl Change<'_> {
    /// Refuses hosts that cannot be used, or leaves them out where the file allows that.
    pub(super) fn leave_out(&self, connections: &Connections) -> Result<(), Complaint> {
        let failed = &connections.failed;
        if failed.is_empty() {
            return Ok(());
        }
        let allowed = if self.spares { self.env.may_miss() } else { 0 };
        if failed.len() > allowed || !are_away(failed) {
            return Err(self.cannot_go_on(failed));
        }
        let (env, away) = without(&self.env, failed);
        if self.switches {
            pools::require_without(&self.env, &away, &typed())?;
        }
        let _ = self.reached.set((env, away));
        Ok(())
    }

    /// What to do about hosts that cannot be used, behind what they are.
    fn cannot_go_on(&self, failed: &[(HostName, ConnectError)]) -> Complaint {
        let complaint = Complaint::unreachable(&self.env.name, failed);
        let missing = failed.len();
        if !are_away(failed) {
            return complaint;
        }
        let is_any_left = missing < self.env.fleet.hosts.len();
        if self.spares && is_any_left {
            let set = format!("--set release.max_unreachable={missing}");
            return complaint.next(format!("bring it back; or the same once more with   {set}   to go on without"));
        }
        if is_any_left && TAKE_HOSTS.contains(&self.actor.task.as_str()) && self.common.hosts.is_empty() {
            let (reached, _) = without(&self.env, failed);
            let others: Vec<&str> = reached.fleet.hosts.iter().map(|host| host.name.as_str()).collect();
            let hosts = format!("--hosts {}", others.join(","));
            return complaint.next(format!("bring it back; or the same once more with   {hosts}   to go on without"));
        }
        complaint.next(format!("bring it back; what is live now:   {}", command("status", &self.env)))
    }

    /// What was refused, with the hosts that were not looked at for it.
    pub(super) fn without_those_away(&self, complaint: Complaint) -> Complaint {
        let names: Vec<&str> = self.away().iter().map(HostName::as_str).collect();
        match names.as_slice() {
            [] => complaint,
            names => complaint.beside(&format!("{} cannot be reached and was left out", names.join(", "))),
        }
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
                return Err(Complaint::refused(reason).next(back("it")));
            }
        }
        let given = plan.steps.iter().filter_map(|step| Some((step, step.operation.gives()?)));
        if let Some((step, gives)) =
            given.into_iter().find(|(step, gives)| step.left().next().is_some() && away.contains(gives.host()))
        {
            let reason = format!("{}: {}, {}, cannot be reached", step.name(), gives.host(), gives.words());
            return Err(Complaint::refused(reason).next(back("it")));
        }
        // A look is nothing that runs there: what nobody can look at counts as busy.
        let lost = |step: &&Step| !away.is_empty() && step.hosts.is_empty() && step.operation.wanted().is_none();
        for step in plan.steps.iter().filter(lost) {
            let wanted = self.env.fleet.select(&step.operation.targets());
            let names: Vec<&str> = wanted.iter().map(|host| host.name.as_str()).collect();
            if !names.is_empty() {
                let reason =
                    format!("{} runs nowhere but on {}, which cannot be reached", step.name(), names.join(" and "));
                return Err(Complaint::refused(reason).next(back("it")));
            }
        }
        self.require_alone(plan)
    }

    /// Refuses to start what is for one host alone while it may run on another that is left out.
    fn require_alone(&self, plan: &Plan) -> Result<(), Complaint> {
        let away = self.away();
        let whole = self.config.environment(Some(&self.env.name.to_string()))?;
        let is_cut = |name: &HostName| self.env.cut_by.is_some() && !self.env.fleet.names().contains(name);
        let cut = whole.fleet.names().into_iter().filter(is_cut);
        let unseen: Vec<HostName> = away.iter().cloned().chain(cut).collect();
        let doubt = self.seen().and_then(|survey| singletons::in_doubt(&self.env, survey, &unseen, plan));
        let Some((found, hosts)) = doubt else { return Ok(()) };
        let names = hosts.iter().map(HostName::as_str).collect::<Vec<_>>().join(" and ");
        let only = found.singleton.as_ref().map_or("", HostName::as_str);
        let is_away = hosts.iter().any(|host| away.contains(host));
        let which = match self.env.cut_by {
            Some(option) if !is_away => format!("which {option} leaves out"),
            _ => "which cannot be reached".to_owned(),
        };
        let complaint = Complaint::refused(format!(
            "{} may run on {names}, {which}, and would start on {only}: no host that answers has it running, and it is for \
             one host alone; nothing was changed",
            found.name
        ));
        Err(match self.env.cut_by {
            Some(option) if !is_away => complaint.next(format!("name a role of {names} in {option} too")),
            _ => complaint.next(back(&names)).next(format!(
                "or, if it is sure that {} does not run there any more, take {names} out of Releases.toml",
                found.name
            )),
        })
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
            let heal = plan.heal.as_ref().map(|heal| format!("; when it is back: {heal}")).unwrap_or_default();
            plan.notes.insert(0, format!("{} cannot be reached and stays behind{heal}", names.join(", ")));
        }
        plan
    }
}
