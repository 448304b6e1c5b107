//! Groups of a service's own programs: which of them there are is known on the hosts alone.

use super::services::{Chosen, Line};
use super::{Refusal, Site, command, singletons};
use crate::config::Environment;

/// What a person should know of a service that is turned in part.
pub(super) fn only(chosen: &Chosen<'_>) -> Option<String> {
    let part = chosen.part?;
    Some(format!("of {} only the programs of {}: {}", chosen.found.name, part.name, part.patterns.join(" ")))
}

/// A service of one host that was started on another one moves as a whole.
pub(super) fn stay_alone(site: Site<'_>, found: &[Chosen<'_>]) -> Result<(), Refusal> {
    for chosen in found.iter().filter(|chosen| chosen.part.is_some()) {
        let mut hosts = site.survey.hosts.iter();
        let old = hosts.find(|(host, seen)| singletons::is_elsewhere(chosen.found, host, seen));
        if let (Some((host, _)), Some(only)) = (old, &chosen.found.singleton) {
            let name = &chosen.found.name;
            let reason = format!("{name} was started on {host}, and is for {only} alone now: it moves as a whole");
            let start = format!("{} start {name}", command("services", site.env));
            return Err(Refusal::new(reason).next(start).next(command("deploy", site.env)));
        }
    }
    Ok(())
}

/// The refusal of a group that no program is in, with those that there are, as `whole` tells them.
pub fn nothing(env: &Environment, found: &[Chosen<'_>], whole: &[Line]) -> Refusal {
    let parts = found.iter().filter_map(|chosen| chosen.part);
    let (names, patterns): (Vec<&str>, Vec<String>) =
        parts.map(|part| (part.name.as_str(), part.patterns.join(" "))).unzip();
    let rows = whole.iter().map(|line| {
        let programs: Vec<&str> = line.programs.iter().map(|program| program.program.as_str()).collect();
        let programs = if programs.is_empty() { "none".to_owned() } else { programs.join(" ") };
        vec![line.host.to_string(), line.service.clone(), line.trouble.clone().unwrap_or(programs)]
    });
    let name = names.first().copied().unwrap_or_default();
    Refusal::new(format!("no program of {} is in the group {name}: {}", env.name, patterns.join(" ")))
        .table(vec!["host", "service", "programs"], rows.collect())
        .next(format!("correct `groups` of the [[service]]; {} status", command("services", env)))
}
