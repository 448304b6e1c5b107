//! relm's own operations as words of the file's tasks: by the names that runs show them with.

use std::sync::Arc;

use super::cleaning::{removal, rules, verdicts};
use super::{Site, command, maintenance, pools, serving, standing, wellness};
use crate::config::{Environment, OwnTask};
use crate::engine::Operation;
use crate::operations::{Turn, TurnService, Within};

/// The operation of `task` at that place, in what is live; nothing if this environment has none.
pub(super) fn operation(site: Site<'_>, task: &OwnTask, at: usize, reference: &str) -> Option<Arc<dyn Operation>> {
    let name = task.operations.get(at)?;
    if name == "clean_releases" {
        return Some(Arc::new(removal(&verdicts(site.survey, &rules(site.env), None, site.now), false)));
    }
    let (word, of) = name.split_once(':')?;
    match word {
        "maintenance" => maintenance::by_hand(site, of == "on", false, Within::Task).map(of_step),
        "drain" | "undrain" => {
            let by = (word == "drain" && takes_in(task, at, of)).then(|| standing::of_task(&task.name));
            pools::one(site.env, of, word == "drain", reference, by).map(of_step)
        }
        "health" => wellness::one(site.env, of, reference).map(of_step),
        _ => {
            let found = site.env.services.iter().find(|service| service.name == of)?;
            let (service, turn) = (serving::service(site.env, found, reference), Turn::read(word)?);
            let by = brings_up(task, at, turn, of).then(|| standing::of_task(&task.name));
            Some(of_step(TurnService { service, turn, within: Within::Task, comes: false, by }))
        }
    }
}

/// Says whether the task itself is to bring up what it takes down there.
fn brings_up(task: &OwnTask, at: usize, turn: Turn, service: &str) -> bool {
    let starts =
        |name: &String| [Turn::Start, Turn::Restart].iter().any(|up| *name == format!("{}:{service}", up.word()));
    turn == Turn::Restart || (turn == Turn::Stop && task.operations.iter().skip(at + 1).any(starts))
}

/// Says whether the task itself is to take in what it takes out of a pool there.
fn takes_in(task: &OwnTask, at: usize, pool: &str) -> bool {
    task.operations.iter().skip(at + 1).any(|name| *name == format!("undrain:{pool}"))
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
