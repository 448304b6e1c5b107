//! What is busy and what becomes of a task then.

use serde::Serialize;

use super::Refusal;
use super::building::outside;
use crate::config::Environment;
use crate::config::busy::{Busy, BusyKind, CommandIsBusy, Moment, OnBusy};
use crate::engine::{Patience, Plan, Sight};
use crate::fleet::HostName;
use crate::operations::{Activity, Actor, BusyIf, Condition, LookBusy};
use crate::release::{Consent, Consents, Wanted};

/// Something that may be busy, with the way to find out.
#[derive(Debug, Clone)]
pub struct Look<'e> {
    /// What `Releases.toml` says of it.
    pub busy: &'e Busy,
    /// The way to find out.
    pub operation: LookBusy,
    /// It is made in the course of the task, but for hosts that are away: of these nobody will know more then.
    pub is_later: bool,
}

/// What was found busy, or could not be told.
#[derive(Debug, Clone)]
pub struct Found<'e> {
    /// What `Releases.toml` says of it.
    pub busy: &'e Busy,
    /// Where, and what is going on there.
    pub hosts: Vec<(HostName, Sight)>,
    /// Why it is looked at nowhere, if no host is one to look at.
    pub nowhere: Option<Nowhere>,
}

/// Why there is no host to look at something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nowhere {
    reason: String,
    remedy: String,
}

/// A line of a report.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its name in `Releases.toml`.
    pub busy: String,
    /// The host; nothing if there is none to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<HostName>,
    /// What is going on; nothing if nobody can tell.
    pub doing: Vec<String>,
    /// Why nobody can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// Who can say whether it may be disturbed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    /// Whether a deploy does not begin without somebody's consent.
    pub needs_consent: bool,
}

/// What is looked at before `plan` begins: what disturbs it by name, whatever the task; and the rest before a task that
/// changes what is live. What has no host to be looked at on would not be found in its course either, and nothing of those that
/// are `away`.
pub fn before<'e>(env: &'e Environment, plan: &Plan, away: &[HostName]) -> Vec<Look<'e>> {
    let disturbs = plan.flips() || takes_down(plan);
    let runs = |name: &String| plan.steps.iter().any(|step| step.name() == *name && step.left().next().is_some());
    let misses = |busy: &Busy| env.fleet.select(&busy.targets).iter().any(|host| away.contains(&host.name));
    let is_due = |busy: &Busy, moment: &Moment| match moment {
        Moment::Start => busy.only_if.as_ref().map_or(disturbs, runs),
        Moment::Before(name) => (nowhere(env, busy).is_some() || misses(busy)) && runs(name),
    };
    let wanted = env.busy.iter().filter_map(|busy| {
        let mut due = busy.when.iter().filter(|moment| is_due(busy, moment)).peekable();
        due.peek()?;
        Some(Look { is_later: due.all(|moment| *moment != Moment::Start), ..look(busy) })
    });
    wanted.collect()
}

/// Why something is looked at nowhere: no host of the environment, or of its component, has the role.
fn nowhere(env: &Environment, busy: &Busy) -> Option<Nowhere> {
    let (name, role) = (&busy.name, busy.targets.words());
    let is_empty = env.fleet.select(&busy.targets).is_empty();
    is_empty.then(|| match env.cut_by {
        Some(option) => Nowhere {
            reason: format!("{option} leaves out every host with the role {role}"),
            remedy: format!("name what {name} is looked at on in {option} too"),
        },
        None => Nowhere {
            reason: format!("no host of {} has the role {role}", env.name),
            remedy: format!(
                "name a role in [[busy]] {name} that a host has here, or write on_busy = \"warn\" for {name}"
            ),
        },
    })
}

/// What is looked at in the course of `plan`.
pub fn later<'e>(env: &'e Environment, plan: &Plan) -> Vec<Look<'e>> {
    let is_looked_at = |busy: &&Busy| {
        plan.steps.iter().filter_map(|step| step.operation.wanted()).any(|wanted| wanted.name == busy.name)
    };
    env.busy.iter().filter(is_looked_at).filter(|busy| nowhere(env, busy).is_none()).map(look).collect()
}

/// Says whether somebody stops or restarts services by hand. Starting them ends nothing that runs.
fn takes_down(plan: &Plan) -> bool {
    let ends = |name: String| name.starts_with("stop:") || name.starts_with("restart:");
    plan.steps.iter().any(|step| ends(step.name()))
}

/// `plan` with the looks that are to be made in its course. What `actor` has consent to stops nothing. `reference` is what its
/// release is made from.
pub fn looking(plan: Plan, env: &Environment, actor: &Actor, reference: &str) -> Plan {
    env.busy.iter().fold(plan, |plan, busy| {
        let patience = match busy.on_busy {
            OnBusy::Wait { every, factor, max } => Some(Patience { every, factor, max }),
            OnBusy::Block | OnBusy::Confirm | OnBusy::Warn => None,
        };
        let before = busy.when.iter().filter_map(|moment| match moment {
            Moment::Before(name) => Some(name),
            Moment::Start => None,
        });
        before.fold(plan, |plan, name| {
            let mut look = look(busy).operation;
            if let Activity::Command { command, .. } = &mut look.what {
                reference.clone_into(&mut command.reference);
            }
            let (only_warns, consents) = (busy.on_busy == OnBusy::Warn, actor.consents.clone());
            let step = format!("{}_before_{name}", busy.name);
            plan.look_before(name, LookBusy { name: step, patience, only_warns, consents, ..look })
        })
    })
}

/// Says whether something is looked at in the course of tasks.
pub fn is_looked_at_later(env: &Environment, name: &str) -> bool {
    env.busy.iter().any(|busy| busy.name == name && busy.when.iter().any(|moment| *moment != Moment::Start))
}

/// Everything that may be busy.
pub fn all(env: &Environment) -> Vec<Look<'_>> {
    // Of some hosts it is not asked what stands on others.
    let is_asked = |busy: &&Busy| env.cut_by.is_none() || nowhere(env, busy).is_none();
    env.busy.iter().filter(is_asked).map(look).collect()
}

fn look(busy: &Busy) -> Look<'_> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let what = match &busy.kind {
        BusyKind::Scrapyd { url } => Activity::Scrapyd(url.clone()),
        BusyKind::Tmux { all, names } => Activity::Tmux { all: *all, names: names.clone() },
        BusyKind::PgActivity { psql, longer_than, owner, application } => Activity::PgActivity {
            psql: psql.clone(),
            age: *longer_than,
            owner: text(owner),
            application: text(application),
        },
        BusyKind::Process { pattern, user } => Activity::Process { pattern: pattern.clone(), user: text(user) },
        BusyKind::HttpJson { url, path, busy_if } => Activity::HttpJson {
            url: url.clone(),
            path: path.clone(),
            condition: Condition::parse(busy_if).expect("the file was checked"),
        },
        BusyKind::Command { run, busy_if } => Activity::Command {
            command: Box::new(outside(&busy.name, run, &busy.targets)),
            busy_if: match busy_if {
                CommandIsBusy::Fails => BusyIf::Fails,
                CommandIsBusy::Succeeds => BusyIf::Succeeds,
                CommandIsBusy::Prints => BusyIf::Prints,
            },
        },
    };
    let (name, targets) = (busy.name.clone(), busy.targets.clone());
    let (patience, only_warns, consents) = (None, false, Consents::default());
    let (about, time_limit, becoming) = (name.clone(), busy.time_limit, busy.becoming.clone());
    let ask = busy.ask.clone();
    let operation = LookBusy { name, about, ask, targets, time_limit, what, patience, only_warns, becoming, consents };
    Look { busy, operation, is_later: false }
}

impl<'e> Found<'e> {
    /// What is left of `sights` when hosts on which nothing is going on are taken out; nothing if none is left. Where
    /// nobody could look, who knows.
    pub fn of(env: &Environment, busy: &'e Busy, sights: Vec<(HostName, Sight)>) -> Option<Self> {
        let hosts: Vec<_> = sights.into_iter().filter(|(_, sight)| *sight != Sight::Idle).collect();
        let nowhere = nowhere(env, busy);
        (!hosts.is_empty() || nowhere.is_some()).then_some(Self { busy, hosts, nowhere })
    }

    /// Says whether the task does not begin without somebody's consent. What is looked at nowhere is waited for in vain.
    pub fn needs_consent(&self) -> bool {
        match self.busy.on_busy {
            OnBusy::Block | OnBusy::Confirm => true,
            OnBusy::Wait { .. } => self.nowhere.is_some(),
            OnBusy::Warn => false,
        }
    }

    /// The consent to it, if there is one.
    pub fn consent<'c>(&self, consents: &'c [Consent]) -> Option<&'c Consent> {
        consents.iter().find(|consent| consent.name == self.busy.name)
    }

    /// A sentence without a full stop.
    pub fn sentence(&self) -> String {
        if self.nowhere.is_some() {
            return format!("{} is looked at on no host and counts as busy", self.busy.name);
        }
        let hosts: Vec<&str> = self.hosts.iter().map(|(host, _)| host.as_str()).collect();
        let unknown = self.hosts.iter().all(|(_, sight)| matches!(sight, Sight::Unknown(_)));
        let is = if unknown { "cannot be looked at and counts as busy" } else { "is busy" };
        format!("{} {is} on {}", self.busy.name, hosts.join(", "))
    }

    /// A line for each host.
    pub fn lines(&self) -> Vec<Line> {
        let line = |(host, sight): &(HostName, Sight)| {
            let (doing, unknown) = match sight {
                Sight::Idle => (Vec::new(), None),
                Sight::Busy(doing) => (doing.clone(), None),
                Sight::Unknown(reason) => (Vec::new(), Some(reason.clone())),
            };
            self.line(Some(host.clone()), doing, unknown)
        };
        let nowhere = self.nowhere.iter().map(|nowhere| self.line(None, Vec::new(), Some(nowhere.reason.clone())));
        self.hosts.iter().map(line).chain(nowhere).collect()
    }

    fn line(&self, host: Option<HostName>, doing: Vec<String>, unknown: Option<String>) -> Line {
        let (busy, ask) = (self.busy.name.clone(), self.busy.ask.clone());
        Line { busy, host, doing, unknown, ask, needs_consent: self.needs_consent() }
    }
}

/// Lines of a report that a table shows of one host.
const SHOWN: usize = 5;

impl Line {
    /// What is going on, as rows of a table.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let host = self.host.as_ref().map_or("no host", HostName::as_str);
        let row = |text: String| vec![self.busy.clone(), host.to_owned(), text];
        if let Some(reason) = &self.unknown {
            return vec![row(format!("cannot be told: {reason}"))];
        }
        let more = self.doing.len().saturating_sub(SHOWN);
        let shown = self.doing.iter().take(SHOWN).cloned().chain((more > 0).then(|| format!("and {more} more")));
        shown.map(row).collect()
    }
}

/// The refusal of a task that would disturb what was `found`; `typed` is how it was asked for.
pub fn refusal(found: &[&Found<'_>], typed: &str) -> Refusal {
    let sentences: Vec<String> = found.iter().map(|found| found.sentence()).collect();
    let rows = found.iter().flat_map(|found| found.lines()).flat_map(|line| line.rows()).collect();
    let refusal = Refusal::new(format!("{}; nothing was changed", sentences.join("; ")));
    let refusal = refusal.table(vec!["busy", "host", "what is going on"], rows);
    let elsewhere = found.iter().filter_map(|found| found.nowhere.as_ref());
    let refusal = elsewhere.fold(refusal, |refusal, nowhere| refusal.next(nowhere.remedy.clone()));
    let wanted = |found: &&Found<'_>| Wanted { name: found.busy.name.clone(), ask: found.busy.ask.clone() };
    let wanted: Vec<Wanted> = found.iter().map(wanted).collect();
    Wanted::next(&wanted, typed).into_iter().fold(refusal, Refusal::next)
}
