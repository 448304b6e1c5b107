//! What must hold on the hosts' disks whatever has happened, and what a run's last event may say about them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use relm::release::{Entry, Kind, Manifest, hex};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::site::OnHost;

/// What is live on each host.
pub(crate) type Live = BTreeMap<String, Option<String>>;

/// The hosts of a run by their names.
pub(crate) type Hosts = BTreeMap<String, OnHost>;

pub(crate) fn live(hosts: &Hosts) -> Live {
    hosts.iter().map(|(name, host)| (name.clone(), host.current())).collect()
}

/// Whatever happened: what is live is a whole release, and nothing that is called complete is less.
#[track_caller]
pub(crate) fn hosts_are_sound(hosts: &Hosts, context: &str) {
    for (name, host) in hosts {
        if let Some(release) = host.current() {
            let state = host.state(&release);
            assert_eq!(state, "complete", "{context}: {name} serves {release}, which is {state}");
        }
        for release in recorded(host) {
            if host.release(&release).exists() && host.state(&release) == "complete" {
                let flaw = flaw(host, &release);
                assert_eq!(flaw, None, "{context}: {release} on {name} is called complete");
            }
        }
    }
}

/// Every release that has a record.
fn recorded(host: &OnHost) -> Vec<String> {
    let Ok(entries) = fs::read_dir(host.path(".relm/releases")) else { return Vec::new() };
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    // A claim that was cut short leaves its half-made record under a name that is no release's.
    names.filter(|name| !name.starts_with('.')).collect()
}

/// The first thing in which a release differs from its manifest.
pub(crate) fn flaw(host: &OnHost, release: &str) -> Option<String> {
    let Ok(text) = fs::read_to_string(host.record_file(release, "manifest")) else {
        return Some("it has no manifest".to_owned());
    };
    let Ok(manifest) = Manifest::parse(&text) else { return Some("its manifest is damaged".to_owned()) };
    let differs = |(path, entry): (&String, &Entry)| {
        let there = host.release(release).join(path);
        (!is_as_written(&there, entry.mode, &entry.kind)).then(|| format!("{path} is not what was sent"))
    };
    manifest.entries.iter().find_map(differs)
}

fn is_as_written(path: &Path, mode: u32, kind: &Kind) -> bool {
    let Ok(found) = fs::symlink_metadata(path) else { return false };
    let runs = |mode: u32| mode & 0o100 != 0;
    match kind {
        Kind::Directory => found.is_dir(),
        Kind::File { size, sha256 } => {
            let same = fs::read(path).is_ok_and(|bytes| hex(&Sha256::digest(bytes)) == *sha256);
            found.is_file() && found.len() == *size && same && runs(found.permissions().mode()) == runs(mode)
        }
        Kind::Link { target } => fs::read_link(path).is_ok_and(|link| link == Path::new(target)),
    }
}

/// The events of a run agree with the disks and the exit code with both. `before` is what was live when it began.
#[track_caller]
pub(crate) fn the_ending_is_true(events: &[Value], hosts: &Hosts, before: &Live, context: &str) {
    let ended: Vec<&Value> = events.iter().filter(|event| event["event"] == "run_ended").collect();
    assert_eq!(ended.len(), 1, "{context}: run_ended comes once");
    let end = ended[0];
    assert_eq!(events.last(), Some(end), "{context}: run_ended is the last");
    let told: Live = serde_json::from_value(end["hosts"].clone()).expect("hosts");
    let unread: Vec<String> = serde_json::from_value(end["unread"].clone()).unwrap_or_default();
    let now = live(hosts);
    assert!(told.keys().eq(now.keys()), "{context}: every host is named: {end}");
    for (host, release) in now.iter().filter(|(host, _)| !unread.contains(host)) {
        assert_eq!(told[host], *release, "{context}: what is told of {host}: {end}");
    }
    let new = Some(events[0]["release"].as_str().expect("a release").to_owned());
    let all_new = now.values().all(|live| *live == new);
    let all_before = now == *before;
    let code = end["exit_code"].as_u64().expect("a code");
    let (agrees, ending): (bool, &[&str]) = match code {
        0 => (all_new && unread.is_empty(), &["succeeded"]),
        1 => (all_before, &["nothing_changed", "put_back"]),
        4 => (all_new, &["live_but_unfinished"]),
        5 => (!(all_new || all_before) || !unread.is_empty() || end["reason"].is_string(), &["mixed"]),
        75 => (all_before, &["paused"]),
        130 => (all_before || all_new, &["interrupted"]),
        _ => (false, &[]),
    };
    assert!(agrees, "{context}: {end}\nstands: {now:?}\nstood: {before:?}\nnew: {new:?}");
    if code == 5 {
        let told_why = |event: &Value| event["event"] == "host_put_back" && event.get("failure").is_some();
        assert!(!unread.is_empty() || events.iter().any(told_why), "{context}: nobody says why it is mixed: {end}");
    }
    let said = end["ending"].as_str().expect("an ending");
    assert!(ending.contains(&said), "{context}: {said} with {code}");
    if now.values().any(|live| Some(live) != now.values().next()) {
        assert!(code == 5, "{context}: hosts run different releases: {now:?}, {end}");
    }
}

/// All hosts run this one release, and it is whole.
#[track_caller]
pub(crate) fn all_run(hosts: &Hosts, release: &str, context: &str) {
    for (name, host) in hosts {
        assert_eq!(host.current().as_deref(), Some(release), "{context}: {name}");
    }
    hosts_are_sound(hosts, context);
}
