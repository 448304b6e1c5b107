//! Whole deploys to machines that obey the test: what `relm deploy` does between its command line and its exit code.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use flate2::{Compression, write::GzEncoder};
use relm::config::{self, Environment};
use relm::engine::{self, Events, Machine};
use relm::fleet::Host;
use relm::local::LocalHost;
use relm::operations::Actor;
use relm::release::{Record, ReleaseName};
use relm::source::{Archive, Places};
use relm::survey::Survey;
use relm::tasks::{self, Payload, Site};
use relm::transport::{HostShell, Link, Transport};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::machine::{FaultyLink, Hung, Kind};
use crate::invariants::{Hosts, Live, all_run, hosts_are_sound, live, the_ending_is_true};
use crate::site::OnHost;

/// Which host, which of the scripts sent to it, and what happens then.
pub(super) type Fault = (String, usize, Kind);

/// An application with code and hosts, ready to be copied.
pub(super) struct Scene {
    directory: tempfile::TempDir,
    env: Environment,
    payload: Payload,
    tree: String,
    /// When the deploys begin that are disturbed.
    now: DateTime<Utc>,
    _archive: Archive,
}

/// What a disturbed deploy came to.
pub(super) struct Attempt {
    /// By host, the scripts sent to it.
    pub(super) scripts: BTreeMap<String, Vec<String>>,
    pub(super) landed: Vec<(String, Kind)>,
    /// Nothing if the deploy did not come to a run.
    pub(super) events: Vec<Value>,
    /// Journaled steps of the plan.
    pub(super) journaled: Vec<String>,
}

/// An application whose every phase leaves a trace on the host.
pub(super) const OPERATIONS: &str = r#"
[[operations]]
name = "ready"
phase = "check"
run = "true"
[[operations]]
name = "build"
phase = "prepare"
timeout = "4s"
run = "echo $RELM_RELEASE > built"
[[operations]]
name = "drain"
phase = "before_flip"
run = "touch ~/drained"
undo = "rm -f ~/drained"
[[operations]]
name = "restart"
phase = "after_flip"
timeout = "4s"
run = "echo $RELM_RELEASE > ~/running; rm -f ~/drained"
undo = true
[[operations]]
name = "announce"
phase = "finish"
run = "echo $RELM_RELEASE >> ~/announced"
"#;

/// The steps whose operations have a time limit.
const LIMITED: [&str; 2] = ["build", "restart"];

impl Scene {
    /// With `lived`, a release is live on all hosts already.
    pub(super) async fn new(settings: &str, lived: bool) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |below: &str| directory.path().join(below);
        fs::create_dir_all(at("code/static")).expect("a directory");
        fs::create_dir(at("template")).expect("a directory");
        fs::write(at("code/VERSION"), "one\n").expect("a file");
        fs::write(at("code/static/it's $HOME; ü"), "odd\n".repeat(3000)).expect("a file");
        std::os::unix::fs::symlink("VERSION", at("code/link")).expect("a link");
        let hosts = "web1 = { address = \"local:web1\" }\nweb2 = { address = \"local:web2\" }\n";
        let text = format!("[source]\ndir = \"code\"\n{settings}\n[env.test.hosts]\n{hosts}");
        let config = config::parse(&text, &at("Releases.toml"), directory.path()).expect("a file");
        let env = config.environment(Some("test")).expect("an environment").clone();
        let places = Places { cache: at("cache"), scratch: None };
        let frozen = env.source.freeze(&places).expect("a tree");
        let archive = frozen.archive(&|_| true).expect("an archive");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(frozen.manifest.to_text().as_bytes()).expect("memory");
        let payload = Payload {
            archive: Arc::new(archive.path.to_path_buf()),
            archive_size: archive.size,
            manifest: encoder.finish().expect("memory").into(),
            unpacked: frozen.manifest.size(),
            tree: frozen.manifest.hash(),
        };
        let tree = frozen.manifest.hash();
        let scene = Self { directory, env, payload, tree, now: Utc::now(), _archive: archive };
        if lived {
            let template = scene.directory.path().join("template");
            scene.sound_deploy(&template, scene.now - TimeDelta::hours(1)).await;
        }
        scene
    }

    /// Deploys to a copy of the hosts while `faults` happen, and holds what came of it against what must always hold.
    /// Then deploys once more, undisturbed.
    pub(super) async fn attempt(&self, faults: &[Fault]) -> Attempt {
        let context = faults.iter().map(|(host, at, kind)| format!("{host}, script {at}: {kind}")).collect::<Vec<_>>();
        let context = context.join("; ");
        let copy = tempfile::tempdir_in(self.directory.path()).expect("a directory");
        self.copy_hosts(copy.path());
        let hosts = self.hosts(copy.path());
        let before = live(&hosts);
        let (attempt, landed) = self.disturbed_deploy(copy.path(), faults).await;
        hosts_are_sound(&hosts, &context);
        if attempt.events.is_empty() {
            assert_eq!(live(&hosts), before, "{context}: something changed before the run");
        } else {
            the_ending_is_true(&attempt.events, &hosts, &before, &context);
            undone_is_undone(&attempt.events, copy.path(), &before, &context);
        }
        if let ([(.., kind)], Some(end)) = (faults, attempt.events.last()) {
            let may_be_mixed = !kind.leaves_the_host_as_it_was();
            assert!(may_be_mixed || end["exit_code"] != 5, "{context}: it could have been put back: {end}");
        }
        assert!(landed || faults.len() > 1, "{context}: nothing happened");
        let healed = self.sound_deploy(copy.path(), self.now + TimeDelta::hours(1)).await;
        all_run(&hosts, &healed, &context);
        attempt
    }

    fn copy_hosts(&self, to: &Path) {
        let from = self.directory.path().join("template/.");
        assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp").success());
    }

    fn hosts(&self, root: &Path) -> Hosts {
        let host =
            |host: &Host| (host.name.to_string(), OnHost { base: root.join(host.name.as_str()).join("www/test") });
        self.env.fleet.hosts.iter().map(host).collect()
    }

    fn machine(root: &Path, host: &Host) -> LocalHost {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let environment = BTreeMap::from([(OsString::from("PATH"), path), ("LANG".into(), "C.UTF-8".into())]);
        LocalHost::new(&root.join(host.name.as_str()), environment).expect("a host")
    }

    async fn disturbed_deploy(&self, root: &Path, faults: &[Fault]) -> (Attempt, bool) {
        let (hung, hanging) = mpsc::unbounded_channel();
        let link = |host: &Host| {
            let faults = faults.iter().filter(|(name, ..)| *name == host.name.as_str());
            let faults = faults.map(|(_, at, kind)| (*at, *kind)).collect();
            Arc::new(FaultyLink::new(Self::machine(root, host), faults, hung.clone()))
        };
        let links: Vec<(Host, Arc<FaultyLink>)> =
            self.env.fleet.hosts.iter().map(|host| (host.clone(), link(host))).collect();
        let stop = CancellationToken::new();
        let bound = tokio::spawn(bound(hanging, stop.clone()));
        let ways = links.iter().map(|(host, link)| (host.clone(), Arc::clone(link) as Arc<dyn Link>)).collect();
        let ran = self.deploy(ways, self.now, &stop).await;
        bound.abort();
        let (events, journaled) = ran.unwrap_or_default();
        let scripts = links.iter().map(|(host, link)| (host.name.to_string(), link.scripts())).collect();
        let landed: Vec<(String, Kind)> = links.iter().flat_map(|(_, link)| link.landed()).collect();
        let all = landed.len() == faults.len();
        (Attempt { scripts, landed, events, journaled }, all)
    }

    /// A deploy that nothing disturbs, which succeeds. Returns its release.
    async fn sound_deploy(&self, root: &Path, now: DateTime<Utc>) -> String {
        let way = |host: &Host| (host.clone(), Arc::new(Self::machine(root, host)) as Arc<dyn Link>);
        let ways = self.env.fleet.hosts.iter().map(way).collect();
        let ran = self.deploy(ways, now, &CancellationToken::new()).await;
        let (events, _) = ran.unwrap_or_else(|reason| panic!("an undisturbed deploy is refused: {reason}"));
        let end = events.last().expect("an ending");
        assert_eq!(end["exit_code"], 0, "{events:#?}");
        events[0]["release"].as_str().expect("a release").to_owned()
    }

    /// Survey, plan, claim, run. Returns the events and the names of the plan's journaled steps, or why there was no run.
    async fn deploy(
        &self,
        ways: Vec<(Host, Arc<dyn Link>)>,
        now: DateTime<Utc>,
        stop: &CancellationToken,
    ) -> Result<(Vec<Value>, Vec<String>), String> {
        let way = |(host, link)| (host, Arc::new(HostShell::new(link)) as Arc<dyn Transport>);
        let ways: Vec<(Host, Arc<dyn Transport>)> = ways.into_iter().map(way).collect();
        let survey = engine::survey(&ways, &self.env.release.root, &self.env.name, false).await;
        let actor = Actor {
            task: "deploy".to_owned(),
            by: "ada".to_owned(),
            machine: "desk".to_owned(),
            login: "ada".to_owned(),
            message: None,
            at: now,
        };
        let site = Site { env: &self.env, survey: &survey, actor: &actor, now };
        let record = self.record(now);
        tasks::deploy::plan(site, &record, &self.payload).map_err(|refusal| format!("{refusal:?}"))?;
        let machines = machines(&ways, &survey);
        let claimed = engine::claim(&machines, &record).await.map_err(|error| error.to_string())?;
        let plan = tasks::deploy::plan(site, &claimed, &self.payload).map_err(|refusal| format!("{refusal:?}"))?;
        let journaled =
            plan.steps.iter().filter(|step| step.operation.is_journaled()).map(engine::Step::name).collect();
        let (events, heard) = Events::new(false);
        let ended = engine::run(&plan, &machines, &events, stop).await;
        drop(events);
        let all = std::iter::from_fn(|| heard.within(Duration::ZERO).ok());
        let all: Vec<Value> = all.map(|event| serde_json::to_value(event).expect("an event is plain data")).collect();
        assert_eq!(all.last().expect("an ending")["exit_code"], ended.exit_code);
        Ok((all, journaled))
    }

    fn record(&self, now: DateTime<Utc>) -> Record {
        Record {
            name: ReleaseName::at(now),
            created: now,
            by: "ada".to_owned(),
            machine: "desk".to_owned(),
            source: "dir code".to_owned(),
            reference: "dir code".to_owned(),
            commit: None,
            tree: self.tree.clone(),
            private: false,
            keep_until: None,
            message: None,
            hosts: Vec::new(),
            steps: Vec::new(),
        }
    }
}

fn machines(ways: &[(Host, Arc<dyn Transport>)], survey: &Survey) -> Vec<Machine> {
    let machine = |(host, transport): &(Host, Arc<dyn Transport>)| {
        let seen = survey.host(&host.name).expect("a plan is only made when all hosts were seen");
        let (layout, before) = (seen.layout.clone(), seen.live().cloned());
        let (host, transport) = (host.clone(), Arc::clone(transport));
        Machine { host, transport, layout, before, before_reference: "dir code".to_owned(), fence: None }
    };
    ways.iter().map(machine).collect()
}

/// Ends what hangs: an operation with a time limit by that, another by Ctrl-C, and what hears neither by cutting the
/// line, as the network does sooner or later.
async fn bound(mut hanging: mpsc::UnboundedReceiver<(String, Hung)>, stop: CancellationToken) {
    while let Some((script, hung)) = hanging.recv().await {
        let limited = LIMITED.contains(&script.as_str());
        if limited && hung.ended_within(Duration::from_secs(9)).await {
            continue;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
        if !hung.ended_within(Duration::from_secs(2)).await {
            hung.cut();
        }
    }
}

/// A host that is told to be put back without a failure serves its traffic again, from what it ran before.
#[track_caller]
fn undone_is_undone(events: &[Value], root: &Path, before: &Live, context: &str) {
    let back = events.iter().filter(|event| event["event"] == "host_put_back" && event.get("failure").is_none());
    for host in back.map(|event| event["host"].as_str().expect("a host")) {
        let home: PathBuf = root.join(host);
        // On a first deploy there is no release to restart.
        let Some(release) = &before[host] else { continue };
        let running = fs::read_to_string(home.join("running")).unwrap_or_default();
        assert_eq!(running.trim_end(), release, "{context}: what {host} runs after it was put back");
        assert!(!home.join("drained").exists(), "{context}: {host} was put back and stays drained");
    }
}
