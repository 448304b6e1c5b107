//! `relm trust`: a host's key, shown and then recorded where ssh keeps it.

use clap::Args;

use super::args::Common;
use super::complaint::Complaint;
use super::{ask, connect, out, session};
use crate::fleet::Address;
use crate::ssh;

/// Record a host's key after showing its fingerprint
#[derive(Debug, Clone, Args)]
pub(super) struct Trust {
    /// Environment of Releases.toml
    env: String,
    /// Host of the environment
    host: String,
}

/// Shows the keys and writes them to `known_hosts` if the person agrees.
pub(super) async fn trust(args: &Trust, common: &Common) -> Result<u8, Complaint> {
    let config = session::load(common)?;
    let env = session::environment(&config, Some(&args.env), common)?;
    let host = session::host(&env, &args.host)?;
    if matches!(host.address, Address::Local(_)) {
        out::line(format!("{} is a directory of this machine and has no key", host.name));
        return Ok(0);
    }
    let settings = connect::ssh_settings(&config, &env.name);
    let unreachable = |error| Complaint::unreachable(&args.env, &[(host.name.clone(), error)]);
    let keys = ssh::host_keys(host, &settings).await.map_err(unreachable)?;
    for key in &keys {
        let known = if key.is_known { "  (known already)" } else { "" };
        out::line(format!("{}  {}  {}{known}", host.name, key.algorithm, key.fingerprint));
    }
    if keys.iter().all(|key| key.is_known) {
        return Ok(0);
    }
    ask::confirm("Is that the host's key? Compare it with what the host itself says.", common.yes)?;
    for key in keys.iter().filter(|key| !key.is_known) {
        ssh::record_key(host, &settings, key).map_err(unreachable)?;
    }
    out::line("recorded");
    Ok(0)
}
