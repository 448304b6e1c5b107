//! A component as a file of its own, and as what an environment says of it: from there on it is checked as any application.

use std::collections::BTreeMap;

use super::file::{ComponentTable, EnvTable, GuardsTable, ReleaseTable, ReleasesToml};
use super::merge::{application_over, entries, list, marked, placed_list, table};
use super::placed::At;

/// Tables that tell of an application: those of the main one mean nothing to a component.
pub(super) const OWN: &[&str] = &[
    "source",
    "python",
    "operations",
    "service",
    "health",
    "maintenance",
    "manage",
    "pool",
    "busy",
    "templates",
    "publish",
    "transfer",
    "secret_files",
];

/// Tables of which a part tells of the fleet, and of whoever deploys.
pub(super) const SHARED: &[(&str, &[&str])] = &[
    ("release", &["root", "keep", "keep_failed", "min_age", "batches", "max_parallel", "max_unreachable"]),
    ("guards", &["window", "clean_repository"]),
];

/// The tables of one component in one environment.
pub(super) struct Tables<'f> {
    /// Where it is named: in `[components]`, else in the environment.
    pub(super) name: &'f At<String>,
    /// The environment's own say in it.
    pub(super) own: Option<&'f ComponentTable>,
    base: Option<&'f ComponentTable>,
}

/// Every component that the file or the environment names, in the order of the file.
pub(super) fn tables<'f>(file: &'f ReleasesToml, env: &'f EnvTable) -> Vec<Tables<'f>> {
    let own = |name: &At<String>| env.components.iter().find(|(other, _)| other.value == name.value);
    let of_file = file.components.iter().map(|(name, base)| Tables {
        name,
        own: own(name).map(|(_, table)| &table.value),
        base: Some(&base.value),
    });
    let is_known = |name: &At<String>| file.components.keys().any(|known| known.value == name.value);
    let of_env = env.components.iter().filter(|(name, _)| !is_known(name));
    of_file.chain(of_env.map(|(name, table)| Tables { name, own: Some(&table.value), base: None })).collect()
}

/// Whether there is an application beside the components: the file or the environment tells of one.
pub(super) fn has_main(file: &ReleasesToml, env: &EnvTable) -> bool {
    let of_file = file.source.is_some()
        || file.python.is_some()
        || file.maintenance.is_some()
        || file.manage.is_some()
        || !(file.operations.is_empty() && file.service.is_empty() && file.health.is_empty() && file.pool.is_empty())
        || !(file.busy.is_empty() && file.templates.is_empty() && file.publish.is_empty() && file.transfer.is_empty())
        || !file.secret_files.is_empty();
    let of_env = env.source.is_some()
        || env.python.is_some()
        || env.maintenance.is_some()
        || env.manage.is_some()
        || !(env.operations.is_empty() && env.service.is_empty() && env.health.is_empty() && env.pool.is_empty())
        || !(env.busy.is_empty() && env.templates.is_empty() && env.publish.is_empty() && env.transfer.is_empty());
    of_file || of_env
}

impl Tables<'_> {
    /// The hosts it lives on.
    pub(super) fn roles(&self) -> Option<&At<Vec<At<String>>>> {
        [self.own, self.base].into_iter().flatten().find_map(|table| table.roles.as_ref())
    }

    /// The file, with the component's tables in the place of the application's. What tells of the fleet and of whoever
    /// deploys holds for it too, as the environment has it; nothing that tells of the application does.
    pub(super) fn file(&self, file: &ReleasesToml, env: &EnvTable) -> ReleasesToml {
        let component = self.base.cloned().unwrap_or_default();
        let release = table(env.release.clone(), file.release.clone()).unwrap_or_default();
        let guards = table(env.guards.clone(), file.guards.clone()).unwrap_or_default();
        // How a fleet is switched, and when; not what an application's releases are made of.
        let release = ReleaseTable {
            root: release.root,
            keep: release.keep,
            keep_failed: release.keep_failed,
            min_age: release.min_age,
            batches: release.batches,
            max_parallel: release.max_parallel,
            max_unreachable: release.max_unreachable,
            ..ReleaseTable::default()
        };
        let guards = GuardsTable {
            window: guards.window,
            clean_repository: guards.clean_repository,
            branch: guards.branch,
            ..GuardsTable::default()
        };
        let mut secret_files = component.secret_files;
        secret_files.extend(self.own.map(|own| own.secret_files.clone()).unwrap_or_default());
        ReleasesToml {
            pre_connect: table(env.pre_connect.clone(), file.pre_connect.clone()),
            becoming: component.becoming.or(env.becoming.clone()).or(file.becoming.clone()),
            source_files: component.source_files.or(env.source_files.clone()).or(file.source_files.clone()),
            environment: entries(component.environment, entries(env.environment.clone(), file.environment.clone())),
            secrets: entries(component.secrets, entries(env.secrets.clone(), file.secrets.clone())),
            secret_files,
            publish: component.publish,
            transfer: component.transfer,
            templates: component.templates,
            app: table(component.app, table(env.app.clone(), file.app.clone())),
            source: component.source,
            release: table(component.release, Some(release)),
            lock: table(component.lock, table(env.lock.clone(), file.lock.clone())),
            distribution: table(env.distribution.clone(), file.distribution.clone()),
            notify: list(&component.notify, &list(&env.notify, &file.notify)),
            python: component.python,
            operations: component.operations,
            service: component.service,
            health: component.health,
            maintenance: component.maintenance,
            manage: component.manage,
            pool: component.pool,
            guards: table(component.guards, Some(guards)),
            busy: component.busy,
            tasks: BTreeMap::new(),
            components: BTreeMap::new(),
            // Every table is named here, so that whoever adds one has to say whether it is the application's.
            default_env: file.default_env.clone(),
            ssh_config: file.ssh_config.clone(),
            role_sets: file.role_sets.clone(),
            hosts: file.hosts.clone(),
            env: file.env.clone(),
        }
    }

    /// The environment, with its say in the component and nothing of the application.
    pub(super) fn env(&self, env: &EnvTable) -> EnvTable {
        let own = self.own.cloned().unwrap_or_default();
        EnvTable {
            inherits: None,
            promote_from: env.promote_from.clone(),
            confirm: own.confirm.or(self.base.and_then(|base| base.confirm.clone())).or(env.confirm.clone()),
            accept_new_host_keys: env.accept_new_host_keys,
            forward_agent: env.forward_agent,
            login_password: env.login_password.clone(),
            pre_connect: None,
            becoming: own.becoming,
            source_files: own.source_files,
            environment: own.environment,
            secrets: own.secrets,
            app: own.app,
            source: own.source,
            release: own.release,
            lock: own.lock,
            distribution: None,
            notify: own.notify,
            python: own.python,
            operations: own.operations,
            templates: own.templates,
            publish: own.publish,
            transfer: own.transfer,
            service: own.service,
            health: own.health,
            maintenance: own.maintenance,
            manage: own.manage,
            pool: own.pool,
            guards: own.guards,
            busy: own.busy,
            components: BTreeMap::new(),
            hosts: env.hosts.clone(),
        }
    }
}

impl ComponentTable {
    /// Lays what an environment says of a component over what the one it inherits says.
    pub(super) fn over(self, base: Self) -> Self {
        application_over! {
            self over base,
            roles: self.roles.or(base.roles),
            secret_files: base.secret_files.into_iter().chain(self.secret_files).collect(),
        }
    }
}
