//! Which hosts a step is for: roles, and whether once or on each.

use super::{Fleet, Host, HostName, Role};

/// The hosts an operation runs on. Operations hold the roles, as their Fabric ancestors did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Targets {
    /// Any of these roles; none given means every host.
    pub roles: Option<Vec<Role>>,
    /// Only on the first of them in the order of the file.
    pub once: bool,
    /// Only this one, if it is among them.
    pub only: Option<HostName>,
}

impl Targets {
    /// Every host.
    pub fn all() -> Self {
        Self::default()
    }

    /// Every host with one of `roles`.
    pub fn roles(roles: Vec<Role>) -> Self {
        Self { roles: Some(roles), ..Self::default() }
    }

    /// Only the first host of the selection.
    #[must_use]
    pub fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// Says whether a host has one of the roles.
    pub fn concern(&self, host: &Host) -> bool {
        self.roles.as_ref().is_none_or(|roles| roles.iter().any(|role| host.roles.contains(role)))
    }

    pub(super) fn of<'f>(&self, fleet: &'f Fleet) -> Vec<&'f Host> {
        let named = |host: &&Host| self.only.as_ref().is_none_or(|only| host.name == *only);
        let hosts = fleet.hosts.iter().filter(|host| self.concern(host)).filter(named);
        if self.once { hosts.take(1).collect() } else { hosts.collect() }
    }
}
