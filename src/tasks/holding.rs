//! Services that are stopped while a database is migrated.

use super::{Site, serving, standing};
use crate::config::{AppOperation, Migration};
use crate::engine::Plan;
use crate::event::Phase;
use crate::operations::{Pending, RunCommand, StopForMigration};
use crate::survey::Survey;

/// How it is known what is pending.
pub(super) fn pending(migration: &Migration) -> Option<Pending> {
    let Migration { pending, sql, again, .. } = migration.clone();
    sql.map(|directory| Pending::Files { directory, again }).or(pending.map(Pending::Printed))
}

/// Adds what stops the services that an operation must not meet, right before it.
pub(super) fn stop(plan: Plan, site: Site<'_>, operation: &AppOperation, command: &RunCommand) -> Plan {
    let Some(migration) = operation.migrate.as_ref().filter(|migration| !migration.stop.is_empty()) else {
        return plan;
    };
    let Some(host) = site.env.fleet.select(&operation.targets).first().map(|host| host.name.clone()) else {
        return plan;
    };
    let services = site.env.services.iter().rev().filter(|service| migration.stop.contains(&service.name));
    let plan = services.fold(plan, |plan, service| {
        plan.prepare(StopForMigration {
            service: serving::service(site.env, service, &command.reference),
            host: host.clone(),
            command: command.clone(),
            pending: pending(migration),
        })
    });
    let names = migration.stop.join(", ");
    plan.note(format!("{names}: stopped before {} if anything is pending, until the hosts switch", operation.name))
}

/// Says whether the run of a release was killed while services were stopped for it, or could not start them again.
pub(super) fn was_holding(survey: &Survey) -> bool {
    let mut notes = survey.hosts.iter().flat_map(|(_, seen)| seen.stopped.values());
    notes.any(|by| standing::is_of_release(by))
}

/// Where nothing is left to migrate, nothing is stopped for it.
pub(super) fn settle(plan: &mut Plan, site: Site<'_>) {
    for operation in &site.env.operations {
        let Some(migration) = &operation.migrate else { continue };
        let mut migrating = plan.steps.iter().filter(|step| step.name() == operation.name);
        if migrating.any(|step| step.left().next().is_some()) {
            continue;
        }
        let stops = |name: &str| migration.stop.iter().any(|of| name == StopForMigration::called(&operation.name, of));
        for step in plan.steps.iter_mut().filter(|step| step.phase == Phase::Prepare && stops(&step.name())) {
            step.unneeded = step.hosts.iter().filter(|host| !step.done.contains(*host)).cloned().collect();
        }
    }
}
