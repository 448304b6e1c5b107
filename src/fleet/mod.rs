//! Hosts, their roles, and which of them a step is for. Pure: nothing here reaches a host.

mod becoming;
mod host;
mod name;
mod scope;
mod targets;

pub use becoming::{Become, By};
pub use host::{Address, AddressError, Fleet, Host};
pub use name::{ComponentName, EnvName, HostName, NameError, Role, unfit};
pub use scope::Scope;
pub use targets::{Selector, Targets};
