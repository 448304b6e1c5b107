//! Applications of one environment keep apart: none puts anything at a place outside of releases where another does.

use super::super::Environment;
use super::super::placed::At;
use super::Check;
use super::text::is_below;
use crate::fleet::{Become, HostName, Targets};

/// A place on some hosts.
struct Place {
    path: String,
    /// Whose home it begins in, if it begins in one.
    home: Option<Become>,
    hosts: Vec<HostName>,
}

/// Complains about each component that puts something where an application before it does.
pub(super) fn keep(check: &mut Check<'_>, applications: &[(&At<String>, Environment)]) {
    let all: Vec<_> = applications.iter().map(|(name, env)| (name, env, places(env))).collect();
    for (at, (name, env, own)) in all.iter().enumerate() {
        let before = all[..at].iter().flat_map(|(_, other, theirs)| theirs.iter().map(move |place| (other, place)));
        let met = before.flat_map(|(other, theirs)| own.iter().map(move |own| (other, theirs, own)));
        if let Some((other, theirs, own)) = met.into_iter().find(|(_, theirs, own)| meet(theirs, own)) {
            let hint =
                "what the one puts there the other would overwrite or take away: give them places apart".to_owned();
            let message = if own.path == theirs.path {
                format!("{} and {} both put something at {}", other.name, env.name, own.path)
            } else {
                format!("{} puts something at {}, and {} at {}", other.name, theirs.path, env.name, own.path)
            };
            check.problem(name.span(), message, hint);
        }
    }
}

fn meet(one: &Place, other: &Place) -> bool {
    one.home == other.home
        && (is_below(&one.path, &other.path) || is_below(&other.path, &one.path))
        && one.hosts.iter().any(|host| other.hosts.contains(host))
}

/// Where files of services and of templates go, and what is published.
fn places(env: &Environment) -> Vec<Place> {
    let place = |path: String, targets: &Targets, becoming: Option<&Become>| Place {
        home: if path.starts_with('/') { None } else { becoming.or(env.becoming.as_ref()).cloned() },
        path,
        hosts: env.fleet.select(targets).into_iter().map(|host| host.name.clone()).collect(),
    };
    let services = env.services.iter().flat_map(|service| {
        let into = service
            .into
            .iter()
            .map(|into| if into.starts_with(['/', '~']) { into.clone() } else { format!("~/{into}") });
        let paths = into.flat_map(|into| service.files.iter().map(move |file| format!("{into}/{}", file.name)));
        let targets = Targets { only: service.singleton.clone(), ..service.targets.clone() };
        paths.map(move |path| place(path, &targets, service.becoming.as_ref()))
    });
    let templates = env.templates.iter().filter(|file| file.is_outside());
    let templates = templates.map(|file| place(file.dest.clone(), &file.targets, None));
    let published = env.publish.iter().map(|published| place(published.to.clone(), &published.targets, None));
    services.chain(templates).chain(published).collect()
}
