//! What an environment has done as another user than all else.

use super::Environment;
use crate::event::Phase;
use crate::fleet::{Become, Targets};

/// One such thing.
#[derive(Debug, Clone)]
pub struct AsAnother<'e> {
    /// What kind of thing it is.
    pub part: Part,
    /// Its name in the file.
    pub name: &'e str,
    /// Where it is done.
    pub targets: Targets,
    /// Whom it takes.
    pub becoming: &'e Become,
}

/// A kind of thing that may be done as another user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// An operation that checks or builds.
    Building,
    /// An operation around the flip, or behind it.
    Flipping,
    /// A service.
    Service,
    /// A sign of health.
    Health,
    /// A look whether something is busy.
    Busy,
    /// A pool.
    Pool,
    /// Maintenance.
    Maintenance,
    /// The command of `[manage]`.
    Manage,
    /// A template.
    Template,
}

impl AsAnother<'_> {
    /// As a person knows it.
    pub fn called(&self) -> String {
        let kind = match self.part {
            Part::Building | Part::Flipping => "operation",
            Part::Service => "service",
            Part::Health => "health",
            Part::Busy => "busy",
            Part::Pool => "pool",
            Part::Maintenance => return "maintenance".to_owned(),
            Part::Manage => return "manage".to_owned(),
            Part::Template => "template",
        };
        format!("{kind} {}", self.name)
    }
}

impl Environment {
    /// All of them, in the order of the file's tables.
    pub fn done_as_others(&self) -> Vec<AsAnother<'_>> {
        let operations = self.operations.iter().map(|operation| {
            let builds = matches!(operation.phase, Phase::Check | Phase::Prepare);
            let part = if builds { Part::Building } else { Part::Flipping };
            (part, operation.name.as_str(), operation.targets.clone(), &operation.becoming)
        });
        let services = self.services.iter().map(|service| {
            let targets = Targets { only: service.singleton.clone(), ..service.targets.clone() };
            (Part::Service, service.name.as_str(), targets, &service.becoming)
        });
        let health =
            self.health.iter().map(|one| (Part::Health, one.name.as_str(), one.targets.clone(), &one.becoming));
        let busy = self.busy.iter().map(|one| (Part::Busy, one.name.as_str(), one.targets.clone(), &one.becoming));
        let pools = self.pools.iter().map(|pool| {
            let targets = pool.proxies.as_ref().unwrap_or(&pool.targets).clone();
            (Part::Pool, pool.name.as_str(), targets, &pool.becoming)
        });
        let maintenance =
            self.maintenance.iter().map(|rules| (Part::Maintenance, "", rules.targets.clone(), &rules.becoming));
        let manage = self.manage.iter().map(|manage| (Part::Manage, "", manage.targets.clone(), &manage.becoming));
        let templates = self
            .templates
            .iter()
            .map(|file| (Part::Template, file.dest.as_str(), file.targets.clone(), &file.becoming));
        let all = operations.chain(services).chain(health).chain(busy).chain(pools).chain(maintenance);
        let all = all.chain(manage).chain(templates);
        all.filter_map(|(part, name, targets, becoming)| {
            Some(AsAnother { part, name, targets, becoming: becoming.as_ref()? })
        })
        .collect()
    }
}
