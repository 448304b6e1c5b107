//! relm's own operations as words of the file's tasks: by the names that runs show them with.

use std::sync::Arc;

use super::cleaning::{removal, rules, verdicts};
use super::{Site, command, maintenance, pools, serving, wellness};
use crate::config::Environment;
use crate::engine::Operation;
use crate::operations::{Turn, TurnService, Within};

/// The operation of that name, in what is live; nothing if this environment has none.
pub(super) fn operation(site: Site<'_>, name: &str, reference: &str) -> Option<Arc<dyn Operation>> {
    if name == "clean_releases" {
        return Some(Arc::new(removal(&verdicts(site.survey, &rules(site.env), None, site.now), false)));
    }
    let (word, of) = name.split_once(':')?;
    match word {
        "maintenance" => maintenance::by_hand(site, of == "on", false, Within::Task).map(of_step),
        "drain" | "undrain" => pools::one(site.env, of, word == "drain", reference).map(of_step),
        "health" => wellness::one(site.env, of, reference).map(of_step),
        _ => {
            let found = site.env.services.iter().find(|service| service.name == of)?;
            let service = serving::service(site.env, found, reference);
            Some(of_step(TurnService { service, turn: Turn::read(word)?, within: Within::Task, comes: false }))
        }
    }
}

/// What to type where such a step has taken something down and could not be taken back.
pub(super) fn remedy(env: &Environment, name: &str) -> Option<String> {
    match name.split_once(':')? {
        ("maintenance", "on") => Some(command("maintenance off", env)),
        ("stop" | "restart", service) => Some(format!("{} start {service}", command("services", env))),
        _ => None,
    }
}

fn of_step(operation: impl Operation + 'static) -> Arc<dyn Operation> {
    Arc::new(operation)
}
