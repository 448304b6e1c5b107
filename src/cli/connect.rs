//! Connections to all hosts of an environment, at once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;

use super::{ask, out, session, who};
use crate::config::{Config, Environment};
use crate::fleet::{Address, Host, HostName, Scope};
use crate::local::LocalHost;
use crate::operations::likely_texts;
use crate::secret::{self, Secrets};
use crate::ssh;
use crate::tasks::relm;
use crate::transport::{ConnectError, HostShell, Link, Transport};

/// The hosts that are there, and those that are not.
#[derive(Debug, Default)]
pub(super) struct Connections {
    pub(super) hosts: Vec<(Host, Arc<dyn Transport>)>,
    pub(super) failed: Vec<(HostName, ConnectError)>,
}

impl Connections {
    /// Makes the hosts ready to be sent code, while they are asked what stands there.
    pub(super) fn open_ahead(&self) {
        // On a fleet of one all is done in one script; else in several, and packing for each host takes time too.
        let likely = Arc::new((self.hosts.len() == 1).then(likely_texts));
        for (_, way) in &self.hosts {
            let (way, likely) = (Arc::clone(way), Arc::clone(&likely));
            drop(tokio::spawn(async move { way.open_ahead(likely.as_ref().as_ref()).await }));
        }
    }
}

/// Connects to every host of `env`.
pub(super) async fn connect(config: &Config, env: &Environment, secrets: &Secrets) -> Connections {
    let password = env.login_password.as_ref().and_then(|name| secrets.get(name)).cloned();
    let settings = ssh::Settings { password, ..ssh_settings(config, &env.name) };
    let links = env.fleet.hosts.iter().map(|host| {
        let settings = &settings;
        async move { (host, link(host, settings).await) }
    });
    let mut connections = Connections::default();
    for (host, link) in join_all(links).await {
        match link {
            Ok(link) => connections.hosts.push((host.clone(), Arc::new(shell(link, env, secrets)))),
            Err(error) => connections.failed.push((host.name.clone(), error)),
        }
    }
    connections
}

/// What ssh needs to know of the person and the machine.
pub(super) fn ssh_settings(config: &Config, env: &Scope) -> ssh::Settings {
    let of_file = config.envs.iter().find(|known| known.name == *env);
    let knock = of_file.map(|env| &env.pre_connect).filter(|before| !before.knock.is_empty());
    let accepts = of_file.is_some_and(|env| env.accept_new_host_keys);
    let warn = |text: &str| out::note(format!("warning: {text}\n"));
    ssh::Settings {
        knock: knock.map(|before| ssh::Knock { ports: before.knock.clone(), timeout: before.timeout }),
        accept_new: accepts.then(|| Arc::new(warn) as ssh::Warn),
        lends_agent: of_file.is_some_and(|env| env.forward_agent),
        config_file: config.ssh_config.clone(),
        // What is no text cannot be named in ssh's configuration either.
        variables: std::env::vars_os()
            .filter(|(name, _)| !secret::hidden().contains(name))
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        agent: std::env::var_os("SSH_AUTH_SOCK").filter(|socket| !socket.is_empty()).map(Into::into),
        relm: relm(),
        ask: Arc::new(ask::passphrase),
        ..ssh::Settings::new(env.env.to_string(), session::home(), who::login())
    }
}

/// The shells of a host, as whom `env` wants them to be.
pub(super) fn shell(link: Arc<dyn Link>, env: &Environment, secrets: &Secrets) -> HostShell {
    let shell = HostShell::new(link);
    let Some(becoming) = &env.becoming else { return shell };
    let password = becoming.password.as_ref().and_then(|name| secrets.get(name)).cloned();
    shell.becoming(becoming.clone(), password)
}

pub(super) async fn link(host: &Host, settings: &ssh::Settings) -> Result<Arc<dyn Link>, ConnectError> {
    match &host.address {
        Address::Ssh { .. } => ssh::connect(host, settings).await,
        Address::Local(directory) => local(directory).map(|local| Arc::new(local) as Arc<dyn Link>),
    }
}

/// A directory of this machine. Its home is its own; what pip and uv keep in the person's stays in use.
fn local(directory: &Path) -> Result<LocalHost, ConnectError> {
    let mut environment: BTreeMap<OsString, OsString> =
        std::env::vars_os().filter(|(name, _)| !secret::hidden().contains(name)).collect();
    for (name, below) in [("XDG_CONFIG_HOME", ".config"), ("XDG_CACHE_HOME", ".cache")] {
        environment.entry(name.into()).or_insert_with(|| session::home().join(below).into_os_string());
    }
    LocalHost::new(directory, environment)
}
