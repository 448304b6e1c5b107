//! A release that stands on the hosts already, and where it does not.

use super::{Refusal, Site, command};
use crate::config::Environment;
use crate::fleet::{Fleet, HostName};
use crate::release::{Record, ReleaseName};
use crate::survey::{HostSeen, ReleaseSeen};

/// A part of an environment; all of it where no role is named.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The roles that were named.
    pub roles: &'a [String],
    /// All hosts of the environment.
    pub whole: &'a Fleet,
    /// Those with these roles, whether they can be reached or not.
    pub named: &'a Fleet,
}

impl Part<'_> {
    /// What is typed to deploy `name` on it.
    pub(super) fn typed(self, env: &Environment, name: &ReleaseName) -> String {
        let deploy = format!("{} --release {name}", command("deploy", env));
        if self.roles.is_empty() { deploy } else { format!("{deploy} --roles {}", self.roles.join(",")) }
    }

    /// What a person should know of the hosts that are no part of it.
    pub(super) fn note(self) -> Option<String> {
        let others = self.whole.hosts.iter().filter(|host| !self.named.hosts.contains(host));
        let others: Vec<&str> = others.map(|host| host.name.as_str()).collect();
        (!others.is_empty()).then(|| format!("--roles: {} keep what runs there", others.join(", ")))
    }
}

/// The record of a release that is complete on every host of the part.
pub(super) fn everywhere(site: Site<'_>, name: &ReleaseName, part: Part<'_>) -> Result<Record, Refusal> {
    let known = site.survey.hosts.iter().map(|(host, seen)| (host, seen.release(name)));
    let is_complete = |release: &&ReleaseSeen| release.has_tree && release.is_whole();
    let whole = known.clone().filter_map(|(host, release)| Some((host, release.filter(is_complete)?)));
    let whole: Vec<(&HostName, &ReleaseSeen)> = whole.collect();
    if let (Some((_, release)), true) = (whole.first(), whole.len() == site.survey.hosts.len()) {
        return Ok(release.record.clone());
    }
    let rows = known.map(|(host, release)| vec![host.to_string(), state(release)]).collect();
    let refusal =
        Refusal::new(format!("release {name} is not complete on every host")).table(vec!["host", "state"], rows);
    // A host that was not asked has it if it was built there.
    let built = |host: &HostName| whole.iter().any(|(_, one)| one.record.hosts.iter().any(|on| on == host.as_str()));
    let has = |host: &HostName| match site.survey.host(host) {
        Some(_) => whole.iter().any(|(known, _)| *known == host),
        None => built(host),
    };
    let hosts: Vec<&HostName> = part.whole.hosts.iter().map(|host| &host.name).filter(|host| has(host)).collect();
    let on_some = roles_of(part.whole, &hosts).map(|roles| {
        let names: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
        format!("{}   on {} alone", Part { roles: &roles, ..part }.typed(site.env, name), names.join(" "))
    });
    let commit = whole.first().and_then(|(_, release)| release.record.commit.as_ref());
    let on_all = commit.map(|commit| format!("{} --ref {commit}   on all hosts", command("deploy", site.env)));
    Err(on_some.into_iter().chain(on_all).fold(refusal, Refusal::next).next(command("releases", site.env)))
}

/// The roles that come to exactly these hosts, where some do.
fn roles_of(whole: &Fleet, hosts: &[&HostName]) -> Option<Vec<String>> {
    let roles = whole.hosts.iter().flat_map(|host| &host.roles);
    let mut wide: Vec<(&str, Vec<&HostName>)> = Vec::new();
    for role in roles {
        let having: Vec<&HostName> =
            whole.hosts.iter().filter(|host| host.roles.contains(role)).map(|host| &host.name).collect();
        if having.iter().all(|host| hosts.contains(host)) && wide.iter().all(|(known, _)| *known != role.as_str()) {
            wide.push((role.as_str(), having));
        }
    }
    wide.sort_by_key(|(_, having)| std::cmp::Reverse(having.len()));
    let (mut chosen, mut covered) = (Vec::new(), Vec::new());
    for (role, having) in wide {
        if having.iter().any(|host| !covered.contains(host)) {
            covered.extend(having);
            chosen.push(role.to_owned());
        }
    }
    (!chosen.is_empty() && hosts.iter().all(|host| covered.contains(host))).then_some(chosen)
}

/// Says whether the deploy of `name` has come to its end on a host.
pub(super) fn is_finished(seen: &HostSeen, name: &ReleaseName) -> bool {
    seen.release(name).is_some_and(|release| release.is_finished)
}

fn state(release: Option<&ReleaseSeen>) -> String {
    match release {
        None => "not there",
        Some(release) if !release.has_tree => "its directory is gone",
        Some(release) => release.state.word(),
    }
    .to_owned()
}
