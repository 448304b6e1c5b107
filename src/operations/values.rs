//! What templates can name, on one host of one run.

use crate::engine::On;
use crate::fleet::{Address, ComponentName, Role};
use crate::template::Values;

/// The values for the run's release, else for the live one.
pub(super) fn values(on: &On<'_>, app: &str, reference: &str) -> Values {
    let release = on.release.or(on.before);
    let base = on.layout.base();
    let address = match &on.host.address {
        Address::Ssh { host, .. } => host.as_str(),
        Address::Local(_) => "127.0.0.1",
    };
    Values::default()
        .text("address", address)
        .text("app", app)
        .text("base", base)
        .text("component", on.env.component.as_ref().map_or("", ComponentName::as_str))
        .text("current_path", on.layout.current())
        .text("env", on.env.env.as_str())
        .text("host", on.host.name.as_str())
        .text("log_path", format!("{base}/log"))
        .text("ref", reference)
        .text("release", release.map_or("", |release| release.as_str()))
        .text("release_path", release.map(|release| on.layout.release(release)).unwrap_or_default())
        .list("roles", on.host.roles.iter().map(Role::as_str))
        .text("shared_path", on.layout.shared())
}
