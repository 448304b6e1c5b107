//! The steps that look whether hosts are well.

use crate::config::{self, Environment, Health};
use crate::engine::Plan;
use crate::event::Phase;
use crate::operations::{CheckHealth, RunCommand, Sign};

/// Adds the looks of some phases, in the order of the file.
pub(super) fn look(plan: Plan, env: &Environment, reference: &str, phases: &[Phase]) -> Plan {
    let wanted = env.health.iter().filter(|health| phases.contains(&health.phase) && !health.of_all);
    wanted.fold(plan, |plan, health| plan.step(health.phase, check(env, health, reference)))
}

/// Adds those at the whole, when every host has switched and gets its requests again.
pub(super) fn look_at_all(plan: Plan, env: &Environment, reference: &str) -> Plan {
    let wanted = env.health.iter().filter(|health| health.of_all);
    wanted.fold(plan, |plan, health| plan.step(health.phase, check(env, health, reference)))
}

/// The look of that name, at what is live.
pub(super) fn one(env: &Environment, name: &str, reference: &str) -> Option<CheckHealth> {
    let mut found = check(env, env.health.iter().find(|health| health.name == name)?, reference);
    (found.check.outside, found.check.journaled) = (false, false);
    (found.of_all, found.asks) = (false, false);
    Some(found)
}

fn check(env: &Environment, health: &Health, reference: &str) -> CheckHealth {
    let command = match &health.sign {
        config::Sign::Command(command) => command.clone(),
        _ => String::new(),
    };
    CheckHealth {
        check: RunCommand {
            targets: health.targets.clone(),
            reference: reference.to_owned(),
            outside: health.phase == Phase::Check,
            journaled: health.phase != Phase::Check,
            becoming: health.becoming.clone(),
            ..RunCommand::new(&health.name, &command)
        },
        sign: sign(&health.sign),
        within: health.within,
        every: health.every,
        attempt: health.attempt,
        app: env.app.clone(),
        of_all: health.of_all,
        asks: health.asks,
    }
}

fn sign(sign: &config::Sign) -> Option<Sign> {
    Some(match sign.clone() {
        config::Sign::Http { url, expect, contains, headers } => Sign::Http { url, expect, contains, headers },
        config::Sign::Tcp(place) => Sign::Tcp(place),
        config::Sign::File(path) => Sign::File(path),
        config::Sign::Command(_) => return None,
    })
}
