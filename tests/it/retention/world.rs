//! A host with its past: what its disk says, and beside that what a person remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::{TestCaseError, prop_assert_eq};
use relm::config::{self, Environment};
use relm::engine::{On, Plan};
use relm::operations::Actor;
use relm::release::{Flip, FlipStage, Record, ReleaseName};
use relm::survey::{Survey, parse, rollback_target};
use relm::tasks::{Payload, Site, clean_releases, deploy};

use super::Deed;

/// Read once: thousands of histories begin with it.
static ENV: LazyLock<Environment> = LazyLock::new(|| {
    let text = "[source]\ndir = \"code\"\n[env.test.hosts]\nweb1 = { address = \"local:web1\" }\n";
    let config = config::parse(text, Path::new("/srv/shop/Releases.toml"), Path::new("/home/ada")).expect("a file");
    config.environment(None).expect("an environment").clone()
});

/// What a person remembers of a release.
#[derive(Debug, Clone)]
struct Memory {
    made: DateTime<Utc>,
    /// When another took its place.
    replaced: Option<DateTime<Utc>>,
    wanted_until: Option<DateTime<Utc>>,
    fate: Fate,
    process: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It was being built, or is built and was never live.
    NeverLive,
    /// It is, or was, live, and nothing was wrong with it.
    Good,
    /// It failed, or turned out bad, then.
    Wrong(DateTime<Utc>),
}

/// A host: what lies on its disk, as the survey reads it, and beside that what a person remembers.
pub(super) struct World {
    env: Environment,
    now: DateTime<Utc>,
    live: Option<ReleaseName>,
    /// The facts of each release but its processes: lines of the survey's answer.
    disk: BTreeMap<ReleaseName, Disk>,
    history: Vec<Flip>,
    memory: BTreeMap<ReleaseName, Memory>,
}

#[derive(Debug, Clone)]
struct Disk {
    record: Record,
    state: String,
    lived: bool,
}

impl World {
    pub(super) fn new() -> Self {
        let env = ENV.clone();
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let (disk, memory) = (BTreeMap::new(), BTreeMap::new());
        Self { env, now, live: None, disk, history: Vec::new(), memory }
    }

    fn survey(&self) -> Survey {
        let mut answer = "base /home/ada/www/test\nuser ada\nclock 0\nfree 99999999\n".to_owned();
        if let Some(live) = &self.live {
            let _ = writeln!(answer, "link releases/{live}");
        }
        for (name, disk) in &self.disk {
            let record = serde_json::to_string(&disk.record).expect("plain data");
            let _ = write!(answer, "tree {name}\nrecord {name} {record}\nstate {name} {}\n", disk.state);
            // Here no rollback is killed: whatever was live came to its end.
            let _ = if disk.lived { write!(answer, "lived {name}\nfinished {name}\n") } else { Ok(()) };
            let _ = if self.memory[name].process { writeln!(answer, "used {name} 7") } else { Ok(()) };
        }
        for flip in &self.history {
            let _ = writeln!(answer, "history {}", serde_json::to_string(flip).expect("plain data"));
        }
        let seen = parse(&(answer + "end\n")).expect("an answer");
        assert_eq!(seen.damage, Vec::<String>::new());
        Survey { hosts: vec![(self.env.fleet.hosts[0].name.clone(), seen)], silent: Vec::new() }
    }

    fn record(&self, keep_until: Option<DateTime<Utc>>) -> Record {
        Record { private: keep_until.is_some(), keep_until, ..Record::new(ReleaseName::at(self.now), self.now) }
    }

    /// A new release in a state that is written down so.
    fn make(&mut self, state: &str, keep_until: Option<DateTime<Utc>>) -> ReleaseName {
        let record = self.record(keep_until);
        let name = record.name.clone();
        let state = format!("{state} {}", self.now.to_rfc3339());
        self.disk.insert(name.clone(), Disk { record, state, lived: false });
        let memory =
            Memory { made: self.now, replaced: None, wanted_until: keep_until, fate: Fate::NeverLive, process: false };
        self.memory.insert(name.clone(), memory);
        name
    }

    fn note(&mut self, task: &str, to: Option<&ReleaseName>, stages: &[FlipStage]) {
        let flip = |stage| Flip {
            at: self.now,
            run: self.now,
            stage,
            task: task.to_owned(),
            from: self.live.clone(),
            to: to.cloned(),
            login: "ada".to_owned(),
            ssh_user: None,
            seconds: None,
            by: "ada".to_owned(),
            machine: "desk".to_owned(),
            source: String::new(),
            commit: None,
            message: None,
            consents: Vec::new(),
        };
        let flips: Vec<Flip> = stages.iter().map(|stage| flip(*stage)).collect();
        self.history.extend(flips);
    }

    fn go_live(&mut self, name: &ReleaseName, task: &str, stages: &[FlipStage]) {
        self.note(task, Some(name), stages);
        let disk = self.disk.get_mut(name).expect("it is there");
        disk.lived = true;
        if disk.state.starts_with("bad") {
            disk.state = format!("complete {}", self.now.to_rfc3339());
        }
        self.memory.get_mut(name).expect("it is remembered").fate = Fate::Good;
        if let Some(before) = self.live.as_ref().and_then(|live| self.memory.get_mut(live)) {
            before.replaced = Some(self.now);
        }
        self.live = Some(name.clone());
    }

    fn go_wrong(&mut self, name: &ReleaseName, word: &str) {
        self.disk.get_mut(name).expect("it is there").state = format!("{word} {}", self.now.to_rfc3339());
        self.memory.get_mut(name).expect("it is remembered").fate = Fate::Wrong(self.now);
    }

    pub(super) fn do_one(&mut self, deed: &Deed) -> Result<(), TestCaseError> {
        use FlipStage::{Done, Intent};
        self.now += TimeDelta::minutes(10);
        match deed {
            Deed::Deploy => return self.deploy(),
            Deed::Clean => return self.clean(&[]),
            Deed::CleanBut(index) => {
                let all: Vec<ReleaseName> = self.disk.keys().cloned().collect();
                let spared = all.get(index.index(all.len().max(1))).cloned();
                return self.clean(spared.as_slice());
            }
            Deed::FailInPrepare => {
                let name = self.make("building", None);
                self.go_wrong(&name, "failed");
            }
            Deed::FailInSwitch => {
                let (name, before) = (self.make("complete", None), self.live.clone());
                self.note("deploy", Some(&name), &[Intent, Done]);
                self.live = Some(name.clone());
                self.note("put_back", before.as_ref(), &[Intent, Done]);
                self.live = before;
                self.go_wrong(&name, "failed");
            }
            Deed::DieBuilding => drop(self.make("building", None)),
            Deed::DieBeforeFlip => {
                let name = self.make("complete", None);
                self.note("deploy", Some(&name), &[Intent]);
            }
            Deed::DieAfterFlip => {
                let name = self.make("complete", None);
                self.go_live(&name, "deploy", &[Intent]);
            }
            Deed::Private(days) => drop(self.make("complete", Some(self.now + TimeDelta::days(i64::from(*days))))),
            Deed::DeployAgain(index) => {
                let whole = |name: &&ReleaseName| {
                    let state = &self.disk[*name].state;
                    Some(*name) != self.live.as_ref() && (state.starts_with("complete") || state.starts_with("bad"))
                };
                let all: Vec<ReleaseName> = self.disk.keys().filter(whole).cloned().collect();
                if !all.is_empty() {
                    self.go_live(&all[index.index(all.len())].clone(), "deploy", &[Intent, Done]);
                }
            }
            Deed::Rollback => {
                if let (Ok(target), Some(left)) = (rollback_target(&self.survey(), None), self.live.clone()) {
                    self.go_live(&target, "rollback", &[Intent, Done]);
                    self.go_wrong(&left, "bad");
                }
            }
            Deed::Start(index) if !self.memory.is_empty() => {
                let nth = index.index(self.memory.len());
                self.memory.values_mut().nth(nth).expect("one of them").process = true;
            }
            Deed::Start(_) => {}
            Deed::StopAll => self.memory.values_mut().for_each(|memory| memory.process = false),
            Deed::Wait(hours) => self.now += TimeDelta::hours(i64::from(*hours)),
            Deed::Keep(keep) => self.env.release.keep = *keep,
            Deed::KeepFailed(hours) => self.env.release.keep_failed = time(*hours),
            Deed::MinAge(hours) => self.env.release.min_age = time(*hours),
        }
        Ok(())
    }

    fn clean(&mut self, spared: &[ReleaseName]) -> Result<(), TestCaseError> {
        let survey = self.survey();
        let actor = self.actor();
        let site = Site { env: &self.env, survey: &survey, actor: &actor, now: self.now };
        let lines = clean_releases::preview(site, None, spared).expect("nothing is in the way");
        let gone = lines.into_iter().filter(|line| line.remove).map(|line| line.release).collect();
        self.removed(&gone, rollback_target(&survey, None).ok().as_ref(), spared)
    }

    /// A deploy is planned, clean and all, before it does anything.
    fn deploy(&mut self) -> Result<(), TestCaseError> {
        let (survey, actor, record) = (self.survey(), self.actor(), self.record(None));
        let site = Site { env: &self.env, survey: &survey, actor: &actor, now: self.now };
        let payload = Payload { unpacked: 1, tree: "f00d".to_owned(), ..Payload::default() };
        let gone = self.planned_removals(&deploy::plan(site, &record, &payload).expect("nothing is in the way"));
        let before = self.live.clone();
        let name = self.make("complete", None);
        self.go_live(&name, "deploy", &[FlipStage::Intent, FlipStage::Done]);
        self.removed(&gone, before.as_ref(), &[])
    }

    fn actor(&self) -> Actor {
        let (task, by, machine) = ("test".to_owned(), "ada".to_owned(), "desk".to_owned());
        Actor {
            task,
            by,
            machine,
            login: "ada".to_owned(),
            message: None,
            consents: relm::release::Consents::default(),
            at: self.now,
        }
    }

    /// The releases that the plan's clean names on its host.
    fn planned_removals(&self, plan: &Plan) -> BTreeSet<ReleaseName> {
        let clean = plan.steps.iter().find(|step| step.name() == "clean_releases").expect("a deploy cleans");
        let survey = self.survey();
        let layout = &survey.hosts[0].1.layout;
        let (host, env) = (&self.env.fleet.hosts[0], &self.env.name);
        let secrets = relm::secret::Secrets::none();
        let on = On {
            host,
            layout,
            env,
            release: plan.release.as_ref(),
            before: None,
            before_reference: "",
            login: None,
            secrets,
        };
        let work = clean.operation.work(&on);
        let args = work.script.as_str().lines().find(|line| line.starts_with("set --")).expect("arguments").to_owned();
        args.split('\'').filter_map(|word| ReleaseName::parse(word).ok()).collect()
    }

    /// Compares what is removed with what is remembered, and removes it.
    fn removed(
        &mut self,
        gone: &BTreeSet<ReleaseName>,
        target: Option<&ReleaseName>,
        spared: &[ReleaseName],
    ) -> Result<(), TestCaseError> {
        // In use and named to be removed is no harm: the host looks again, and it stays.
        for (name, memory) in &self.memory {
            let stays = self.must_stay(name, memory, target) || spared.contains(name);
            let goes = gone.contains(name) && !memory.process;
            prop_assert_eq!(!goes, stays, "{}: {:?} by {:?}", name, memory, self.env.release);
        }
        let goes = |name: &ReleaseName, memory: &Memory| gone.contains(name) && !memory.process;
        self.memory.retain(|name, memory| !goes(name, memory));
        self.disk.retain(|name, _| self.memory.contains_key(name));
        let after = rollback_target(&self.survey(), None).ok();
        prop_assert_eq!(after.as_ref(), target, "a clean changed where a rollback goes");
        Ok(())
    }

    /// Why a release must never be removed now. Everything else must go.
    fn must_stay(&self, name: &ReleaseName, memory: &Memory, target: Option<&ReleaseName>) -> bool {
        let is_live = self.live.as_ref() == Some(name);
        let rules = &self.env.release;
        let within = |then: DateTime<Utc>, time: Duration| (self.now - then).to_std().expect("it is past") < time;
        let day = Duration::from_secs(86_400);
        let is_wrong = if let Fate::Wrong(then) = memory.fate { Some(then) } else { None };
        let is_young = [Some(memory.made), memory.replaced, is_wrong];
        let is_young = is_young.into_iter().flatten().any(|then| within(then, rules.min_age));
        let by_fate = match memory.fate {
            // Places are for the live one first and then for the newest.
            Fate::Good => {
                let other = |other: &&ReleaseName| self.live.as_ref() != Some(*other) && *other > name;
                let newer = self.memory.iter().filter(|(_, memory)| memory.fate == Fate::Good);
                newer.map(|(other, _)| other).filter(other).count() + 1 < rules.keep
            }
            // A private one has a day of its own.
            Fate::NeverLive => memory.wanted_until.is_none() && within(memory.made, rules.keep_failed.max(day)),
            Fate::Wrong(then) => within(then, rules.keep_failed),
        };
        let is_wanted = memory.wanted_until.is_some_and(|until| until > self.now);
        is_live || target == Some(name) || is_wanted || memory.process || by_fate || is_young
    }
}

fn time(hours: u32) -> Duration {
    Duration::from_secs(3600) * hours
}
