//! Whole deploys to machines that obey the test.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use relm::config::{self, Environment};
use relm::fleet::Host;
use relm::local::LocalHost;
use relm::operations::{Parcel, Parcels};
use relm::source::{Frozen, Packing, Places};
use relm::tasks::Payload;
use relm::transport::{LazyFile, Link};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::heal::{heal, undone_is_undone};
use super::machine::{FaultyLink, Hung, Kind};
use crate::invariants::{Hosts, all_run, hosts_are_sound, live, the_ending_is_true};
use crate::site::OnHost;
use crate::traces;

/// Which host, which of the scripts sent to it, and what happens then.
pub(super) type Fault = (String, usize, Kind);

/// An application with code and hosts, ready to be copied.
pub(super) struct Scene {
    directory: tempfile::TempDir,
    pub(super) env: Environment,
    pub(super) payload: Payload,
    pub(super) tree: String,
    /// When the deploys begin that are disturbed.
    now: DateTime<Utc>,
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
run = "echo $RELM_RELEASE > built; echo build >> trace"
[[operations]]
name = "drain"
phase = "before_flip"
run = "touch ~/drained; echo drain >> trace"
undo = "rm -f ~/drained"
[[operations]]
name = "restart"
phase = "after_flip"
timeout = "4s"
run = "echo $RELM_RELEASE > ~/running; rm -f ~/drained; echo restart >> trace"
undo = true
[[operations]]
name = "announce"
phase = "finish"
run = "echo $RELM_RELEASE >> ~/announced; echo announce >> trace"
"#;

/// Scripts that are lost with their connection: nothing has been changed, and one types the same again.
const BEFORE_THE_LOCK: [&str; 2] = ["lock", "survey"];

/// The steps whose operations have a time limit.
const LIMITED: [&str; 2] = ["build", "restart"];

/// Everything for every host, packed once.
fn parcels(env: &Environment, frozen: &Arc<Frozen>) -> Parcels {
    let pack = Arc::clone(frozen);
    let whole = Arc::new(LazyFile::new(move || Ok(pack.pack(None, Packing::Gzip).expect("an archive"))));
    let parcel = |lacking| Parcel {
        base: None,
        whole: Arc::clone(lacking),
        lacking: Arc::clone(lacking),
        unpack: "gzip",
        fetch: Arc::default(),
    };
    Arc::new(env.fleet.names().into_iter().map(|host| (host, parcel(&whole))).collect())
}

impl Scene {
    /// With `lived`, a release is live on all hosts already.
    pub(super) async fn new(settings: &str, lived: bool) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().to_owned();
        let at = |below: &str| root.join(below);
        fs::create_dir_all(at("code/static")).expect("a directory");
        fs::create_dir(at("template")).expect("a directory");
        fs::write(at("code/VERSION"), "one\n").expect("a file");
        fs::write(at("code/static/it's $HOME; ü"), "odd\n".repeat(3000)).expect("a file");
        std::os::unix::fs::symlink("VERSION", at("code/link")).expect("a link");
        let hosts = "web1 = { address = \"local:web1\" }\nweb2 = { address = \"local:web2\" }\n";
        let code = at("code").display().to_string();
        let text = format!("[source]\ndir = {code:?}\n[lock]\ngrace = \"1s\"\n{settings}\n[env.test.hosts]\n{hosts}");
        let config = config::parse(&text, &at("Releases.toml"), directory.path()).expect("a file");
        let env = config.environment(Some("test")).expect("an environment").clone();
        let places = Places { cache: at("cache"), scratch: None };
        let frozen = env.source.freeze(&places).expect("a tree");
        let tree = frozen.manifest.hash();
        let now = Utc::now();
        let payload = Payload {
            parcels: parcels(&env, &Arc::new(frozen)),
            unpacked: 1,
            tree: tree.clone(),
            ..Payload::default()
        };
        let scene = Self { directory, env, payload, tree, now };
        if lived {
            let (ran, _) = scene.disturbed_deploy(&at("template"), scene.now - TimeDelta::hours(1), &[]).await;
            assert_eq!(ran.events.last().expect("a run")["exit_code"], 0, "{:#?}", ran.events);
        }
        fs::write(at("template/Releases.toml"), text).expect("a file");
        scene
    }

    /// Deploys to a copy of the hosts while `faults` happen, and holds what came of it against what must always hold.
    /// Then goes on with it, undisturbed.
    pub(super) async fn attempt(&self, faults: &[Fault]) -> Attempt {
        let context = faults.iter().map(|(host, at, kind)| format!("{host}, script {at}: {kind}")).collect::<Vec<_>>();
        let copy = tempfile::tempdir_in(self.directory.path()).expect("a directory");
        self.copy_hosts(copy.path());
        let hosts = self.hosts(copy.path());
        let before = live(&hosts);
        let (attempt, landed) = self.disturbed_deploy(copy.path(), self.now, faults).await;
        let context = format!("{} {:?}", context.join("; "), attempt.landed);
        hosts_are_sound(&hosts, &context);
        if attempt.events.is_empty() {
            assert_eq!(live(&hosts), before, "{context}: something changed before the run");
        } else {
            the_ending_is_true(&attempt.events, &hosts, &before, &context);
            undone_is_undone(&attempt.events, copy.path(), &before, &context);
        }
        if let ([(.., kind)], Some(end)) = (faults, attempt.events.last()) {
            assert!(!kind.leaves_the_host_in_reach() || end["exit_code"] != 5, "{context}: it can be put back: {end}");
            assert!(!kind.is_healed_by_itself() || end["exit_code"] == 0, "{context}: it is healed by itself: {end}");
        }
        if attempt.events.last().is_some_and(|end| end["exit_code"] == 0) {
            let release = attempt.events[0]["release"].as_str().expect("a release");
            traces::all_are_there_once(&hosts, release, &context);
        }
        if let [(script, kind)] = attempt.landed.as_slice() {
            let is_lost = attempt.events.is_empty() && kind.is_healed_by_itself();
            assert!(!is_lost || BEFORE_THE_LOCK.contains(&script.as_str()), "{context}: there was no run");
        }
        assert!(landed || faults.len() > 1, "{context}: nothing happened");
        let healed = heal(copy.path(), &attempt.events, &hosts, &context).await;
        all_run(&hosts, &healed, &context);
        attempt
    }

    fn copy_hosts(&self, to: &Path) {
        // What a run's last shells clear away behind it must not go while it is copied.
        let still = |host: &Host| {
            let locks = self.directory.path().join("template").join(host.name.as_str()).join("www/test/.relm/lock");
            let locks = std::fs::read_dir(locks).into_iter().flatten().flatten();
            locks.into_iter().any(|lock| lock.path().join("out").exists())
        };
        for _ in 0..500 {
            if !self.env.fleet.hosts.iter().any(still) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
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

    async fn disturbed_deploy(&self, root: &Path, now: DateTime<Utc>, faults: &[Fault]) -> (Attempt, bool) {
        let (hung, hanging) = mpsc::unbounded_channel();
        let link = |host: &Host| {
            let faults = faults.iter().filter(|(name, ..)| *name == host.name.as_str());
            let faults = faults.map(|(_, at, kind)| (*at, *kind)).collect();
            let home = root.join(host.name.as_str());
            Arc::new(FaultyLink::new(Self::machine(root, host), home, faults, hung.clone()))
        };
        let links: Vec<(Host, Arc<FaultyLink>)> =
            self.env.fleet.hosts.iter().map(|host| (host.clone(), link(host))).collect();
        let stop = CancellationToken::new();
        let bound = tokio::spawn(bound(hanging, stop.clone()));
        let ways = links.iter().map(|(host, link)| (host.clone(), Arc::clone(link) as Arc<dyn Link>)).collect();
        let ran = self.deploy(ways, now, &stop).await;
        bound.abort();
        let (events, journaled) = ran.unwrap_or_default();
        let scripts = links.iter().map(|(host, link)| (host.name.to_string(), link.scripts())).collect();
        let landed: Vec<(String, Kind)> = links.iter().flat_map(|(_, link)| link.landed()).collect();
        let all = landed.len() == faults.len();
        (Attempt { scripts, landed, events, journaled }, all)
    }
}

/// Ends what hangs: an operation with a time limit by that, another by Ctrl-C, and what hears neither by somebody on the
/// host.
async fn bound(mut hanging: mpsc::UnboundedReceiver<(String, Hung)>, stop: CancellationToken) {
    while let Some((script, hung)) = hanging.recv().await {
        let limited = LIMITED.contains(&script.as_str());
        if limited && hung.ended_within(Duration::from_secs(9)).await {
            continue;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
        if !hung.ended_within(Duration::from_secs(2)).await {
            hung.kill();
        }
    }
}
