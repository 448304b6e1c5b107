//! relm itself killed at every event of a deploy.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};

use serde_json::Value;

use crate::invariants::{Hosts, all_run, hosts_are_sound, live};
use crate::site::Site;
use crate::traces;

/// How many tests share the events, so that they run beside each other.
const SHARES: usize = 4;

fn hosts(site: &Site) -> Hosts {
    ["web1", "web2"].map(|name| (name.to_owned(), site.host(name))).into()
}

/// Starts a deploy and kills it as soon as it has told `count` events; says whether it was still running. `count` is
/// how many it told if it was not.
fn killed_after(site: &Site, count: usize) -> Result<Vec<Value>, usize> {
    let mut relm = site.start("deploy --json");
    let mut lines = BufReader::new(relm.stdout.take().expect("standard output")).lines();
    let mut events = Vec::new();
    while events.len() < count {
        let Some(line) = lines.next() else {
            relm.wait().expect("an end");
            return Err(events.len());
        };
        events.push(serde_json::from_str(&line.expect("UTF-8")).expect("JSON"));
    }
    relm.kill().expect("a kill");
    relm.wait().expect("an end");
    Ok(events)
}

/// Goes on with the killed deploy from what the hosts hold themselves: in an empty home, and as soon as what the dead relm
/// has left running there has come to its end.
fn heal(site: &Site, killed: &str, has_begun: bool, context: &str) {
    std::fs::remove_dir_all(site.path("home")).expect("a home");
    std::fs::create_dir(site.path("home")).expect("a home");
    let done = site.relm("deploy --resume --wait 1m");
    if done.code == Some(3) && done.stderr.contains("there is no unfinished deploy") {
        if !has_begun {
            site.deploy();
            return;
        }
        // Everything was done when relm was killed, or by what it had left running.
        assert_eq!(site.live(), killed, "{context}: {}", done.stderr);
        return;
    }
    assert_eq!(done.code, Some(0), "{context}\n{}{}", done.stdout, done.stderr);
    assert_eq!(site.live(), killed, "{context}");
}

/// Returns around which steps, in which way, relm was killed, and how often.
fn killed_at_every_event_of_a_share(share: usize) -> BTreeMap<String, usize> {
    let site = Site::new("web1 web2", &format!("[lock]\ngrace = \"1s\"\n{}", traces::OPERATIONS));
    let mut before = site.deploy();
    let mut count = 1 + share;
    let mut landed: BTreeMap<String, usize> = BTreeMap::new();
    loop {
        let context = format!("killed after event {count}");
        let events = match killed_after(&site, count) {
            Ok(events) => events,
            Err(told) => {
                assert!(told > 50, "a deploy tells so little: {told} events");
                return landed;
            }
        };
        let last = events.last().expect("an event");
        let place =
            format!("{} {}", last["event"].as_str().expect("a name"), last["step"].as_str().unwrap_or_default());
        *landed.entry(place.trim_end().to_owned()).or_default() += 1;
        let hosts = hosts(&site);
        let killed = events[0]["release"].as_str().expect("a release").to_owned();
        // At once, whatever the dead relm has left running.
        hosts_are_sound(&hosts, &context);
        let now = live(&hosts);
        let known = |live: &Option<String>| *live == Some(killed.clone()) || *live == Some(before.clone());
        assert!(now.values().all(known), "{context}: {now:?}");
        let report = site.relm("status --json").report();
        if live(&hosts) == now {
            assert_eq!(report["in_step"], now["web1"] == now["web2"], "{context}: {now:?} {report}");
        }
        // Until the first step of `prepare` is done the hosts may hold nothing of the release.
        let is_step = |event: &serde_json::Value| event["step"] == "upload_code" && event["event"] == "host_finished";
        heal(&site, &killed, events.iter().any(is_step), &context);
        before = site.live();
        all_run(&hosts, &before, &context);
        traces::all_are_there_once(&hosts, &before, &context);
        count += SHARES;
    }
}

#[test]
fn killed_at_every_event() {
    let shares = (0..SHARES).map(|share| std::thread::spawn(move || killed_at_every_event_of_a_share(share)));
    let mut landed: BTreeMap<String, usize> = BTreeMap::new();
    for share in shares.collect::<Vec<_>>() {
        let Ok(share) = share.join() else { panic!("what must hold did not hold in one of the threads") };
        for (place, times) in share {
            *landed.entry(place).or_default() += times;
        }
    }
    println!("\nrelm killed right after, and its deploy gone on with:");
    for (place, times) in &landed {
        println!("{times:4} {place}");
    }
    for step in ["upload_code", "build", "drain", "flip_current", "restart", "announce"] {
        assert!(landed.keys().any(|place| place.ends_with(step)), "nothing was killed around {step}: {landed:?}");
    }
}
