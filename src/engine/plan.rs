//! A plan: what a run will do, as a value that can be shown, tested and run.

use std::sync::Arc;

use super::claim::ClaimRelease;
use super::{Batches, Machine, Makes, Operation, Step, journal};
use crate::event::{Phase, StepInfo};
use crate::fleet::{Fleet, HostName, Scope};
use crate::release::{PlannedStep, Record, ReleaseName};

/// What a task does, before anything is done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The task's name.
    pub task: String,
    /// The environment, or the component of it.
    pub env: Scope,
    /// The release it is about.
    pub release: Option<ReleaseName>,
    /// In the order of the run.
    pub steps: Vec<Step>,
    /// For the switch.
    pub batches: Batches,
    /// The batches as a person reads them, a line each.
    pub batch_lines: Vec<String>,
    /// How many hosts prepare at a time, if not all.
    pub at_once: Option<usize>,
    /// What is run on every host when the run fails before its release is live.
    pub on_failure: Option<Arc<dyn Operation>>,
    /// Whether a run before it may have been killed over what it took down.
    pub follows_unfinished: bool,
    /// Commands to type when it fails before its release is live.
    pub next: Vec<String>,
    /// The command to type when it fails before anything was made that could be gone on with.
    pub anew: Option<String>,
    /// The command to type when one of the app's checks failed and must not stop it.
    pub past_checks: Option<String>,
    /// Commands to type when it fails after the flip.
    pub next_when_live: Vec<String>,
    /// Steps, each with the command that does by hand what taking it back would have done.
    pub remedies: Vec<(String, String)>,
    /// The command that brings a fleet together again whose hosts run different releases.
    pub heal: Option<String>,
    /// Hosts that could not be reached and are left out.
    pub behind: Vec<HostName>,
    /// What a person should know before anything is done.
    pub notes: Vec<String>,
    /// What a person is asked, whatever the environment says.
    pub question: Option<String>,
    fleet: Fleet,
}

impl Plan {
    /// An empty plan for `task` on the hosts of `fleet`.
    pub fn new(task: &str, env: &Scope, fleet: &Fleet) -> Self {
        Self {
            task: task.to_owned(),
            env: env.clone(),
            release: None,
            steps: Vec::new(),
            batches: vec![fleet.hosts.len()],
            batch_lines: Vec::new(),
            at_once: None,
            on_failure: None,
            follows_unfinished: false,
            next: Vec::new(),
            anew: None,
            past_checks: None,
            next_when_live: Vec::new(),
            remedies: Vec::new(),
            heal: None,
            behind: Vec::new(),
            notes: Vec::new(),
            question: None,
            fleet: fleet.clone(),
        }
    }

    /// Names the release it is about.
    #[must_use]
    pub fn about(mut self, release: &ReleaseName) -> Self {
        self.release = Some(release.clone());
        self
    }

    /// Adds a step. Steps stand in the order of their phases, whatever order they are added in.
    #[must_use]
    pub fn step(self, phase: Phase, operation: impl Operation + 'static) -> Self {
        self.step_of(phase, Arc::new(operation))
    }

    /// The same, of an operation in whatever shape.
    #[must_use]
    pub fn step_of(self, phase: Phase, operation: Arc<dyn Operation>) -> Self {
        let (at, hosts) = (self.behind(phase), self.hosts_of(&*operation));
        self.insert(at, phase, operation, hosts)
    }

    /// The same, on `hosts` alone.
    #[must_use]
    pub fn step_on(self, phase: Phase, operation: impl Operation + 'static, hosts: Vec<HostName>) -> Self {
        let at = self.behind(phase);
        self.insert(at, phase, Arc::new(operation), hosts)
    }

    /// Where a step stands that comes behind all others of `phase`.
    fn behind(&self, phase: Phase) -> usize {
        self.steps.partition_point(|step| step.phase <= phase)
    }

    fn hosts_of(&self, operation: &dyn Operation) -> Vec<HostName> {
        self.fleet.select(&operation.targets()).into_iter().map(|host| host.name.clone()).collect()
    }

    fn insert(mut self, at: usize, phase: Phase, operation: Arc<dyn Operation>, hosts: Vec<HostName>) -> Self {
        self.steps.insert(at, Step::new(phase, operation, hosts));
        self
    }

    /// Adds a step that changes nothing live.
    #[must_use]
    pub fn prepare(self, operation: impl Operation + 'static) -> Self {
        self.step(Phase::Prepare, operation)
    }

    /// Has the name of a release that is new claimed on every host before anything else of `prepare`: in the script of the
    /// first step, where that is for all hosts and nothing of it is sealed before the record is there.
    #[must_use]
    pub fn claiming(mut self, record: &Record) -> Self {
        let fits = |step: &&Step| {
            step.hosts.len() == self.fleet.hosts.len()
                && step.operation.makes() == Makes::Nothing
                && step.operation.joins()
        };
        let first = self.steps.iter().find(|step| step.phase == Phase::Prepare);
        if first.is_none_or(|first| !fits(&first)) {
            let all = self.fleet.hosts.iter().map(|host| host.name.clone()).collect();
            self = self.prepare_first(ClaimRelease, all);
        }
        if let Some(first) = self.steps.iter_mut().find(|step| step.phase == Phase::Prepare) {
            first.claims = Some(Arc::new(record.clone()));
        }
        self
    }

    /// Has something looked at right before the step of that name; if that is of the switch or comes after it, when every
    /// host is ready to flip. Where something is taken down before that, it is looked at before it is: nothing stays down
    /// while a look waits. Nothing if there is no such step, or none that is left to do.
    #[must_use]
    pub fn look_before(self, name: &str, operation: impl Operation + 'static) -> Self {
        let is_left = |step: &Step| step.left().next().is_some();
        let wanted = |step: &&Step| step.name() == name && is_left(step);
        let Some(phase) = self.steps.iter().find(wanted).map(|step| step.phase.min(Phase::Prepare)) else {
            return self;
        };
        let of_phase = |step: &Step| step.phase == phase && step.name() == name;
        let takes_down = |step: &Step| step.phase == phase && step.operation.is_passing() && is_left(step);
        let all = self.behind(phase);
        let right_before = self.steps.iter().position(of_phase).unwrap_or(all);
        let at = self.steps.iter().position(takes_down).unwrap_or(all).min(right_before);
        let hosts = self.hosts_of(&operation);
        self.insert(at, phase, Arc::new(operation), hosts)
    }

    /// Adds a step before all others of `prepare`, on `hosts` alone.
    #[must_use]
    pub fn prepare_first(self, operation: impl Operation + 'static, hosts: Vec<HostName>) -> Self {
        let at = self.steps.partition_point(|step| step.phase < Phase::Prepare);
        self.insert(at, Phase::Prepare, Arc::new(operation), hosts)
    }

    /// Adds the flip.
    #[must_use]
    pub fn flip(self, operation: impl Operation + 'static) -> Self {
        self.step(Phase::Flip, operation)
    }

    /// Adds a step for when all hosts are switched.
    #[must_use]
    pub fn finish(self, operation: impl Operation + 'static) -> Self {
        self.step(Phase::Finish, operation)
    }

    /// Sets how many hosts switch together.
    #[must_use]
    pub fn batches(mut self, batches: Batches) -> Self {
        self.batches = batches;
        self
    }

    /// Sets how many hosts prepare at a time.
    #[must_use]
    pub fn at_most(mut self, hosts: Option<usize>) -> Self {
        self.at_once = hosts;
        self
    }

    /// Sets what is run on every host when the run fails before its release is live.
    #[must_use]
    pub fn if_it_fails(mut self, operation: impl Operation + 'static) -> Self {
        self.on_failure = Some(Arc::new(operation));
        self
    }

    /// Adds something a person should know.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says whether it changes what is live.
    pub fn flips(&self) -> bool {
        self.steps.iter().any(|step| step.phase == Phase::Flip)
    }

    /// Says whether hosts come in batches, be it only to be restarted.
    pub(super) fn has_batches(&self) -> bool {
        self.steps.iter().any(|step| (Phase::BeforeFlip..=Phase::AfterFlip).contains(&step.phase))
    }

    /// Says whether an earlier run did everything up to and with the switch, on all hosts. Whether that was well may still be
    /// asked.
    pub(super) fn is_switched(&self) -> bool {
        let counts = |step: &&Step| step.operation.is_journaled() && !step.operation.always() && !step.operation.asks();
        let mut before = self.steps.iter().filter(|step| step.phase < Phase::Finish).filter(counts);
        self.flips() && before.all(|step| step.left().next().is_none())
    }

    /// How many hosts a step runs on at a time, where that is fewer than it has.
    pub fn at_once(&self, step: &Step) -> Option<usize> {
        let of_phase = self.at_once.filter(|_| step.phase == Phase::Prepare);
        let limit = step.operation.at_once().into_iter().chain(of_phase).min()?;
        (limit < step.hosts.len()).then_some(limit)
    }

    /// The steps of some phases, in order.
    pub(super) fn steps_of(&self, phases: &[Phase]) -> Vec<&Step> {
        self.steps.iter().filter(|step| phases.contains(&step.phase)).collect()
    }

    /// What is announced at the start.
    pub fn step_infos(&self) -> Vec<StepInfo> {
        let info = |step: &Step| StepInfo {
            name: step.name(),
            phase: step.phase,
            hosts: step.hosts.clone(),
            at_once: self.at_once(step),
        };
        self.steps.iter().map(info).collect()
    }

    /// What a release's record keeps of the steps.
    pub fn planned_steps(&self) -> Vec<PlannedStep> {
        self.steps.iter().map(planned).collect()
    }

    /// The machines a step runs on.
    pub(super) fn machines<'m>(step: &Step, machines: &'m [Machine]) -> Vec<&'m Machine> {
        machines.iter().filter(|machine| step.hosts.contains(&machine.host.name)).collect()
    }
}

fn planned(step: &Step) -> PlannedStep {
    let (command, targets) = (step.operation.command().map(journal::short), step.operation.targets());
    let roles = targets.roles.map(|roles| roles.iter().map(ToString::to_string).collect());
    PlannedStep { name: step.name(), phase: step.phase.word().to_owned(), command, roles, once: targets.once }
}
