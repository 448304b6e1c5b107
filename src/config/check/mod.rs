//! What a well-shaped file means: every mistake of meaning at once, each with its place.

mod apart;
mod busy;
mod components;
mod confirm;
mod distribution;
mod guards;
mod health;
mod hosts;
mod inherit;
mod inputs;
mod job;
mod lock;
mod maintenance;
mod manage;
mod migrate;
mod notify;
pub(super) mod operations;
mod pattern;
mod pool;
mod pre_connect;
mod publish;
mod python;
mod release;
mod retry;
mod roles;
mod secrets;
mod service;
mod shared;
mod source;
mod tag;
mod tasks;
mod templates;
mod text;
mod transfer;
mod variables;
mod wait;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::file::{EnvTable, ReleasesToml};
use super::merge::{self, Over};
use super::placed::At;
use super::problem::Problem;
use super::suggest::did_you_mean;
use super::{Config, Environment};
use crate::fleet::{ComponentName, EnvName, Scope};
use components::Component;

/// Where relative paths and `~` of the file lead on this machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'p> {
    pub(super) directory: &'p Path,
    pub(super) home: &'p Path,
}

/// The state of checking one file. Whatever a check returns beside a problem is never seen: the file is refused.
struct Check<'p> {
    places: Places<'p>,
    /// What `shape` took out; nothing that depends on it is complained about.
    lost: BTreeSet<String>,
    /// Who has which roles, and what sets of them are called; unknown if hosts were lost.
    roles: Option<roles::Known>,
    /// The secrets there are where it is checked now.
    secrets: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn problem(&mut self, span: Range<usize>, message: impl Into<String>, hint: impl Into<Option<String>>) {
        self.problems.push(Problem { message: message.into(), span, hint: hint.into() });
    }

    fn lost(&self, path: &str) -> bool {
        let inside =
            |lost: &String| lost.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.lost.iter().any(inside)
    }

    /// Whether a whole environment was taken out.
    fn envs_lost(&self) -> bool {
        self.lost.iter().any(|lost| {
            lost == "env"
                || lost == "hosts"
                || lost.starts_with("hosts.")
                || lost.starts_with("env.") && lost.matches('.').count() == 1
        })
    }

    /// Whether the source of an environment's application was taken out.
    fn source_lost(&self, env: &At<String>) -> bool {
        self.lost("source") || self.lost(&format!("env.{}.source", env.value))
    }

    /// Whether a host or a part of one was taken out.
    fn hosts_lost(&self) -> bool {
        self.envs_lost() || self.lost.iter().any(|lost| lost.starts_with("env.") && lost.contains(".hosts"))
    }
}

/// Checks the whole file; `problems` are those of its shape.
pub(super) fn check(
    file: &ReleasesToml,
    places: Places<'_>,
    lost: BTreeSet<String>,
    problems: Vec<Problem>,
) -> Result<Config, Vec<Problem>> {
    let mut check = Check { places, lost, roles: None, secrets: BTreeSet::new(), problems };
    let file = &inherit::resolved(&mut check, file);
    if !check.hosts_lost() {
        check.roles = Some(roles::Known::of(file));
    }
    roles::sets(&mut check, file);
    shared::tables(&mut check, file);
    let envs: Vec<_> =
        file.env.iter().flat_map(|(name, env)| components::applications(&mut check, file, name, env)).collect();
    if file.env.is_empty() && !check.envs_lost() {
        let hint = "[env.production.hosts]\nweb1 = { address = \"deploy@web1.example.org\" }".to_owned();
        check.problem(0..0, "there is no environment to deploy to", Some(hint));
    }
    let tasks = tasks::tasks(&mut check, file);
    let default_env = file.default_env.as_ref().and_then(|name| default_env(&mut check, file, name));
    let ssh_config = file.ssh_config.as_ref().and_then(|path| check.local_path("ssh_config", path));
    if !check.problems.is_empty() {
        return Err(check.problems);
    }
    Ok(Config { path: PathBuf::new(), default_env, ssh_config, envs, tasks })
}

/// Complains about names that stand twice in one list.
fn named_twice<'t>(check: &mut Check<'_>, what: &str, names: impl Iterator<Item = Option<&'t At<String>>>) {
    let mut before: Vec<&str> = Vec::new();
    for name in names.flatten() {
        if before.contains(&name.value.as_str()) {
            let hint = "each needs a name of its own; resume goes by it".to_owned();
            check.problem(name.span(), format!("there are two {what} {:?}", name.value), hint);
        }
        before.push(&name.value);
    }
}

/// Takes an environment, or a component of it: then the tables are those of the component.
fn environment(
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
    let login_password = env.login_password.clone().and_then(|name| secrets::named(check, &[name]).pop());
    let secret_files = secrets::files(check, &file.secret_files);
    let templates = templates::templates(check, &merge::placed(&env.templates, &file.templates), fleet.as_ref());
    let publish = publish::publish(check, &merge::placed(&env.publish, &file.publish), fleet.as_ref());
    notify::unique(check, &env.notify);
    let notify = notify::notifiers(check, &env.notify, &file.notify);
    let operations = operations::operations(check, &merge::named(&env.operations, &file.operations));
    if let (Some(operations), Some(fleet)) = (&operations, &fleet) {
        operations::required(check, &name.value, &merge::named(&env.operations, &file.operations), operations, fleet);
    }
    transfer::unique(check, &env.transfer, &env.operations);
    let transfers = merge::named(&env.transfer, &file.transfer);
    let transfers = match (&known, &fleet, &operations) {
        (Some(env), Some(fleet), Some(operations)) => {
            transfer::transfers(check, &transfers, Some(transfer::There { env, fleet, operations }))
        }
        _ => None,
    };
    pool::unique(check, &env.pool);
    let pools = pool::pools(check, &merge::named(&env.pool, &file.pool));
    health::unique(check, &env.health);
    let health = health::checks(check, &merge::named(&env.health, &file.health));
    service::unique(check, &env.service);
    let services = service::services(check, &merge::named(&env.service, &file.service), fleet.as_ref());
    if let Some(services) = &services {
        migrate::stopped(check, &merge::named(&env.operations, &file.operations), services);
    }
    busy::unique(check, &env.busy);
    let run = busy::run(operations.as_deref(), services.as_deref());
    let busy = busy::busy(check, &merge::named(&env.busy, &file.busy), run.as_deref());
    let guards = both(env.guards.as_ref(), file.guards.as_ref()).unwrap_or_default();
    let guards = guards::guards(check, &guards, busy.as_deref().unwrap_or_default());
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
            Some(maintenance::maintenance(check, &table)?)
        }
    };
    let manage = match env.manage.as_ref().or(file.manage.as_ref()) {
        None => None,
        Some(place) => {
            let table = both(bare(env.manage.as_ref()), bare(file.manage.as_ref())).unwrap_or_default();
            Some(manage::whole(check, &place.with(table))?)
        }
    };
    let python = match python {
        None => None,
        Some(python) => Some(python::python(check, &python)?),
    };
    Some(Environment {
        name: Scope { env: known?, component: component_name },
        app: app?,
        confirm: confirm?,
        accept_new_host_keys: env.accept_new_host_keys.unwrap_or(false),
        forward_agent: env.forward_agent.unwrap_or(false),
        login_password,
        pre_connect: pre_connect?,
        fleet: fleet?,
        source: source?,
        tag,
        release: release?,
        lock: lock?,
        distribution,
        notify: notify?,
        python,
        becoming: becoming?,
        secrets: secrets?,
        secret_files: secret_files?,
        templates: templates?,
        publish: publish?,
        operations: operations?,
        transfers: transfers?,
        services: services?,
        health: health?,
        maintenance,
        manage,
        pools: pools?,
        guards: guards?,
        busy: busy?,
    })
}

fn bare<T>(table: Option<&At<T>>) -> Option<&T> {
    table.map(|table| &table.value)
}

fn both<T: Over>(own: Option<&T>, base: Option<&T>) -> Option<T> {
    (own.is_some() || base.is_some()).then(|| own.cloned().unwrap_or_default().over(base.cloned().unwrap_or_default()))
}

/// The application's name; the directory of the file is called after it often enough.
fn application(check: &mut Check<'_>, app: Option<&super::file::AppTable>) -> Option<String> {
    if let Some(name) = app.and_then(|app| app.name.as_ref()) {
        return check.name("app name", name);
    }
    let directory = check.places.directory.file_name().unwrap_or_default().to_string_lossy();
    Some(text::made_plain(&directory).unwrap_or_else(|| "app".to_owned()))
}

fn default_env(check: &mut Check<'_>, file: &ReleasesToml, name: &At<String>) -> Option<EnvName> {
    let known: Vec<_> = file.env.keys().map(|env| env.value.as_str()).collect();
    if known.contains(&name.value.as_str()) {
        return EnvName::new(&name.value).ok();
    }
    if !known.is_empty() && !check.envs_lost() {
        check.problem(
            name.span(),
            format!("there is no environment {:?}", name.value),
            did_you_mean(&name.value, &known),
        );
    }
    None
}
