//! What one host gives to others: asked for once in a run, kept on this machine meanwhile, and sent to each that lacks it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;
use tokio::time::sleep;

use super::last_words::LastWords;
use super::stretch::Setting;
use super::telling::Run;
use super::together::{Failed, Hears, Share, Stopped, run_together};
use super::{Gives, Machine, Obstacle, Step, Work};
use crate::event::Failure;
use crate::script::Script;
use crate::transport::{Exec, ExecError, Exit, Input, LazyFile, Status, handed_over};

/// What was given for each step of a run, by the step's name.
#[derive(Debug, Default)]
pub(super) struct AllGiven(Mutex<BTreeMap<String, Arc<Given>>>);

/// For one step. Whoever wants it first asks for it, and the others wait; what failed once has failed for all.
#[derive(Debug, Default)]
struct Given {
    told: OnceCell<Result<String, Failure>>,
    parcel: OnceCell<Result<Arc<LazyFile>, Failure>>,
}

/// How often a lost connection is made again.
const LOSSES: usize = 5;
const PAUSE: Duration = Duration::from_secs(1);

impl AllGiven {
    fn of(&self, step: &Step) -> Arc<Given> {
        Arc::clone(self.0.lock().expect("nobody panics while holding this").entry(step.name()).or_default())
    }
}

/// Does a step on a host that is given something. Returns what stops it, if anything.
pub(super) async fn receive(
    setting: Setting<'_>,
    step: &Step,
    gives: &dyn Gives,
    machine: &Machine,
    hears: &dyn Hears,
) -> Option<Stopped> {
    let (since, shared) = (Instant::now(), setting.given.of(step));
    let failed = |why: &Failure| {
        let seconds = since.elapsed().as_secs_f64();
        Some(Stopped::Failed(Failed { why: why.clone(), seconds, obstacle: None, is_unknown: false }))
    };
    let source = Source { setting, step, gives };
    let told = match shared.told.get_or_init(|| source.told()).await {
        Ok(told) => told,
        Err(why) => return failed(why),
    };
    let on = machine.on(setting.env, setting.release);
    let work = |input| {
        let work = step.operation.work(&on);
        let reads = if matches!(input, Input::Nothing) { "" } else { "yes" };
        Work { script: work.script.set("relm_told", told).set("relm_reads", reads), input, ..work }
    };
    let looks = [Share { step, work: work(Input::Nothing) }];
    let stopped = run_together(setting.run, machine, &on, &looks, None, hears).await.stopped?;
    if !matches!(&stopped, Stopped::Failed(Failed { obstacle: Some((Obstacle::Lacking, _)), .. })) {
        return Some(stopped);
    }
    let parcel = match shared.parcel.get_or_init(|| source.parcel()).await {
        Ok(parcel) => parcel,
        Err(why) => return failed(why),
    };
    let reads = [Share { step, work: work(Input::File(Arc::clone(parcel))) }];
    run_together(setting.run, machine, &on, &reads, None, hears).await.stopped
}

/// The host that gives it.
struct Source<'a> {
    setting: Setting<'a>,
    step: &'a Step,
    gives: &'a dyn Gives,
}

impl Source<'_> {
    async fn told(&self) -> Result<String, Failure> {
        let tell = |machine: &Machine| self.gives.tell(&machine.on(self.setting.env, self.setting.release));
        // What is told comes to hosts that may not have the secrets of this one.
        let run = async |machine: &Machine, exec: Exec<'_>| {
            machine.transport.exec(exec).await.map(|exit| (machine.masked(exit), ()))
        };
        let told = self.ask(tell, self.gives.time_limit(), run).await?;
        Ok(told.0.stdout.trim().to_owned())
    }

    async fn parcel(&self) -> Result<Arc<LazyFile>, Failure> {
        let give = |machine: &Machine| self.gives.give(&machine.on(self.setting.env, self.setting.release));
        let (_, parcel) =
            self.ask(give, None, async |machine, exec| handed_over(&*machine.transport, exec).await).await?;
        parcel.ok_or_else(|| self.failure("nothing came of it", LastWords::default()))
    }

    /// Runs a script there, which only reads, until it ends well; a connection that is lost is made again, and it begins anew.
    async fn ask<T>(
        &self,
        script: impl Fn(&Machine) -> Script,
        time_limit: Option<Duration>,
        run: impl AsyncFn(&Machine, Exec<'_>) -> Result<(Exit, T), ExecError>,
    ) -> Result<(Exit, T), Failure> {
        let Setting { machines, run: Run { stop, .. }, .. } = self.setting;
        let Some(machine) = machines.iter().find(|machine| machine.host.name == *self.gives.host()) else {
            return Err(self.failure("is not reached in this run", LastWords::default()));
        };
        let _turn = machine.turn.lock().await;
        let (script, mut losses) = (script(machine), 0);
        loop {
            let said = Mutex::new(LastWords::default());
            let on_line = |_, stream, line: &str| {
                said.lock().expect("nobody panics while holding this").hear(stream, line);
            };
            let (on_part, on_sent) = (|_, _| {}, |_| {});
            let exec = Exec {
                script: &script,
                input: &Input::Nothing,
                on_line: &on_line,
                on_part: &on_part,
                on_sent: &on_sent,
                time_limit,
                stop,
                is_open_text: false,
                kept: None,
                mask: machine.secrets.mask(),
            };
            match run(machine, exec).await {
                Ok((exit, given)) if exit.status == Status::Code(0) => return Ok((exit, given)),
                Err(ExecError::Lost(reason)) if losses < LOSSES => {
                    losses += 1;
                    self.setting.run.loss(&self.step.name(), machine, &reason);
                    sleep(PAUSE).await;
                }
                ended => {
                    let what = ended.map_or_else(|error| error.to_string(), |(exit, _)| exit.status.to_string());
                    return Err(self.failure(&what, said.into_inner().unwrap_or_default()));
                }
            }
        }
    }

    fn failure(&self, what: &str, said: LastWords) -> Failure {
        let what = format!("{}, {}: {what}", self.gives.host(), self.gives.words());
        Failure { what, command: None, said: said.into_lines() }
    }
}
