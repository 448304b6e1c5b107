//! A task that changes hosts, from the connection to the exit code.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::args::Common;
use super::complaint::Complaint;
use super::confirm::consented;
use super::connect;
use super::ground::Ground;
use super::promote::Promoted;
use super::secrets::{self, Needs};
use super::{screen, signals, who};
use crate::config::{Config, Environment};
use crate::engine::lock::{Lock, LockError};
use crate::engine::{self, Machine, Plan};
use crate::fleet::HostName;
use crate::operations::{Actor, copy_ahead};
use crate::release::{Consent, Record, ReleaseName};
use crate::secret::Secrets;
use crate::survey::Survey;
use crate::tasks::{Refusal, Site};
use crate::ui::text;

/// How a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    /// Steps, hosts, progress.
    Steps,
    /// What the command says, with the host's name: `relm run`.
    Lines,
    /// The same, without the name where there is one host.
    Bare,
}

/// One task on one environment.
#[expect(clippy::struct_excessive_bools, reason = "one for each thing a task may ask for")]
pub(super) struct Change<'a> {
    pub(super) config: &'a Config,
    pub(super) env: Environment,
    pub(super) common: &'a Common,
    pub(super) actor: Actor,
    pub(super) now: DateTime<Utc>,
    pub(super) dry_run: bool,
    /// Nobody is told of it, and no tag is set.
    pub(super) quiet: bool,
    pub(super) show: Show,
    processes: bool,
    needs: Needs,
    secrets: OnceLock<Arc<Secrets>>,
    pub(super) sends: bool,
    locking: bool,
    /// The lock, while it is held; or why it could not be taken on a host that may say more of itself.
    pub(super) lock: Mutex<Option<Result<Lock, LockError>>>,
    /// Hosts that cannot be reached may be left out, as many as the file allows.
    pub(super) spares: bool,
    /// Hosts switch, so that no pool may be left with too few of them.
    pub(super) switches: bool,
    /// The environment without the hosts that were left out, and these.
    pub(super) reached: OnceLock<(Environment, Vec<HostName>)>,
    pub(super) stop: CancellationToken,
    /// What was agreed to before hosts were asked.
    pub(super) agreed_before: Mutex<Vec<Consent>>,
    /// What a run would have said or asked by now, for a dry one.
    pub(super) foreseen: Mutex<Vec<String>>,
    /// Whether hosts are being changed.
    pub(super) running: Cell<bool>,
    /// What the survey saw, for whoever is told of a refusal.
    seen: OnceLock<Survey>,
    /// The group of services, or of their programs, that is turned.
    pub(super) turned: Option<String>,
    /// What must come of the source, where it is promoted.
    pub(super) promoted: Option<Promoted>,
    /// The release that is made.
    pub(super) made: OnceLock<Record>,
}

impl<'a> Change<'a> {
    /// Begins: from here on signals are heard.
    pub(super) fn new(task: &str, config: &'a Config, env: Environment, common: &'a Common) -> Self {
        let now = Utc::now();
        let directory = config.path.parent().unwrap_or(Path::new("."));
        let actor = who::actor(task, directory, None, now);
        let stop = signals::stop_on_signals();
        Self {
            config,
            env,
            common,
            actor,
            now,
            dry_run: false,
            quiet: false,
            show: Show::Steps,
            processes: false,
            needs: Needs::All,
            secrets: OnceLock::new(),
            sends: false,
            locking: true,
            lock: Mutex::new(None),
            spares: false,
            switches: false,
            reached: OnceLock::new(),
            stop,
            agreed_before: Mutex::new(common.set.iter().map(consented).collect()),
            foreseen: Mutex::default(),
            running: Cell::new(false),
            seen: OnceLock::new(),
            turned: None,
            promoted: None,
            made: OnceLock::new(),
        }
    }

    /// With the reason given by `-m`.
    pub(super) fn because(mut self, message: Option<&str>) -> Self {
        self.actor.message = message.map(str::to_owned);
        self
    }

    /// Of a release of another environment.
    pub(super) fn of(mut self, promoted: Promoted) -> Self {
        self.promoted = Some(promoted);
        self
    }

    /// Of a group of services, or of their programs.
    pub(super) fn turning(mut self, group: Option<&str>) -> Self {
        self.turned = group.map(str::to_owned);
        self
    }

    /// Only shows the plan.
    pub(super) fn dry(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Without telling anybody.
    pub(super) fn quiet(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// Shown in another way.
    pub(super) fn showing(mut self, show: Show) -> Self {
        self.show = show;
        self
    }

    /// Planned with the processes that run in releases, which takes the hosts a moment to find out.
    pub(super) fn knowing_processes(mut self) -> Self {
        self.processes = true;
        self
    }

    /// Needs other secrets than all there are.
    pub(super) fn needing(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// Whether the environment is locked meanwhile.
    pub(super) fn locking(mut self, locking: bool) -> Self {
        self.locking = locking;
        self
    }

    /// Goes on without hosts that cannot be reached, as many as the file allows.
    pub(super) fn sparing(mut self) -> Self {
        self.spares = true;
        self
    }

    /// The same where hosts switch: pools keep what they need.
    pub(super) fn sparing_in_switch(self) -> Self {
        Self { switches: true, ..self.sparing() }
    }

    /// Runs a task that makes no release.
    pub(super) async fn run(self, plan: impl Fn(Site<'_>) -> Result<Plan, Refusal>) -> Result<u8, Complaint> {
        self.until_stopped(Box::pin(self.try_run(plan))).await
    }

    /// Before the run begins a signal ends everything at once; the run itself ends in good order.
    pub(super) async fn until_stopped(
        &self,
        task: impl Future<Output = Result<u8, Complaint>>,
    ) -> Result<u8, Complaint> {
        tokio::pin!(task);
        let mut done = tokio::select! {
            biased;
            () = self.stop.cancelled() => {
                if self.running.get() { task.await } else { Err(Complaint::interrupted()) }
            }
            done = &mut task => done,
        };
        self.release_lock().await;
        done = done.map_err(|complaint| self.without_those_away(complaint));
        if let (Err(complaint), true) = (&done, self.common.json) {
            screen::refused(&self.actor.task, &self.env.name, self.seen.get(), complaint);
        }
        done
    }

    async fn try_run(&self, plan: impl Fn(Site<'_>) -> Result<Plan, Refusal>) -> Result<u8, Complaint> {
        self.pass_guards(None).await?;
        let ground = self.survey("").await?;
        let planned = self.looking(plan(self.site(&ground.survey))?, None);
        self.require_release_tried(&planned, &ground.survey).await?;
        self.require_hosts(&planned)?;
        self.require_lock()?;
        let machines = self.machines(&ground);
        self.require_programs(&machines).await?;
        if self.dry_run {
            return Ok(self.preview(&planned, &machines).await);
        }
        self.may_begin(&planned, &machines).await?;
        Ok(self.carry_out(&planned, &machines).await)
    }

    pub(super) async fn survey(&self, besides: &str) -> Result<Ground, Complaint> {
        self.know_consents()?;
        let secrets = self.secrets().await?;
        let hosts = text::count(self.env.fleet.hosts.len(), "host");
        let _doing = screen::doing(&format!("{besides}connecting to {hosts} …"), self.common);
        let connections = connect::connect(self.config, &self.env, &secrets).await;
        self.leave_out(&connections)?;
        if self.sends {
            connections.open_ahead();
        }
        let (rules, env) = (&self.env.release, &self.env.name);
        let question = engine::question(&rules.root, env, &rules.shared_files, self.processes);
        if self.locking && !self.dry_run {
            let question = if self.sends { question.clone().then(&copy_ahead()) } else { question.clone() };
            self.take_lock(&connections, &question).await?;
        }
        let answers = match &mut *self.lock_slot() {
            Some(Ok(lock)) => lock.take_answers(),
            _ => BTreeMap::new(),
        };
        let survey = engine::survey(&connections.hosts, &question, &answers).await;
        let _ = self.seen.set(survey.clone());
        Ok(Ground { survey, connections })
    }

    /// Somebody has asked to stop.
    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    async fn secrets(&self) -> Result<Arc<Secrets>, Complaint> {
        let needs = match self.dry_run {
            // Something busy may be for another user to see.
            true if self.env.busy.iter().any(|busy| busy.becoming.is_some()) => Needs::Users,
            true => Needs::Way,
            false => self.needs,
        };
        let loaded = secrets::load(self.config, &self.env, needs).await?;
        Ok(Arc::clone(self.secrets.get_or_init(|| loaded)))
    }

    /// The secrets that have been looked for.
    pub(super) fn known_secrets(&self) -> Arc<Secrets> {
        self.secrets.get().cloned().unwrap_or_default()
    }

    /// What stood on the hosts before the run.
    pub(super) fn seen(&self) -> Option<&Survey> {
        self.seen.get()
    }

    /// The record of a release that is made, or stands on a host.
    pub(super) fn record_of(&self, name: &ReleaseName) -> Option<Record> {
        if let Some(made) = self.made.get().filter(|made| made.name == *name) {
            return Some(made.clone());
        }
        let mut known = self.seen.get()?.hosts.iter().filter_map(|(_, seen)| seen.release(name));
        known.next().map(|release| release.record.clone())
    }

    pub(super) fn site<'s>(&'s self, survey: &'s Survey) -> Site<'s> {
        Site { env: self.reached(), survey, actor: &self.actor, now: self.now }
    }

    /// The machines of the run, behind the fence of its lock.
    pub(super) fn machines(&self, ground: &Ground) -> Vec<Machine> {
        let lock = self.lock_slot();
        ground.machines(&self.known_secrets(), |host| lock.as_ref().and_then(|lock| lock.as_ref().ok()?.fence(host)))
    }
}
