//! From a command line to the file and one of its environments.

use std::path::PathBuf;

use super::args::Common;
use super::complaint::Complaint;
use crate::config::{self, Config, Environment, SecretSource};
use crate::fleet::{Fleet, Host, Role};
use crate::secret;
use crate::tasks::{EnvArgs, name_file};

/// The home directory of the person who runs relm.
pub(super) fn home() -> PathBuf {
    std::env::var_os("HOME").filter(|home| !home.is_empty()).map_or_else(|| PathBuf::from("/"), PathBuf::from)
}

/// Reads the file that is meant.
pub(super) fn load(common: &Common) -> Result<Config, Complaint> {
    let path = match &common.config {
        Some(path) => {
            name_file(path);
            path.clone()
        }
        None => nearest()?,
    };
    let config = config::load(&path, &home())?;
    let sources = config.envs.iter().flat_map(|env| env.secrets.values());
    let variables = sources.filter_map(|source| match source {
        SecretSource::Env(variable) => Some(variable.into()),
        _ => None,
    });
    secret::hide(variables.collect());
    Ok(config)
}

fn nearest() -> Result<PathBuf, Complaint> {
    let here = std::env::current_dir();
    let here = here.map_err(|error| Complaint::failed(format!("no directory to be in: {error}")))?;
    config::find(&here)
        .ok_or_else(|| Complaint::usage("there is no Releases.toml here or in any directory above").next("relm init"))
}

/// The environment that is meant, with `--set`, cut down to `--hosts`.
pub(super) fn environment(config: &Config, name: Option<&str>, common: &Common) -> Result<Environment, Complaint> {
    let mut env = config.environment(name)?.clone();
    if !common.set.is_empty() {
        let config = config::load_over(&config.path, &home(), &common.set, &env.name)?;
        env = config.environment(Some(&env.name.to_string()))?.clone();
    }
    if !common.hosts.is_empty() {
        env.fleet = with_hosts(&env, &common.hosts)?;
        env.cut_by = Some("--hosts");
    }
    Ok(env)
}

/// What the first words of most tasks mean.
pub(super) fn chosen(config: &Config, args: &EnvArgs, common: &Common) -> Result<Environment, Complaint> {
    environment(config, args.named().as_deref(), common)
}

/// Refuses `--hosts` for tasks that concern all hosts or none.
pub(super) fn whole(task: &str, common: &Common) -> Result<(), Complaint> {
    if common.hosts.is_empty() {
        return Ok(());
    }
    Err(Complaint::usage(format!(
        "{task} is for all hosts of an environment; --hosts is for commands that read and for run"
    )))
}

/// Refuses `--set` where no environment's settings are read.
pub(super) fn unset(task: &str, common: &Common) -> Result<(), Complaint> {
    if common.set.is_empty() {
        return Ok(());
    }
    Err(Complaint::usage(format!("{task} goes by no settings of an environment; --set is for commands that do")))
}

/// The host that is meant.
pub(super) fn host<'e>(env: &'e Environment, name: &str) -> Result<&'e Host, Complaint> {
    env.fleet.hosts.iter().find(|host| host.name.as_str() == name).ok_or_else(|| {
        let known: Vec<&str> = env.fleet.hosts.iter().map(|host| host.name.as_str()).collect();
        Complaint::usage(format!("{} has no host {name:?}; it has {}", env.name, known.join(", ")))
    })
}

fn with_hosts(env: &Environment, wanted: &[String]) -> Result<Fleet, Complaint> {
    let wanted = wanted.iter().map(|name| host(env, name)).collect::<Result<Vec<_>, _>>()?;
    Ok(Fleet { hosts: env.fleet.hosts.iter().filter(|host| wanted.contains(host)).cloned().collect() })
}

/// Cuts the environment down to the hosts that have one of `roles`; it stays whole if none is named.
pub(super) fn cut_to_roles(env: &mut Environment, roles: &[String]) -> Result<(), Complaint> {
    if !roles.is_empty() {
        env.fleet = with_roles(env, roles)?;
        env.cut_by = Some("--roles");
    }
    Ok(())
}

fn with_roles(env: &Environment, roles: &[String]) -> Result<Fleet, Complaint> {
    let known = env.roles();
    let mut wanted = Vec::new();
    for role in roles {
        let Some(role) = Role::new(role).ok().filter(|role| known.contains(role)) else {
            let known: Vec<&str> = known.iter().map(|role| role.as_str()).collect();
            let reason = format!("no host of {} has the role {role:?}; there are {}", env.name, known.join(", "));
            let meant = config::nearest(role, known.iter().copied()).or(known.first().copied());
            return Err(match meant {
                Some(meant) => Complaint::usage(reason).next(format!("--roles {meant}")),
                None => Complaint::usage(reason).next("roles = [\"web\"] at a host of Releases.toml"),
            });
        };
        wanted.push(role);
    }
    let hosts = env.fleet.hosts.iter().filter(|host| wanted.iter().any(|role| host.roles.contains(role)));
    Ok(Fleet { hosts: hosts.cloned().collect() })
}
