//! `relm trust`: a host's key, shown and then recorded where ssh keeps it.

use clap::Args;

use super::args::Common;
use super::complaint::Complaint;
use super::{ask, connect, out, session};
use crate::config::Environment;
use crate::fleet::Address;
use crate::ssh;
use crate::transport::ConnectError;

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
    session::unset("trust", common)?;
    let config = session::load(common)?;
    let all = config.applications(Some(&args.env))?;
    // Without an application beside them, components have the hosts between them.
    let has_it = |env: &&&Environment| env.fleet.hosts.iter().any(|host| host.name.as_str() == args.host);
    let env = all.iter().find(has_it).unwrap_or(&all[0]);
    let host = session::host(env, &args.host)?;
    if matches!(host.address, Address::Local(_)) {
        out::line(format!("{} is a directory of this machine and has no key", host.name));
        return Ok(0);
    }
    let settings = connect::ssh_settings(&config, &env.name);
    let unreachable = |error| Complaint::unreachable(&env.name, &[(host.name.clone(), error)]);
    let mut recorded = false;
    for machine in ssh::machines(host, &settings).await.map_err(unreachable)? {
        recorded |= trust_one(&machine, common.yes, &unreachable).await?;
    }
    if recorded {
        out::line("recorded");
    }
    Ok(0)
}

/// Shows a machine's keys and records what is new of them. Says whether anything was.
async fn trust_one(
    machine: &ssh::Machine,
    yes: bool,
    unreachable: &impl Fn(ConnectError) -> Complaint,
) -> Result<bool, Complaint> {
    let name = &machine.name;
    if machine.is_vouched_for().await {
        out::line(format!("{name}  a known authority vouches for it"));
        return Ok(false);
    }
    let keys = machine.keys().await.map_err(unreachable)?;
    for key in &keys {
        let known = if key.is_known { "  (known already)" } else { "" };
        out::line(format!("{name}  {}  {}{known}", key.algorithm, key.fingerprint));
    }
    if keys.iter().all(|key| key.is_known) {
        return Ok(false);
    }
    ask::confirm(&format!("Is that the key of {name}? Compare it with what the host itself says."), yes).map(drop)?;
    for key in keys.iter().filter(|key| !key.is_known) {
        machine.record(key).map_err(unreachable)?;
    }
    Ok(true)
}
