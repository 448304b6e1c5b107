//! `relm trust`: a host's key, shown and then recorded where ssh keeps it.

use std::cell::Cell;

use clap::Args;
use serde::Serialize;

use super::args::Common;
use super::complaint::Complaint;
use super::{ask, connect, out, session, signals};
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

/// Shows the keys and writes them to `known_hosts` if the person agrees. A signal ends that.
pub(super) async fn trust(args: &Trust, common: &Common) -> Result<u8, Complaint> {
    let (stop, recorded) = (signals::stop_on_signals(), Cell::new(false));
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Complaint::interrupted_after(recorded.get().then_some("a key was recorded"))),
        done = try_trust(args, common, &recorded) => done,
    }
}

async fn try_trust(args: &Trust, common: &Common, recorded: &Cell<bool>) -> Result<u8, Complaint> {
    session::unset("trust", common)?;
    let config = session::load(common)?;
    let all = config.applications(Some(&args.env))?;
    // Without an application beside them, components have the hosts between them.
    let has_it = |env: &&&Environment| env.fleet.hosts.iter().any(|host| host.name.as_str() == args.host);
    let env = all.iter().find(has_it).unwrap_or(&all[0]);
    let host = session::host(env, &args.host)?;
    let tell = |line: String| if common.json { out::note(line + "\n") } else { out::line(line) };
    let mut report = Report { env: env.name.env.to_string(), host: host.name.to_string(), machines: Vec::new() };
    if matches!(host.address, Address::Local(_)) {
        tell(format!("{} is a directory of this machine and has no key", host.name));
    } else {
        let settings = connect::ssh_settings(&config, &env.name);
        let unreachable = |error| Complaint::unreachable(&env.name, &[(host.name.clone(), error)]);
        for machine in ssh::machines(host, &settings).await.map_err(unreachable)? {
            let seen = trust_one(&machine, common.yes, &unreachable, &tell).await?;
            recorded.set(recorded.get() || seen.keys.iter().any(|key| key.recorded));
            report.machines.push(seen);
        }
    }
    if recorded.get() {
        tell("recorded".to_owned());
    }
    if common.json {
        out::json(&report);
    }
    Ok(0)
}

/// What `relm trust --json` prints.
#[derive(Debug, Serialize)]
struct Report {
    env: String,
    host: String,
    /// The way to the host: jump hosts, in their order, and itself. A directory of this machine has none.
    machines: Vec<Seen>,
}

#[derive(Debug, Serialize)]
struct Seen {
    name: String,
    /// Whether a known authority vouches for it, and no key of it need be known.
    vouched_for: bool,
    keys: Vec<Key>,
}

#[derive(Debug, Serialize)]
struct Key {
    algorithm: String,
    fingerprint: String,
    /// Known before.
    known: bool,
    /// Known from now on.
    recorded: bool,
}

/// Shows a machine's keys and records what is new of them.
async fn trust_one(
    machine: &ssh::Machine,
    yes: bool,
    unreachable: &impl Fn(ConnectError) -> Complaint,
    tell: &impl Fn(String),
) -> Result<Seen, Complaint> {
    let name = machine.name.clone();
    if machine.is_vouched_for().await {
        tell(format!("{name}  a known authority vouches for it"));
        return Ok(Seen { name, vouched_for: true, keys: Vec::new() });
    }
    let keys = machine.keys().await.map_err(unreachable)?;
    for key in &keys {
        let known = if key.is_known { "  (known already)" } else { "" };
        tell(format!("{name}  {}  {}{known}", key.algorithm, key.fingerprint));
    }
    if keys.iter().any(|key| !key.is_known) {
        let question = format!("Is that the key of {name}? Compare it with what the host itself says.");
        ask::confirm(&question, yes).await?;
    }
    for key in keys.iter().filter(|key| !key.is_known) {
        machine.record(key).map_err(unreachable)?;
    }
    let keys = keys.into_iter().map(|key| Key {
        algorithm: key.algorithm,
        fingerprint: key.fingerprint,
        known: key.is_known,
        recorded: !key.is_known,
    });
    Ok(Seen { name, vouched_for: false, keys: keys.collect() })
}
