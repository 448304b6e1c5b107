//! An environment's tables laid over the file's, key by key.

use super::file::{
    AppTable, BusyTable, DistributionTable, GuardsTable, HealthTable, LockTable, MaintenanceTable, OperationTable,
    PoolTable, PreConnectTable, PythonTable, ReleaseTable, ServiceTable, SourceTable, TemplateTable,
};

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
        let base = if other_kind { Self { exclude: base.exclude, ..Self::default() } } else { base };
        Self {
            git: self.git.or(base.git),
            reference: self.reference.or(base.reference),
            dir: self.dir.or(base.dir),
            archive: self.archive.or(base.archive),
            strip: self.strip.or(base.strip),
            exclude: self.exclude.or(base.exclude),
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
            batches: self.batches.or(base.batches),
            max_unreachable: self.max_unreachable.or(base.max_unreachable),
            shared_dirs: self.shared_dirs.or(base.shared_dirs),
            shared_files: self.shared_files.or(base.shared_files),
            copy_from_current: self.copy_from_current.or(base.copy_from_current),
            version_file: self.version_file.or(base.version_file),
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
        Self { name: self.name.or(base.name), host: self.host.or(base.host), grace: self.grace.or(base.grace) }
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

impl Over for GuardsTable {
    /// Questions of an environment stand beside those of the file.
    fn over(self, base: Self) -> Self {
        Self {
            reference: self.reference.or(base.reference),
            same_code: self.same_code.or(base.same_code),
            window: self.window.or(base.window),
            clean_repository: self.clean_repository.or(base.clean_repository),
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
            bring_uv: self.bring_uv.or(base.bring_uv),
        }
    }
}

/// A table of a list that is known by its name.
pub(super) trait Named {
    fn name(&self) -> Option<&str>;
}

impl Named for OperationTable {
    fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.value.as_str())
    }
}

impl Named for BusyTable {
    fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.value.as_str())
    }
}

impl Named for HealthTable {
    fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.value.as_str())
    }
}

impl Named for PoolTable {
    fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.value.as_str())
    }
}

impl Named for ServiceTable {
    fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.value.as_str())
    }
}

/// Puts an environment's tables in the place of those with the same name, and the others behind.
pub(super) fn named<'t, T: Named>(own: &'t [T], base: &'t [T]) -> Vec<&'t T> {
    let same = |a: &T, b: &T| a.name().is_some() && a.name() == b.name();
    let replaced = base.iter().map(|old| own.iter().find(|new| same(new, old)).unwrap_or(old));
    let added = own.iter().filter(|new| !base.iter().any(|old| same(new, old)));
    replaced.chain(added).collect()
}

/// An environment's templates; the file's own stand before them, but for those that go to the same places.
pub(super) fn templates<'t>(own: &'t [TemplateTable], base: &'t [TemplateTable]) -> Vec<&'t TemplateTable> {
    let dest = |table: &'t TemplateTable| table.dest.as_ref().map(|dest| dest.value.as_str());
    let kept = base.iter().filter(|old| dest(old).is_none() || !own.iter().any(|new| dest(new) == dest(old)));
    kept.chain(own).collect()
}
