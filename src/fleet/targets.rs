//! Which hosts a step is for: roles, and whether once or on each.

use std::collections::BTreeSet;
use std::fmt;

use super::{Fleet, Host, HostName, Role};

/// The hosts an operation runs on. Operations hold the roles, as their Fabric ancestors did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Targets {
    /// Any of these; none given means every host.
    pub roles: Option<Vec<Selector>>,
    /// Only on the first of them in the order of the file.
    pub once: bool,
    /// Only this one, if it is among them.
    pub only: Option<HostName>,
}

/// One of the texts of `roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// The hosts with a role.
    Role(Role),
    /// What sums, differences and positions come to. Hosts are named because a position is one in the whole file, also in
    /// a run that is about some of its hosts.
    Hosts {
        /// As the file has it.
        text: String,
        /// Whom it comes to.
        hosts: BTreeSet<HostName>,
    },
}

impl Selector {
    /// Says whether a host is meant.
    pub fn picks(&self, host: &Host) -> bool {
        match self {
            Self::Role(role) => host.roles.contains(role),
            Self::Hosts { hosts, .. } => hosts.contains(&host.name),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => role.fmt(f),
            Self::Hosts { text, .. } => f.pad(text),
        }
    }
}

impl Targets {
    /// Every host.
    pub fn all() -> Self {
        Self::default()
    }

    /// Every host with one of `roles`.
    pub fn roles(roles: Vec<Role>) -> Self {
        Self::any(roles.into_iter().map(Selector::Role).collect())
    }

    /// Every host that one of `selectors` picks.
    pub fn any(selectors: Vec<Selector>) -> Self {
        Self { roles: Some(selectors), ..Self::default() }
    }

    /// Only the first host of the selection.
    #[must_use]
    pub fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// The roles, for a sentence: `db`, `web or services - web`.
    pub fn words(&self) -> String {
        let roles: Vec<String> = self.roles.iter().flatten().map(Selector::to_string).collect();
        roles.join(" or ")
    }

    /// Says whether a host is picked.
    pub fn concern(&self, host: &Host) -> bool {
        self.roles.as_ref().is_none_or(|selectors| selectors.iter().any(|selector| selector.picks(host)))
    }

    pub(super) fn of<'f>(&self, fleet: &'f Fleet) -> Vec<&'f Host> {
        let named = |host: &&Host| self.only.as_ref().is_none_or(|only| host.name == *only);
        let hosts = fleet.hosts.iter().filter(|host| self.concern(host)).filter(named);
        if self.once { hosts.take(1).collect() } else { hosts.collect() }
    }
}
