//! Takes an environment's lock for a task, and waits for it where that is wanted or will not be long.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use super::args::Common;
use super::change::Change;
use super::complaint::Complaint;
use super::connect::{self, Connections};
use super::{out, secrets};
use crate::config::{Config, Environment};
use crate::engine::lock::{self, Lock, LockError, Patience, Place};
use crate::fleet::{HostName, Role};
use crate::operations::Actor;
use crate::release::{Holder, LockSeen};
use crate::script::Script;
use crate::secret::Secrets;
use crate::tasks::command;
use crate::transport::Transport;

/// How long a host waits for a relm of which nothing is heard while the connection is open.
const SILENT: Duration = Duration::from_secs(45);
/// How long a host that was lost in the middle is tried again.
const LOST: Duration = Duration::from_secs(60);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
/// A command that is told to end has some seconds for it, and the keeper looks once a second.
const ENDING: Duration = Duration::from_secs(10);

/// Where locks that several environments share are kept, in the home of the login: their roots may differ.
const SHARED: &str = ".relm-locks";

/// Where the lock of `env` is held: the shared one first, then every host.
pub(super) async fn places(
    config: &Config,
    env: &Environment,
    connections: &Connections,
    secrets: &Secrets,
) -> Result<Vec<Place>, Complaint> {
    let place = |host: &crate::fleet::Host, transport: &Arc<dyn Transport>, root: &str, name: &str| Place {
        host: host.name.clone(),
        transport: Arc::clone(transport),
        root: root.to_owned(),
        name: name.to_owned(),
        is_shared: root == SHARED,
        question: None,
    };
    let mut places = Vec::new();
    if let Some((name, host)) = &env.lock.shared {
        // A connection of its own: a host shell has one standing order, and each lock gives one.
        let link = connect::link(host, &connect::ssh_settings(config, &env.name)).await;
        let link = link.map_err(|error| Complaint::unreachable(&env.name, &[(host.name.clone(), error)]))?;
        let transport: Arc<dyn Transport> = Arc::new(connect::shell(link, env, secrets));
        places.push(place(host, &transport, SHARED, name));
    }
    let (hosts, directory) = (connections.hosts.iter(), env.name.directory());
    places.extend(hosts.map(|(host, transport)| place(host, transport, &env.release.root, &directory)));
    Ok(places)
}

/// Asks the place of the lock that `env` shares with other environments, if it does, who has it.
pub(super) async fn shared(config: &Config, env: &Environment) -> Option<Result<LockSeen, String>> {
    env.lock.shared.as_ref()?;
    let told = async {
        let secrets = secrets::load(config, env, secrets::Needs::Way).await?;
        let nowhere = Connections { hosts: Vec::new(), failed: Vec::new() };
        Ok::<_, Complaint>(lock::tell(&places(config, env, &nowhere, &secrets).await?).await)
    };
    match told.await {
        Ok(told) => told.into_iter().next().map(|(_, seen)| seen),
        Err(complaint) => Some(Err(complaint.message().to_owned())),
    }
}

/// Who holds the lock during a task.
pub(super) fn holder(env: &Environment, actor: &Actor) -> Holder {
    Holder {
        by: actor.by.clone(),
        login: actor.login.clone(),
        machine: actor.machine.clone(),
        pid: std::process::id(),
        task: actor.task.clone(),
        env: env.name.to_string(),
        reason: actor.message.clone(),
        since: actor.at,
        shared: env.lock.shared.as_ref().map(|(name, _)| name.clone()),
    }
}

/// Takes the lock. Waits for as long as `--wait` says, and without it only for a run whose relm is gone: such a lock
/// frees itself.
pub(super) async fn take(
    env: &Environment,
    places: &[Place],
    holder: &Holder,
    common: &Common,
) -> Result<Lock, LockError> {
    let patience = Patience { closed: env.lock.grace, silent: SILENT, lost: LOST.max(env.lock.grace + ENDING) };
    let begun = Instant::now();
    let mut told = String::new();
    loop {
        let error = match lock::take(places, holder, patience).await {
            Ok(lock) => return Ok(lock),
            Err(error) => error,
        };
        let limit = match &error {
            LockError::Unable { .. } | LockError::Same { .. } => return Err(error),
            LockError::Held { seen, .. } if seen.gone || seen.holder.is_none() => {
                common.wait.unwrap_or_default().max(patience.closed + ENDING)
            }
            LockError::Held { .. } | LockError::TakenBy { .. } => common.wait.unwrap_or_default(),
        };
        if begun.elapsed() >= limit {
            return Err(error);
        }
        let text = error.to_string();
        if text != told {
            out::note(format!("waiting: {text}\n"));
            told = text;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a person is told when the lock was not to be had.
pub(super) fn complaint(env: &Environment, error: &LockError) -> Complaint {
    let complaint = Complaint::refused(error.to_string()).next(command("lock show", env));
    match error {
        LockError::Unable { .. } => Complaint::refused(error.to_string()).next(command("check", env)),
        LockError::Held { .. } => {
            complaint.next(format!("the same again with --wait 10m, or {}", command("status", env)))
        }
        LockError::TakenBy { .. } => complaint,
        LockError::Same { host, other, .. } => {
            one_entry(env, [other, host]).into_iter().fold(Complaint::refused(error.to_string()), Complaint::next)
        }
    }
}

/// What to write where two hosts of the file are one.
fn one_entry(env: &Environment, [first, second]: [&HostName; 2]) -> [String; 2] {
    let both = env.fleet.hosts.iter().filter(|host| [first, second].contains(&&host.name));
    let roles: BTreeSet<&str> = both.flat_map(|host| &host.roles).map(Role::as_str).collect();
    let roles: Vec<&str> = roles.into_iter().collect();
    let table = format!("[env.{}.hosts]", env.name.env);
    [
        format!("{first} = {{ …, roles = {roles:?} }} in {table}, and take {second} out"),
        format!("or give {second} an address of another machine or login: a host is one directory of one of them"),
    ]
}

impl Change<'_> {
    /// Before the survey, so that nothing changes between what is seen and what is done. Each host is asked the survey's
    /// question with it.
    pub(super) async fn take_lock(&self, connections: &Connections, question: &Script) -> Result<(), Complaint> {
        let mut places = places(self.config, &self.env, connections, &self.known_secrets()).await?;
        let own = places.iter_mut().filter(|place| !place.is_shared);
        own.for_each(|place| place.question = Some(question.clone()));
        let taken = take(&self.env, &places, &holder(&self.env, &self.actor), self.common).await;
        match taken {
            // The survey and the plan say better what is wrong with such a host.
            Ok(_) | Err(LockError::Unable { .. }) => *self.lock_slot() = Some(taken),
            Err(error) => return Err(complaint(&self.env, &error)),
        }
        Ok(())
    }

    pub(super) fn require_lock(&self) -> Result<(), Complaint> {
        match &*self.lock_slot() {
            Some(Err(error)) => Err(complaint(&self.env, error)),
            _ => Ok(()),
        }
    }

    /// Frees the lock, if it is held.
    pub(super) async fn release_lock(&self) {
        let lock = self.lock_slot().take();
        if let Some(Ok(lock)) = lock {
            lock.release().await;
        }
    }

    pub(super) fn lock_slot(&self) -> MutexGuard<'_, Option<Result<Lock, LockError>>> {
        self.lock.lock().expect("nobody panics while holding this")
    }
}
