//! What `relm deploy` does between its command line and its exit code.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use relm::engine::lock::{self, Lock, Patience, Place};
use relm::engine::{self, Events, Machine, Nobody};
use relm::fleet::Host;
use relm::operations::Actor;
use relm::release::{Holder, Record, ReleaseName};
use relm::script::Script;
use relm::survey::Survey;
use relm::tasks::{self, Site};
use relm::transport::{HostShell, Link, Transport};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::scene::Scene;

/// Short, so that a host that is gone need not be waited for long; and long enough for a machine that has much to do.
const PATIENCE: Patience =
    Patience { closed: Duration::from_secs(3), silent: Duration::from_secs(10), lost: Duration::from_secs(5) };

impl Scene {
    /// Lock, survey, plan, claim, run. Returns the events and the names of the plan's journaled steps, or why there was
    /// no run.
    pub(super) async fn deploy(
        &self,
        ways: Vec<(Host, Arc<dyn Link>)>,
        now: DateTime<Utc>,
        stop: &CancellationToken,
    ) -> Result<(Vec<Value>, Vec<String>), String> {
        let way = |(host, link)| (host, Arc::new(HostShell::new(link)) as Arc<dyn Transport>);
        let ways: Vec<(Host, Arc<dyn Transport>)> = ways.into_iter().map(way).collect();
        let mut lock =
            lock::take(&self.places(&ways), &holder(now), PATIENCE).await.map_err(|error| error.to_string())?;
        let ran = self.deploy_locked(&ways, &mut lock, now, stop).await;
        lock.release().await;
        ran
    }

    async fn deploy_locked(
        &self,
        ways: &[(Host, Arc<dyn Transport>)],
        lock: &mut Lock,
        now: DateTime<Utc>,
        stop: &CancellationToken,
    ) -> Result<(Vec<Value>, Vec<String>), String> {
        let survey = engine::survey(ways, &self.question(), &lock.take_answers()).await;
        let actor = Actor {
            task: "deploy".to_owned(),
            by: "ada".to_owned(),
            machine: "desk".to_owned(),
            login: "ada".to_owned(),
            message: None,
            consents: relm::release::Consents::default(),
            at: now,
        };
        let site = Site { env: &self.env, survey: &survey, actor: &actor, now };
        let mut record = self.record(now);
        let plan = |record: &Record| {
            tasks::deploy::plan(site, record, &self.payload).map_err(|refusal| format!("{refusal:?}"))
        };
        record.steps = plan(&record)?.planned_steps();
        let plan = plan(&record)?;
        let machines = machines(ways, &survey, lock);
        let journaled =
            plan.steps.iter().filter(|step| step.operation.is_journaled()).map(engine::Step::name).collect();
        let (events, heard) = Events::new(false);
        let ended = engine::run(&plan, &machines, &events, stop, &Nobody).await;
        drop(events);
        let all = std::iter::from_fn(|| heard.within(Duration::ZERO).ok());
        let all: Vec<Value> = all.map(|event| serde_json::to_value(event).expect("an event is plain data")).collect();
        assert_eq!(all.last().expect("an ending")["exit_code"], ended.exit_code);
        Ok((all, journaled))
    }

    fn question(&self) -> Script {
        engine::question(&self.env.release.root, &self.env.name, &[], false)
    }

    fn places(&self, ways: &[(Host, Arc<dyn Transport>)]) -> Vec<Place> {
        let place = |(host, transport): &(Host, Arc<dyn Transport>)| Place {
            host: host.name.clone(),
            transport: Arc::clone(transport),
            root: self.env.release.root.clone(),
            name: self.env.name.to_string(),
            is_shared: false,
            question: Some(self.question()),
        };
        ways.iter().map(place).collect()
    }

    fn record(&self, now: DateTime<Utc>) -> Record {
        Record {
            tree: self.tree.clone(),
            hosts: self.env.fleet.names().iter().map(ToString::to_string).collect(),
            ..Record::new(ReleaseName::at(now), now)
        }
    }
}

fn holder(now: DateTime<Utc>) -> Holder {
    Holder {
        by: "ada".to_owned(),
        login: "ada".to_owned(),
        machine: "desk".to_owned(),
        pid: std::process::id(),
        task: "deploy".to_owned(),
        env: "test".to_owned(),
        reason: None,
        since: now,
        shared: None,
    }
}

fn machines(ways: &[(Host, Arc<dyn Transport>)], survey: &Survey, lock: &Lock) -> Vec<Machine> {
    let machine = |(host, transport): &(Host, Arc<dyn Transport>)| {
        let seen = survey.host(&host.name).expect("a plan is only made when all hosts were seen");
        let (layout, before) = (seen.layout.clone(), seen.live().cloned());
        let (host, transport, fence) = (host.clone(), Arc::clone(transport), lock.fence(&host.name));
        Machine {
            host,
            transport,
            layout,
            before,
            before_reference: "dir code".to_owned(),
            fence,
            turn: Arc::default(),
            secrets: Arc::default(),
        }
    };
    ways.iter().map(machine).collect()
}
