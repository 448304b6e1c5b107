//! Whatever goes wrong with any script of a deploy on any host: every host serves a whole release, the run says what
//! is live, and the next deploy heals everything.
//!
//! Nothing here says how a fault ends a deploy, only what must hold however it ends.

mod crash;
mod deploy;
mod heal;
mod machine;
mod scene;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::JoinSet;

use machine::Kind;
use scene::{Attempt, Fault, OPERATIONS, Scene};

/// Deploys that are disturbed at the same time: most of the time they wait.
const AT_ONCE: usize = 6;

/// Where faults landed: by script, by kind, how often.
#[derive(Default)]
struct Histogram(BTreeMap<String, BTreeMap<Kind, usize>>);

impl Histogram {
    fn add(&mut self, attempt: &Attempt) {
        for (script, kind) in &attempt.landed {
            *self.0.entry(script.clone()).or_default().entry(*kind).or_default() += 1;
        }
    }

    fn kinds(&self) -> BTreeSet<Kind> {
        self.0.values().flat_map(BTreeMap::keys).copied().collect()
    }

    fn print(&self, title: &str) {
        println!("\n{title}\n{:18}{}", "", Kind::ALL.map(|kind| format!("{kind:>19}")).concat());
        for (script, kinds) in &self.0 {
            let counts = Kind::ALL.map(|kind| kinds.get(&kind).map_or_else(|| ".".to_owned(), usize::to_string));
            println!("{script:18}{}", counts.map(|count| format!("{count:>19}")).concat());
        }
    }
}

/// Disturbs a deploy once for each of `all`.
async fn disturb(scene: Scene, all: Vec<Vec<Fault>>, title: &str) -> Histogram {
    let (scene, mut running) = (Arc::new(scene), JoinSet::new());
    let mut histogram = Histogram::default();
    for faults in all {
        if running.len() == AT_ONCE {
            histogram.add(&running.join_next().await.expect("one of them").expect("what must hold holds"));
        }
        let scene = Arc::clone(&scene);
        running.spawn(async move { scene.attempt(&faults).await });
    }
    while let Some(attempt) = running.join_next().await {
        histogram.add(&attempt.expect("what must hold holds"));
    }
    histogram.print(title);
    histogram
}

/// Every script × `kinds`, on each of the hosts in turn; with `RELM_FAULTS=all` on every host, in twice the time.
fn matrix(quiet: &Attempt, kinds: &[Kind]) -> Vec<Vec<Fault>> {
    let all = std::env::var("RELM_FAULTS").is_ok_and(|value| value == "all");
    let mut matrix = Vec::new();
    for (nth, (host, scripts)) in quiet.scripts.iter().enumerate() {
        for at in 0..scripts.len() {
            let turn = |(kind_at, _): &(usize, &Kind)| all || (nth + at + kind_at) % quiet.scripts.len() == 0;
            let kinds = kinds.iter().enumerate().filter(turn);
            matrix.extend(kinds.map(|(_, kind)| vec![(host.clone(), at, *kind)]));
        }
    }
    matrix
}

async fn every_script_of_a_deploy(kinds: &[Kind], lived: bool, title: &str) {
    let scene = Scene::new(OPERATIONS, lived).await;
    let quiet = scene.attempt(&[]).await;
    let histogram = disturb(scene, matrix(&quiet, kinds), title).await;
    assert_eq!(histogram.kinds(), kinds.iter().copied().collect());
    for step in &quiet.journaled {
        let landed = histogram.0.get(step).unwrap_or_else(|| panic!("no fault landed in {step}"));
        assert_eq!(landed.len(), kinds.len(), "{step}: {landed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_of_a_deploy_whose_connection_breaks() {
    Box::pin(every_script_of_a_deploy(&Kind::ALL[..6], true, "connections that break in a deploy")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_of_a_deploy_that_go_wrong() {
    Box::pin(every_script_of_a_deploy(&Kind::ALL[6..], true, "scripts of a deploy that go wrong")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_of_a_first_deploy() {
    let kinds = [Kind::ALL[0], Kind::ALL[5], Kind::Exits];
    Box::pin(every_script_of_a_deploy(&kinds, false, "faults in a first deploy")).await;
}

/// The end of its script is not heard, and the connection comes back: what stands behind the step must not be run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_failed_stays_failed_when_the_connection_breaks() {
    let scene = Scene::new(OPERATIONS, true).await;
    let quiet = scene.attempt(&[]).await;
    for step in ["upload_code", "check_upload"] {
        let at = quiet.scripts["web2"].iter().position(|script| script == step).expect("the step");
        let attempt = scene.attempt(&[("web2".to_owned(), at, Kind::ExitsAndIsLost)]).await;
        let failed: Vec<_> = attempt.events.iter().filter(|event| event["event"] == "host_failed").collect();
        assert!(failed.len() == 1 && failed[0]["step"] == step, "{:#?}", attempt.events);
        assert_eq!(attempt.events.last().expect("an ending")["exit_code"], 1);
        let checks = attempt.scripts["web2"].iter().filter(|script| *script == "check_upload").count();
        assert_eq!(checks, 1, "{:?}", attempt.scripts["web2"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_fault_while_hosts_are_put_back() {
    let scene = Scene::new(&format!("[release]\nbatches = [1]\n{OPERATIONS}"), true).await;
    let quiet = scene.attempt(&[]).await;
    let restart = quiet.scripts["web2"].iter().position(|script| script == "restart").expect("a restart");
    let first = ("web2".to_owned(), restart, Kind::WorksAndExits);
    let once = scene.attempt(std::slice::from_ref(&first)).await;
    let is_later = |fault: &Fault| {
        let script = &once.scripts[&fault.0][fault.1];
        script.starts_with("undo ") || ["mark_failed", "look", "unlock"].contains(&script.as_str())
    };
    let second = matrix(&once, &Kind::ALL).into_iter().flatten().filter(is_later);
    let all: Vec<Vec<Fault>> = second.map(|second| vec![first.clone(), second]).collect();
    let histogram = disturb(scene, all, "second faults while a failed switch is put back").await;
    for script in ["undo drain", "undo flip_current", "undo restart"] {
        assert_eq!(histogram.0[script].len(), Kind::ALL.len(), "{script}");
    }
}
