//! relm's own operations as words of the file's tasks: by the names that runs show them with.

use std::sync::Arc;

use super::cleaning::{removal, rules, verdicts};
use super::{Site, maintenance, pools, serving, wellness};
use crate::engine::Operation;
use crate::operations::{Turn, TurnService};

/// The operation of that name, in what is live; nothing if this environment has none.
pub(super) fn operation(site: Site<'_>, name: &str, reference: &str) -> Option<Arc<dyn Operation>> {
    if name == "clean_releases" {
        return Some(Arc::new(removal(&verdicts(site.survey, &rules(site.env), None, site.now), false)));
    }
    let (word, of) = name.split_once(':')?;
    match word {
        "maintenance" => maintenance::by_hand(site, of == "on", false).map(of_step),
        "drain" | "undrain" => pools::one(site.env, of, word == "drain", reference).map(of_step),
        "health" => wellness::one(site.env, of, reference).map(of_step),
        _ => {
            let found = site.env.services.iter().find(|service| service.name == of)?;
            let service = serving::service(site.env, found, reference);
            Some(of_step(TurnService { service, turn: Turn::read(word)?, journaled: false }))
        }
    }
}

fn of_step(operation: impl Operation + 'static) -> Arc<dyn Operation> {
    Arc::new(operation)
}
