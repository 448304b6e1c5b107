//! `relm lock`: who holds an environment, and taking it across runs.

use std::path::Path;

use chrono::Utc;
use clap::{Args, Subcommand};

use super::args::Common;
use super::complaint::Complaint;
use super::connect::{self, Connections};
use super::{locking, out, secrets, session, show_lock, who};
use crate::config::{Config, Environment};
use crate::engine::lock::{self, Lock, LockError, Place};
use crate::operations::Actor;
use crate::release::Holder;
use crate::secret::Secrets;
use crate::tasks::lock::{Report, report};
use crate::tasks::{EnvArgs, command, relm};

/// Show, take or give back the right to change an environment
///
/// Every task that changes hosts locks the environment while it runs, and the lock ends with it, also when relm is killed
/// or the network is cut. `relm lock take` holds it beyond that, for you, until `relm lock release`.
#[derive(Debug, Subcommand)]
pub(super) enum LockCommand {
    /// Show who holds it, since when and for what
    Show(EnvArgs),
    /// Take it across runs: only your tasks can change the environment then
    Take(Reason),
    /// Give it back
    Release(EnvArgs),
    /// Take it from whoever has it; their run, if there is one, changes nothing more
    Steal(Reason),
}

/// An environment, and why.
#[derive(Debug, Args)]
pub(super) struct Reason {
    #[command(flatten)]
    env: EnvArgs,
    /// Why; others are told
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

/// One environment with its hosts at hand.
struct Ground {
    env: Environment,
    actor: Actor,
    places: Vec<Place>,
}

pub(super) async fn act(command: &LockCommand, common: &Common) -> Result<u8, Complaint> {
    match command {
        LockCommand::Show(args) => show_lock(args, common).await,
        LockCommand::Take(args) => take(args, common).await,
        LockCommand::Release(args) => release(args, common).await,
        LockCommand::Steal(args) => steal(args, common).await,
    }
}

async fn ground(task: &str, env: &EnvArgs, message: Option<&str>, common: &Common) -> Result<Ground, Complaint> {
    let config = session::load(common)?;
    let env = session::chosen(&config, env, common)?;
    let secrets = secrets::load(&config, &env, secrets::Needs::Way).await?;
    let connections = all(&config, &env, &secrets).await?;
    let places = locking::places(&config, &env, &connections, &secrets).await?;
    let directory = config.path.parent().unwrap_or(Path::new("."));
    let actor = who::actor(task, directory, message, Utc::now());
    Ok(Ground { env, actor, places })
}

async fn all(config: &Config, env: &Environment, secrets: &Secrets) -> Result<Connections, Complaint> {
    let connections = connect::connect(config, env, secrets).await;
    if connections.failed.is_empty() {
        return Ok(connections);
    }
    let complaint = Complaint::unreachable(&env.name, &connections.failed);
    Err(complaint.next(format!("bring it back; what is live now:   {}", command("status", env))))
}

async fn show_lock(args: &EnvArgs, common: &Common) -> Result<u8, Complaint> {
    // Of some hosts, too: it only asks.
    let ground = ground("lock show", args, None, common).await?;
    let report = ground.told().await;
    show_lock::lock(&report, common);
    Ok(if report.hosts.iter().all(|host| host.trouble.is_none()) { 0 } else { 3 })
}

async fn take(args: &Reason, common: &Common) -> Result<u8, Complaint> {
    session::whole("lock take", common)?;
    let ground = ground("lock take", &args.env, args.message.as_deref(), common).await?;
    let lock = ground.lock(common).await?;
    let holder = locking::holder(&ground.env, &ground.actor);
    let taken = lock::hand_over(&lock, &holder).await;
    lock.release().await;
    taken.map_err(|reason| Complaint::failed(format!("the lock was not taken everywhere: {reason}")))?;
    Ok(ground.yours(common).await)
}

async fn release(args: &EnvArgs, common: &Common) -> Result<u8, Complaint> {
    session::whole("lock release", common)?;
    let ground = ground("lock release", args, None, common).await?;
    let told = lock::tell(&ground.places).await;
    if told.iter().all(|(_, seen)| seen.as_ref().is_ok_and(|seen| seen.taken.is_none())) {
        out::note(format!("nobody has taken {}: nothing to release\n", ground.env.name));
        return Ok(ground.ended(common).await);
    }
    let lock = ground.lock(common).await?;
    let given = lock::give_back(&lock).await;
    lock.release().await;
    given.map_err(|reason| Complaint::failed(format!("the lock was not given back everywhere: {reason}")))?;
    out::note(format!("{} is free\n", ground.env.name));
    Ok(ground.ended(common).await)
}

async fn steal(args: &Reason, common: &Common) -> Result<u8, Complaint> {
    let Some(reason) = args.message.as_deref().filter(|reason| !reason.trim().is_empty()) else {
        let env = args.env.named().map(|env| format!(" {env}")).unwrap_or_default();
        let complaint = Complaint::usage("taking a lock from somebody needs a reason, which is recorded");
        return Err(complaint.next(format!("{} lock steal{env} -m \"why\"", relm())));
    };
    session::whole("lock steal", common)?;
    let ground = ground("lock steal", &args.env, Some(reason), common).await?;
    let holder = locking::holder(&ground.env, &ground.actor);
    let stolen = lock::steal(&ground.places, &holder).await;
    stolen.map_err(|reason| Complaint::failed(format!("the lock could not be taken everywhere: {reason}")))?;
    Ok(ground.yours(common).await)
}

impl Ground {
    async fn told(&self) -> Report {
        report(&self.env.name, lock::tell(&self.places).await)
    }

    /// Says until when it is this person's.
    async fn yours(&self, common: &Common) -> u8 {
        out::note(format!("{} is yours until   {}\n", self.env.name, command("lock release", &self.env)));
        self.ended(common).await
    }

    /// What programs are told: how it stands now, as `lock show` tells it.
    async fn ended(&self, common: &Common) -> u8 {
        if common.json {
            out::json(&self.told().await);
        }
        0
    }

    async fn lock(&self, common: &Common) -> Result<Lock, Complaint> {
        let holder: Holder = locking::holder(&self.env, &self.actor);
        locking::take(&self.env, &self.places, &holder, common).await.map_err(|error: LockError| {
            let complaint = locking::complaint(&self.env, &error);
            match error {
                LockError::TakenBy { .. } => complaint.next(format!("{} -m WHY", command("lock steal", &self.env))),
                _ => complaint,
            }
        })
    }
}
