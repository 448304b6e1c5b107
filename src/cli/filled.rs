//! Asks hosts what files that are filled in would change there.

use std::sync::Arc;

use futures_util::future::join_all;

use super::ground::Ground;
use super::secrets;
use crate::config::Environment;
use crate::engine::{self, Machine, Standing, Stands};
use crate::fleet::HostName;
use crate::operations::Filled;
use crate::survey::Survey;
use crate::tasks::Payload;
use crate::tasks::filled::{self, FilledChange, Wanted, What};

/// What files come to now, against what stands on the hosts that have a live release; with that release's name in them,
/// because the new one's changes nothing that anybody wants to know of.
pub(super) async fn changes(
    env: &Environment,
    ground: &Ground,
    reference: &str,
    payload: &Payload,
) -> Vec<FilledChange> {
    if !filled::is_any(env, &ground.survey) {
        return Vec::new();
    }
    let secrets = Arc::new(secrets::at_hand(env));
    let (wanted, machines) = (filled::wanted(env, reference, payload), ground.machines(&secrets, |_| None));
    let running = machines.iter().filter(|machine| machine.before.is_some());
    let found = join_all(running.map(|machine| of_host(env, machine, &wanted, &ground.survey))).await;
    let mask = |what| match what {
        What::Changed { diff } => {
            let diff = String::from_utf8_lossy(&secrets.mask().apply(diff.as_bytes())).into_owned();
            What::Changed { diff }
        }
        other => other,
    };
    filled::together(found.into_iter().flatten().map(|(place, host, what)| (place, host, mask(what))))
}

async fn of_host(
    env: &Environment,
    machine: &Machine,
    wanted: &Wanted,
    survey: &Survey,
) -> Vec<(String, HostName, What)> {
    let host = &machine.host.name;
    let files = wanted.on_host(&machine.on(&env.name, None), &env.fleet);
    let places: Vec<_> = files.iter().map(|(place, comes)| (place.clone(), matches!(comes, Filled::Hash(_)))).collect();
    let stands = engine::standing(machine, &places, &filled::rendered(survey.host(host))).await;
    let unknown = || Standing { places: vec![Stands::Unknown; places.len()], brought: Vec::new() };
    let stands = stands.unwrap_or_else(unknown);
    let kept: Vec<_> = places.iter().map(|(place, _)| place.as_str()).collect();
    let gone = filled::let_go(stands.brought, &kept);
    let compared = files.into_iter().zip(stands.places).filter_map(|((place, comes), stands)| {
        let what = filled::compare(&place, stands, comes)?;
        Some((place, what))
    });
    compared.chain(gone).map(|(place, what)| (place, host.clone(), what)).collect()
}
