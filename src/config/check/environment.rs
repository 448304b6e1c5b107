//! An environment, or a component of one: every table that holds there.

use super::super::Environment;
use super::super::file::{AppTable, EnvTable, ReleasesToml};
use super::super::merge::{self, Over};
use super::super::placed::At;
use super::components::Component;
use super::{
    Check, busy, confirm, distribution, guards, health, hosts, lock, maintenance, manage, migrate, notify, operations,
    pool, pre_connect, promote_from, publish, python, release, roles, secrets, service, source, tag, templates, text,
    transfer,
};
use crate::fleet::{ComponentName, EnvName, Scope};

/// Takes an environment, or a component of it: then the tables are those of the component.
pub(super) fn environment(
    check: &mut Check<'_>,
    file: &ReleasesToml,
    name: &At<String>,
    env: &EnvTable,
    component: Option<&Component<'_>>,
) -> Option<Environment> {
    let known = check.fleet_name(name, EnvName::new);
    let component_name = component.and_then(|component| ComponentName::new(&component.name.value).ok());
    roles::enter(check, name);
    let mut fleet = hosts::fleet(check, file, name, env);
    if let (Some(component), Some(fleet)) = (component, &mut fleet) {
        fleet.hosts = fleet.select(&component.lives_on).into_iter().cloned().collect();
        roles::narrow(check, fleet);
    }
    operations::unique(check, &env.operations);
    let secrets = secrets::secrets(check, env.secrets.as_ref(), file.secrets.as_ref());
    let becoming = secrets::user(check, env.becoming.as_ref().or(file.becoming.as_ref()));
    let confirm = confirm::confirm(check, env.confirm.as_ref());
    let promote_from = promote_from::promote_from(check, file, name, env);
    let login_password = env.login_password.clone().and_then(|name| secrets::named(check, &[name]).pop());
    let secret_files = secrets::files(check, &file.secret_files);
    let templates = templates::templates(check, &merge::placed(&env.templates, &file.templates), fleet.as_ref());
    let publish = publish::publish(check, &merge::placed(&env.publish, &file.publish), fleet.as_ref());
    notify::unique(check, &env.notify);
    let notify = notify::notifiers(check, &env.notify, &file.notify);
    let tables = merge::named(&env.operations, &file.operations);
    let operations = operations::operations(check, &tables);
    if let Some(fleet) = &fleet {
        operations::required(check, &name.value, &tables, &operations, fleet);
    }
    let operations: Option<Vec<_>> = operations.into_iter().collect();
    transfer::unique(check, &env.transfer, &env.operations);
    let transfers = merge::named(&env.transfer, &file.transfer);
    let transfers = match (&known, &fleet) {
        (Some(env), Some(fleet)) => {
            let there = transfer::There { env, fleet, operations: operations.as_deref() };
            transfer::transfers(check, &transfers, Some(there))
        }
        _ => None,
    };
    pool::unique(check, &env.pool);
    let pools = pool::pools(check, &merge::named(&env.pool, &file.pool));
    health::unique(check, &env.health);
    let health = health::checks(check, &merge::named(&env.health, &file.health));
    service::unique(check, &env.service);
    let service_tables = merge::named(&env.service, &file.service);
    let services = service::services(check, &service_tables, fleet.as_ref());
    if let Some(services) = &services {
        migrate::stopped(check, &tables, services);
    }
    busy::unique(check, &env.busy);
    let run = busy::run(check, &tables, &service_tables);
    let busy_tables = merge::named(&env.busy, &file.busy);
    let busy = busy::busy(check, &busy_tables, run.as_deref());
    let guards = both(env.guards.as_ref(), file.guards.as_ref()).unwrap_or_default();
    let guards = guards::guards(check, &guards, &busy_tables);
    env.source.iter().for_each(|table| source::one_kind(check, table));
    env.python.iter().for_each(|table| python::one_way(check, table));
    let source = both(bare(env.source.as_ref()), bare(file.source.as_ref())).unwrap_or_default();
    source::present(check, name, component, &source);
    let python = both(bare(env.python.as_ref()), bare(file.python.as_ref()));
    let app = both(env.app.as_ref(), file.app.as_ref());
    let app = application(check, app.as_ref());
    let release = both(env.release.as_ref(), file.release.as_ref()).unwrap_or_default();
    let tag = tag::tag(check, &source);
    let source = source::source(check, &source);
    let release = release::release(check, &release);
    if let (Some(release), Some(secret_files)) = (&release, &secret_files) {
        let others = secret_files.iter().map(|file| file.path.as_str());
        let others: Vec<&str> = others.chain(release.places()).collect();
        templates::elsewhere(check, &merge::placed(&env.templates, &file.templates), &others);
        let written = templates.iter().flatten().map(|file| file.dest.as_str());
        let others: Vec<&str> = others.into_iter().chain(written).collect();
        transfer::elsewhere(check, &merge::named(&env.transfer, &file.transfer), &others);
    }
    let lock = both(env.lock.as_ref(), file.lock.as_ref()).unwrap_or_default();
    let lock = lock::lock(check, file, &lock);
    let distribution = both(env.distribution.as_ref(), file.distribution.as_ref()).unwrap_or_default();
    let distribution = distribution::distribution(check, &distribution);
    let pre_connect = both(env.pre_connect.as_ref(), file.pre_connect.as_ref()).unwrap_or_default();
    let pre_connect = pre_connect::pre_connect(check, &pre_connect);
    let maintenance = match both(bare(env.maintenance.as_ref()), bare(file.maintenance.as_ref())) {
        None => None,
        Some(table) => {
            if let Some(own) = &env.maintenance {
                maintenance::both_ways(check, &own.with(table.clone()));
            }
            Some(maintenance::maintenance(check, &table))
        }
    };
    let manage = match env.manage.as_ref().or(file.manage.as_ref()) {
        None => None,
        Some(place) => {
            let table = both(bare(env.manage.as_ref()), bare(file.manage.as_ref())).unwrap_or_default();
            Some(manage::whole(check, &place.with(table)))
        }
    };
    let python = python.map(|python| python::python(check, &python));
    Some(Environment {
        name: Scope { env: known?, component: component_name },
        app: app?,
        confirm: confirm?,
        promote_from,
        accept_new_host_keys: env.accept_new_host_keys.unwrap_or(false),
        forward_agent: env.forward_agent.unwrap_or(false),
        login_password,
        pre_connect: pre_connect?,
        fleet: fleet?,
        cut_by: None,
        source: source?,
        tag,
        release: release?,
        lock: lock?,
        distribution,
        notify: notify?,
        python: whole(python)?,
        becoming: becoming?,
        secrets: secrets?,
        secret_files: secret_files?,
        templates: templates?,
        publish: publish?,
        operations: operations?,
        transfers: transfers?,
        services: services?,
        health: health?,
        maintenance: whole(maintenance)?,
        manage: whole(manage)?,
        pools: pools?,
        guards: guards?,
        busy: busy?,
    })
}

/// What was read of a table that may be left out: nothing if it is wrong.
#[expect(clippy::option_option, reason = "wrong, and left out")]
fn whole<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |table| table.map(Some))
}

fn bare<T>(table: Option<&At<T>>) -> Option<&T> {
    table.map(|table| &table.value)
}

fn both<T: Over>(own: Option<&T>, base: Option<&T>) -> Option<T> {
    (own.is_some() || base.is_some()).then(|| own.cloned().unwrap_or_default().over(base.cloned().unwrap_or_default()))
}

/// The application's name; the directory of the file is called after it often enough.
pub(super) fn application(check: &mut Check<'_>, app: Option<&AppTable>) -> Option<String> {
    if let Some(name) = app.and_then(|app| app.name.as_ref()) {
        return check.name("app name", name);
    }
    let directory = check.places.directory.file_name().unwrap_or_default().to_string_lossy();
    Some(text::made_plain(&directory).unwrap_or_else(|| "app".to_owned()))
}
