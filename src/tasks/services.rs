//! `relm services`: how the services of an environment stand, and stopping, starting and restarting them by hand.

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;

use super::serving::{kind, service};
pub use super::singletons::is_elsewhere;
use super::{Refusal, Site, command, parts, readiness, rolling, singletons, standing};
use crate::config::{self, Environment, ServicePart, nearest};
use crate::engine::{Operation as _, Plan};
use crate::fleet::{HostName, Scope};
use crate::operations::{ProgramSeen, Service, Turn, TurnService, Within};
use crate::release::ReleaseName;

const EXAMPLES: &str = "Examples:
  relm services production status
  relm services production restart workers      a group, or one service
  relm services production stop celery          a group of a service's own programs
  relm services production formplayer restart   of one of its components
  relm services status --json                   in the default environment";

/// Show, start, stop, restart or reload the services of Releases.toml
///
/// Status reads only, and says of every process which release it runs from. The others work in the live release of each
/// host, under the lock; restart goes batch by batch, as a deploy does.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES, override_usage = "relm services [OPTIONS] [ENV [COMPONENT]] <ACTION> [GROUP]")]
pub struct Services {
    /// Environment of Releases.toml (the default one if left out); status, start, stop, restart or reload; and a group or
    /// a service, if not all are meant
    #[arg(required = true, num_args = 1..=4, value_name = "[ENV] ACTION [GROUP]")]
    pub words: Vec<String>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Only told.
    Status,
    /// Changed.
    Turn(Turn),
}

impl Services {
    /// The environment, the action and the group, if that is what the words say.
    pub fn read(&self) -> Option<(Option<&str>, Action, Option<&str>)> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [env, action, group] => Some((Some(env), read(action)?, Some(group))),
            [first, second] => match (read(first), read(second)) {
                (_, Some(action)) => Some((Some(first), action, None)),
                (Some(action), None) => Some((None, action, Some(second))),
                (None, None) => None,
            },
            [action] => Some((None, read(action)?, None)),
            _ => None,
        }
    }
}

fn read(word: &str) -> Option<Action> {
    Some(match word {
        "status" => Action::Status,
        _ => Action::Turn(Turn::read(word)?),
    })
}

/// A service that is meant, or some of its programs.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'e> {
    /// The service.
    pub found: &'e config::Service,
    /// The group of its programs that is meant, if not all of them are.
    pub part: Option<&'e ServicePart>,
}

impl Chosen<'_> {
    /// As it is asked about and turned on its hosts.
    pub fn asked(&self, env: &Environment, reference: &str) -> Service {
        let part = self.part.map(|part| part.patterns.clone()).unwrap_or_default();
        Service { part, ..service(env, self.found, reference) }
    }
}

/// The services that are meant, in the order of the file.
pub fn chosen<'e>(env: &'e Environment, group: Option<&str>) -> Result<Vec<Chosen<'e>>, Refusal> {
    let meant = |found: &'e config::Service| match group {
        Some(group) if found.group.as_deref() != Some(group) && found.name != group => {
            let part = found.parts.iter().find(|part| part.name == group)?;
            Some(Chosen { found, part: Some(part) })
        }
        _ => Some(Chosen { found, part: None }),
    };
    let found: Vec<_> = env.services.iter().filter_map(meant).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let known: Vec<&str> = env.services.iter().map(|service| service.name.as_str()).collect();
    let Some(group) = group.filter(|_| !known.is_empty()) else {
        let reason = format!("{} has no services: write a [[service]] for each", env.name);
        return Err(Refusal::new(reason).next("[[service]]\nname = \"app\"\nkind = \"systemd\""));
    };
    let parts = env.services.iter().flat_map(|service| service.parts.iter().map(|part| part.name.as_str()));
    let groups: Vec<&str> = env.services.iter().filter_map(|service| service.group.as_deref()).chain(parts).collect();
    let status = format!("{} status", command("services", env));
    let meant = nearest(group, known.iter().chain(&groups).copied()).map(|meant| format!("{status} {meant}"));
    let names = groups.iter().copied().filter(|group| !known.contains(group)).collect::<BTreeSet<_>>();
    let and = if names.is_empty() { "" } else { ", and the groups " };
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    let reason = format!("{} has no service and no group {group:?}; it has {}{and}{names}", env.name, known.join(", "));
    Err(Refusal::new(reason).next(meant.unwrap_or(status)))
}

/// Turns the services that are meant, in what is live.
pub fn plan(site: Site<'_>, turn: Turn, group: Option<&str>) -> Result<Plan, Refusal> {
    readiness::require_answers(site.survey)?;
    let mut found = chosen(site.env, group)?;
    if turn == Turn::Stop {
        found.reverse();
    }
    let lacking: Vec<Vec<String>> =
        site.survey.hosts.iter().filter(|(_, seen)| seen.live().is_none()).map(row).collect();
    if !lacking.is_empty() {
        return Err(Refusal::new("nothing is live on some hosts")
            .table(vec!["host"], lacking)
            .next(command("status", site.env)));
    }
    let group = group.map(|group| format!(" {group}")).unwrap_or_default();
    let typed = format!("{} {}{group}", command("services", site.env), turn.word());
    let plan = Plan::new("services", &site.env.name, &site.env.fleet).next(typed);
    let plan = found.iter().filter_map(parts::only).fold(plan, Plan::note);
    let of = |chosen: &Chosen<'_>| {
        let service = chosen.asked(site.env, reference(site));
        let by = (turn == Turn::Restart).then(|| standing::RESTART.to_owned());
        TurnService { service, turn, within: Within::Hand, comes: false, by }
    };
    let turns: Vec<TurnService> = found.iter().map(of).collect();
    let plan = if turn == Turn::Restart {
        let plan = found.iter().zip(&turns).fold(plan, |plan, (chosen, turn)| {
            let start = format!("start {}", chosen.part.map_or(&chosen.found.name, |part| &part.name));
            plan.remedy(turn.name(), format!("{} {start}", command("services", site.env)))
        });
        rolling::restart(plan, site.env, turns)?
    } else {
        turns.into_iter().fold(plan, Plan::finish)
    };
    if !matches!(turn, Turn::Start | Turn::Restart) {
        return Ok(plan);
    }
    parts::stay_alone(site, &found)?;
    let whole: Vec<&config::Service> =
        found.iter().filter(|chosen| chosen.part.is_none()).map(|chosen| chosen.found).collect();
    Ok(singletons::leave_by_hand(plan, site, reference(site), &whole))
}

fn row((host, _): &(HostName, crate::survey::HostSeen)) -> Vec<String> {
    vec![host.to_string()]
}

/// What the live release was made from.
fn reference(site: Site<'_>) -> &str {
    let release = site.survey.hosts.iter().find_map(|(_, seen)| seen.release(seen.live()?));
    release.map(|release| release.record.reference.as_str()).unwrap_or_default()
}

/// What `relm services status --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The environment.
    #[serde(flatten)]
    pub env: Scope,
    /// By host, in the order of the file.
    pub services: Vec<Line>,
}

/// One service on one host.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The host.
    pub host: HostName,
    /// The service.
    pub service: String,
    /// Its group.
    pub group: Option<String>,
    /// Its kind.
    pub kind: &'static str,
    /// What is live there.
    pub current: Option<ReleaseName>,
    /// What was seen.
    pub programs: Vec<ProgramSeen>,
    /// Why nothing could be seen.
    pub trouble: Option<String>,
    /// A deploy has it follow the release.
    #[serde(skip)]
    pub follows: bool,
}

impl Line {
    /// One service's line, from what its host said.
    pub fn new(
        host: &HostName,
        found: &config::Service,
        current: Option<&ReleaseName>,
        seen: Result<Vec<ProgramSeen>, String>,
    ) -> Self {
        let (programs, trouble) = match seen {
            Ok(programs) => (programs, None),
            Err(trouble) => (Vec::new(), Some(trouble)),
        };
        Self {
            host: host.clone(),
            service: found.name.clone(),
            group: found.group.clone(),
            kind: kind(found.kind).word(),
            current: current.cloned(),
            programs,
            trouble,
            follows: found.strategy != config::Strategy::None,
        }
    }

    /// The same of a host that is not the service's own, if it may run there.
    pub fn elsewhere(mut self, found: &config::Service) -> Option<Self> {
        let runs = self.programs.iter().any(|program| !matches!(program.state.as_str(), "stopped" | "failed"));
        if let (Some(only), true) = (&found.singleton, runs) {
            self.trouble = Some(format!("it is for {only} alone"));
        }
        self.trouble.is_some().then_some(self)
    }

    /// Says whether there is something to tell: a host may have no program of a group.
    pub fn is_any(&self) -> bool {
        self.trouble.is_some() || !self.programs.is_empty()
    }

    /// Says whether all of it runs; what follows releases from what is live, where that can be told.
    pub fn is_well(&self) -> bool {
        let is_well = |program: &ProgramSeen| {
            let is_known = program.state == "running" || (program.state == "unknown" && self.kind == "command");
            let runs_live = || program.releases.iter().all(|release| Some(release) == self.current.as_ref());
            is_known && (!self.follows || runs_live())
        };
        self.trouble.is_none() && !self.programs.is_empty() && self.programs.iter().all(is_well)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_and_the_group_may_be_left_out() {
        let said = |line: &str| {
            let services = Services { words: line.split(' ').map(str::to_owned).collect() };
            services.read().map(|(env, action, group)| {
                (env.map(str::to_owned), action == Action::Status, group.map(str::to_owned))
            })
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(said("status"), Some((None, true, None)));
        assert_eq!(said("live status"), Some((text("live"), true, None)));
        assert_eq!(said("stop workers"), Some((None, false, text("workers"))));
        assert_eq!(said("live stop workers"), Some((text("live"), false, text("workers"))));
        assert_eq!(said("status status"), Some((text("status"), true, None)));
        assert_eq!(said("live halt"), None);
        assert_eq!(said("live halt workers"), None);
    }
}
