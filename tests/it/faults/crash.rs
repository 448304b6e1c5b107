//! relm itself killed at every event of a deploy.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};

use serde_json::Value;

use crate::invariants::{Hosts, all_run, hosts_are_sound, live};
use crate::site::{Site, within};
use crate::traces;

/// How many tests share the events, so that they run beside each other.
const SHARES: usize = 2;

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

/// No process is at work on the hosts: each begins in its host's directory.
fn is_quiet(site: &Site) -> bool {
    let hosts = site.path("hosts");
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let mut places = processes.filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok());
    !places.any(|place| place.starts_with(&hosts))
}

/// Makes the hosts whole again from what they hold themselves: in an empty home.
fn heal(site: &Site, killed: &str, context: &str) {
    std::fs::remove_dir_all(site.path("home")).expect("a home");
    std::fs::create_dir(site.path("home")).expect("a home");
    let is_unfinished = || site.relm("status --json").report()["unfinished"] != serde_json::json!([]);
    if traces::RESUMES && is_unfinished() {
        site.relm("deploy --resume").ends(0);
        assert_eq!(site.live(), killed, "{context}");
    } else {
        site.relm("deploy").ends(0);
    }
}

fn killed_at_every_event_of_a_share(share: usize) {
    let site = Site::new("web1 web2", traces::OPERATIONS);
    let mut before = site.deploy();
    let mut count = 1 + share;
    let mut landed: BTreeMap<String, usize> = BTreeMap::new();
    let told = loop {
        let context = format!("killed after event {count}");
        let events = match killed_after(&site, count) {
            Ok(events) => events,
            Err(told) => break told,
        };
        let last = events.last().expect("an event");
        let place =
            format!("{} {}", last["event"].as_str().expect("a name"), last["step"].as_str().unwrap_or_default());
        *landed.entry(place.trim_end().to_owned()).or_default() += 1;
        let hosts = hosts(&site);
        let killed = events[0]["release"].as_str().expect("a release").to_owned();
        // At once, and when what the dead relm left running on the hosts has ended too.
        hosts_are_sound(&hosts, &context);
        assert!(within(20, || is_quiet(&site)), "{context}: scripts outlive relm");
        hosts_are_sound(&hosts, &context);
        let now = live(&hosts);
        let known = |live: &Option<String>| *live == Some(killed.clone()) || *live == Some(before.clone());
        assert!(now.values().all(known), "{context}: {now:?}");
        let report = site.relm("status --json").report();
        let in_step = now["web1"] == now["web2"];
        assert_eq!(report["in_step"], in_step, "{context}: {now:?} {report}");
        heal(&site, &killed, &context);
        before = site.live();
        all_run(&hosts, &before, &context);
        traces::none_is_double(&hosts, &killed, &context);
        traces::all_are_there_once(&hosts, &before, &context);
        count += SHARES;
    };
    println!("\nrelm killed right after (every {SHARES}. of {told} events, from {}):", share + 1);
    for (place, times) in &landed {
        println!("{times:4} {place}");
    }
    for step in ["upload_code", "build", "drain", "flip_current", "restart", "announce"] {
        assert!(landed.keys().any(|place| place.ends_with(step)), "nothing was killed around {step}: {landed:?}");
    }
}

#[test]
fn killed_at_odd_events() {
    killed_at_every_event_of_a_share(0);
}

#[test]
fn killed_at_even_events() {
    killed_at_every_event_of_a_share(1);
}
