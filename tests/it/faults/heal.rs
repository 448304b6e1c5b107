//! What comes after a disturbed deploy: hosts that were put back are looked at, and the deploy is gone on with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::invariants::{Hosts, Live, live};
use crate::site::Done;

/// Goes on with a disturbed deploy, or deploys anew where there is nothing to go on with, by the program itself.
/// Returns what is live then.
pub(super) async fn heal(root: &Path, events: &[Value], hosts: &Hosts, context: &str) -> String {
    let relm = async |args: &[&str]| {
        let mut relm = tokio::process::Command::new(env!("CARGO_BIN_EXE_relm"));
        relm.args(args).current_dir(root).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let home = tempfile::tempdir().expect("a home");
        relm.env("HOME", home.path()).env("LANG", "C.UTF-8").env("USER", "ada").stdin(Stdio::null());
        Done::from(relm.output().await.expect("relm runs"))
    };
    // A lock that was taken when the connection broke is held until its keeper has heard nothing for a while.
    let mut done = relm(&["deploy", "--resume", "--wait", "1m"]).await;
    if done.code == Some(3) && done.stderr.contains("there is no unfinished deploy") {
        let release = events.first().and_then(|event| event["release"].as_str());
        let is_live = live(hosts).values().all(|live| live.as_deref() == release);
        let next = events.last().map(|event| event["next"].to_string()).unwrap_or_default();
        assert!(
            release.is_none() || is_live || !next.contains("--resume"),
            "{context}: it cannot be gone on with\n{}",
            done.stderr
        );
        done = relm(&["deploy", "--wait", "1m"]).await;
    }
    assert_eq!(done.code, Some(0), "{context}: it is not healed\n{}{}", done.stdout, done.stderr);
    live(hosts).into_values().next().flatten().expect("something is live")
}

/// A host that is told to be put back without a failure serves its traffic again, from what it ran before.
#[track_caller]
pub(super) fn undone_is_undone(events: &[Value], root: &Path, before: &Live, context: &str) {
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
