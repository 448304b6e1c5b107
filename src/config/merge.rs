//! An environment's tables laid over the file's, key by key.

use std::collections::BTreeMap;

use super::file::{
    AppTable, BusyTable, ComponentTable, DistributionTable, EnvTable, GuardsTable, HealthTable, LockTable,
    MaintenanceTable, ManageTable, NotifyTable, OperationTable, PoolTable, PreConnectTable, PublishTable, PythonTable,
    ReleaseTable, ServiceTable, SourceTable, TemplateTable, TransferTable,
};
use super::placed::At;

/// A table of which an environment may have its own.
pub(super) trait Over: Sized + Clone + Default {
    /// Lays `self` over `base`.
    fn over(self, base: Self) -> Self;
}

impl Over for AppTable {
    fn over(self, base: Self) -> Self {
        Self { name: self.name.or(base.name) }
    }
}

impl Over for SourceTable {
    /// A source named here replaces the one below; what only went with the other kind goes with it.
    fn over(self, base: Self) -> Self {
        let other_kind = (self.git.is_some() && base.git.is_none())
            || (self.dir.is_some() && base.dir.is_none())
            || (self.archive.is_some() && base.archive.is_none());
        let base = if other_kind { Self { exclude: base.exclude, extra: base.extra, ..Self::default() } } else { base };
        Self {
            git: self.git.or(base.git),
            reference: self.reference.or(base.reference),
            dir: self.dir.or(base.dir),
            archive: self.archive.or(base.archive),
            strip: self.strip.or(base.strip),
            exclude: self.exclude.or(base.exclude),
            patches: self.patches.or(base.patches),
            extra: self.extra.or(base.extra),
            tag: self.tag.or(base.tag),
            push_tag: self.push_tag.or(base.push_tag),
        }
    }
}

impl Over for ReleaseTable {
    fn over(self, base: Self) -> Self {
        Self {
            root: self.root.or(base.root),
            keep: self.keep.or(base.keep),
            keep_failed: self.keep_failed.or(base.keep_failed),
            min_age: self.min_age.or(base.min_age),
            batches: self.batches.or(base.batches),
            max_parallel: self.max_parallel.or(base.max_parallel),
            max_unreachable: self.max_unreachable.or(base.max_unreachable),
            shared_dirs: self.shared_dirs.or(base.shared_dirs),
            shared_files: self.shared_files.or(base.shared_files),
            copy_from_current: self.copy_from_current.or(base.copy_from_current),
            version_file: self.version_file.or(base.version_file),
            record_file: self.record_file.or(base.record_file),
        }
    }
}

impl Over for PreConnectTable {
    fn over(self, base: Self) -> Self {
        Self { knock: self.knock.or(base.knock), timeout: self.timeout.or(base.timeout) }
    }
}

impl Over for LockTable {
    fn over(self, base: Self) -> Self {
        Self {
            name: self.name.or(base.name),
            host: self.host.or(base.host),
            grace: self.grace.or(base.grace),
            on_failure: self.on_failure.or(base.on_failure),
        }
    }
}

impl Over for DistributionTable {
    fn over(self, base: Self) -> Self {
        Self {
            store: self.store.or(base.store),
            endpoint: self.endpoint.or(base.endpoint),
            region: self.region.or(base.region),
            min_hosts: self.min_hosts.or(base.min_hosts),
        }
    }
}

impl Over for MaintenanceTable {
    fn over(self, base: Self) -> Self {
        Self {
            roles: self.roles.or(base.roles),
            flag: self.flag.or(base.flag),
            long_flag: self.long_flag.or(base.long_flag),
            on: self.on.or(base.on),
            off: self.off.or(base.off),
            during: self.during.or(base.during),
            keep_on_failure: self.keep_on_failure.or(base.keep_on_failure),
            becoming: self.becoming.or(base.becoming),
        }
    }
}

impl Over for ManageTable {
    fn over(self, base: Self) -> Self {
        Self {
            run: self.run.or(base.run),
            roles: self.roles.or(base.roles),
            becoming: self.becoming.or(base.becoming),
            secrets: self.secrets.or(base.secrets),
        }
    }
}

impl Over for GuardsTable {
    /// Questions of an environment stand beside those of the file.
    fn over(self, base: Self) -> Self {
        Self {
            reference: self.reference.or(base.reference),
            same_code: self.same_code.or(base.same_code),
            notes: self.notes.or(base.notes),
            window: self.window.or(base.window),
            clean_repository: self.clean_repository.or(base.clean_repository),
            branch: self.branch.or(base.branch),
            before: self.before.or(base.before),
            ask: base.ask.into_iter().chain(self.ask).collect(),
        }
    }
}

impl Over for PythonTable {
    /// Packages named here in one way replace those named below in another.
    fn over(self, base: Self) -> Self {
        let named = self.requirements.is_some() || self.project.is_some() || self.command.is_some();
        let base = if named { Self { requirements: None, project: None, command: None, ..base } } else { base };
        Self {
            requirements: self.requirements.or(base.requirements),
            project: self.project.or(base.project),
            command: self.command.or(base.command),
            python: self.python.or(base.python),
            roles: self.roles.or(base.roles),
            installer: self.installer.or(base.installer),
            index: self.index.or(base.index),
            args: self.args.or(base.args),
            reuse: self.reuse.or(base.reuse),
            post: self.post.or(base.post),
            offline: self.offline.or(base.offline),
            bring_uv: self.bring_uv.or(base.bring_uv),
        }
    }
}

/// Lays what is said of an application over what is said further away, in whichever table; the other fields stand before.
macro_rules! application_over {
    ($own:ident over $base:ident, $($field:ident: $value:expr,)*) => {
        Self {
            $($field: $value,)*
            confirm: $own.confirm.or($base.confirm),
            becoming: $own.becoming.or($base.becoming),
            source_files: $own.source_files.or($base.source_files),
            environment: entries($own.environment, $base.environment),
            secrets: entries($own.secrets, $base.secrets),
            app: table($own.app, $base.app),
            source: marked($own.source, $base.source),
            release: table($own.release, $base.release),
            lock: table($own.lock, $base.lock),
            notify: list(&$own.notify, &$base.notify),
            python: marked($own.python, $base.python),
            operations: list(&$own.operations, &$base.operations),
            templates: placed_list(&$own.templates, &$base.templates),
            publish: placed_list(&$own.publish, &$base.publish),
            transfer: list(&$own.transfer, &$base.transfer),
            service: list(&$own.service, &$base.service),
            health: list(&$own.health, &$base.health),
            maintenance: marked($own.maintenance, $base.maintenance),
            manage: marked($own.manage, $base.manage),
            pool: list(&$own.pool, &$base.pool),
            guards: table($own.guards, $base.guards),
            busy: list(&$own.busy, &$base.busy),
        }
    };
}
pub(super) use application_over;

impl EnvTable {
    /// Lays an environment over the one it inherits, whose hosts stay its own.
    pub(super) fn over(self, base: Self) -> Self {
        application_over! {
            self over base,
            inherits: self.inherits,
            // Its way is its own: what inherits may be the very environment that code comes from.
            promote_from: self.promote_from,
            accept_new_host_keys: self.accept_new_host_keys.or(base.accept_new_host_keys),
            login_password: self.login_password.or(base.login_password),
            forward_agent: self.forward_agent.or(base.forward_agent),
            pre_connect: table(self.pre_connect, base.pre_connect),
            distribution: table(self.distribution, base.distribution),
            components: components(self.components, base.components),
            hosts: self.hosts,
        }
    }
}

fn components(own: Entries<ComponentTable>, mut base: Entries<ComponentTable>) -> Entries<ComponentTable> {
    let mut all = Entries::new();
    for (name, table) in own {
        let same = base.keys().find(|known| known.value == name.value).cloned();
        let whole = match same.and_then(|same| base.remove(&same)) {
            Some(base) => table.with(table.value.clone().over(base.value)),
            None => table,
        };
        all.insert(name, whole);
    }
    all.append(&mut base);
    all
}

pub(super) fn table<T: Over>(own: Option<T>, base: Option<T>) -> Option<T> {
    match (own, base) {
        (Some(own), Some(base)) => Some(own.over(base)),
        (own, base) => own.or(base),
    }
}

pub(super) fn marked<T: Over>(own: Option<At<T>>, base: Option<At<T>>) -> Option<At<T>> {
    match (own, base) {
        (Some(own), Some(base)) => Some(own.with(own.value.clone().over(base.value))),
        (own, base) => own.or(base),
    }
}

pub(super) fn list<T: Named + Clone>(own: &[T], base: &[T]) -> Vec<T> {
    named(own, base).into_iter().cloned().collect()
}

pub(super) fn placed_list<T: Placed + Clone>(own: &[T], base: &[T]) -> Vec<T> {
    placed(own, base).into_iter().cloned().collect()
}

type Entries<T> = BTreeMap<At<String>, At<T>>;

pub(super) fn entries<T>(own: Option<Entries<T>>, base: Option<Entries<T>>) -> Option<Entries<T>> {
    match (own, base) {
        (Some(mut own), Some(mut base)) => {
            base.retain(|name, _| !own.keys().any(|known| known.value == name.value));
            own.append(&mut base);
            Some(own)
        }
        (own, base) => own.or(base),
    }
}

/// Says by which of its keys a table of a list is known.
macro_rules! known_by {
    ($trait:ident, $asked:ident, $key:ident: $($table:ty),*) => {$(
        impl $trait for $table {
            fn $asked(&self) -> Option<&str> {
                self.$key.as_ref().map(|key| key.value.as_str())
            }
        }
    )*};
}

/// A table of a list that is known by its name.
pub(super) trait Named {
    fn name(&self) -> Option<&str>;
}

known_by!(Named, name, name: OperationTable, BusyTable, HealthTable, PoolTable, NotifyTable, ServiceTable, TransferTable);

/// Puts an environment's tables in the place of those with the same name, and the others behind.
pub(super) fn named<'t, T: Named>(own: &'t [T], base: &'t [T]) -> Vec<&'t T> {
    let same = |a: &T, b: &T| a.name().is_some() && a.name() == b.name();
    let replaced = base.iter().map(|old| own.iter().find(|new| same(new, old)).unwrap_or(old));
    let added = own.iter().filter(|new| !base.iter().any(|old| same(new, old)));
    replaced.chain(added).collect()
}

/// A table of a list that is known by where it puts something.
pub(super) trait Placed {
    fn place(&self) -> Option<&str>;
}

known_by!(Placed, place, dest: TemplateTable);
known_by!(Placed, place, to: PublishTable);

/// An environment's tables; the file's own stand before them, but for those that go to the same places.
pub(super) fn placed<'t, T: Placed>(own: &'t [T], base: &'t [T]) -> Vec<&'t T> {
    let is_taken = |old: &T| old.place().is_some() && own.iter().any(|new| new.place() == old.place());
    base.iter().filter(|old| !is_taken(old)).chain(own).collect()
}
