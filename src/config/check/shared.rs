//! The tables above environments.

use super::super::file::ReleasesToml;
use super::environment::application;
use super::{
    Check, busy, distribution, guards, health, hosts, lock, maintenance, manage, notify, operations, pool, pre_connect,
    publish, python, release, secrets, service, source, tag, templates, transfer, variables,
};

/// Checks the file's own tables too where every environment overrides them.
pub(super) fn tables(check: &mut Check<'_>, file: &ReleasesToml) {
    application(check, file.app.as_ref());
    if let Some(table) = &file.source {
        source::one_kind(check, table);
        source::source(check, &table.value);
        tag::tag(check, &table.value);
    }
    release::release(check, &file.release.clone().unwrap_or_default());
    if let Some(table) = &file.lock {
        lock::lock(check, file, table);
    }
    if let Some(table) = file.distribution.as_ref().filter(|table| table.store.is_some()) {
        distribution::distribution(check, table);
    }
    if let Some(table) = &file.pre_connect {
        pre_connect::pre_connect(check, table);
    }
    if let Some(table) = &file.python {
        python::one_way(check, table);
        python::python(check, &table.value);
    }
    secrets::secrets(check, None, file.secrets.as_ref());
    // An environment may bring what the file's own tables name.
    check.secrets.extend(secrets::of_all(file));
    secrets::user(check, file.becoming.as_ref());
    if let Some(table) = &file.maintenance {
        maintenance::both_ways(check, table);
        maintenance::maintenance(check, &table.value);
    }
    hosts::source_files(check, file.source_files.as_ref());
    variables::variables(check, None, file.environment.as_ref());
    secrets::files(check, &file.secret_files);
    templates::templates(check, &file.templates.iter().collect::<Vec<_>>(), None);
    publish::publish(check, &file.publish.iter().collect::<Vec<_>>(), None);
    if let Some(table) = &file.manage {
        manage::manage(check, &table.value);
    }
    notify::unique(check, &file.notify);
    notify::notifiers(check, &[], &file.notify);
    operations::unique(check, &file.operations);
    operations::operations(check, &file.operations.iter().collect::<Vec<_>>());
    transfer::unique(check, &file.transfer, &file.operations);
    transfer::transfers(check, &file.transfer.iter().collect::<Vec<_>>(), None);
    pool::unique(check, &file.pool);
    pool::pools(check, &file.pool.iter().collect::<Vec<_>>());
    health::unique(check, &file.health);
    health::checks(check, &file.health.iter().collect::<Vec<_>>());
    service::unique(check, &file.service);
    service::services(check, &file.service.iter().collect::<Vec<_>>(), None);
    busy::unique(check, &file.busy);
    let busy: Vec<_> = file.busy.iter().collect();
    busy::busy(check, &busy, None);
    guards::guards(check, &file.guards.clone().unwrap_or_default(), &busy);
}
