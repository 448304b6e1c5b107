//! Deploys over real sshd that are disturbed at random moments: relm killed, connections killed or silent for a while,
//! disks full or read-only. Whatever is hit, and whenever: hosts serve whole releases, the run tells the truth, and one
//! command goes on with it.
//!
//! `RELM_CHAOS_KILLS` says how many deploys are disturbed, `RELM_CHAOS_SEED` replays a run whose seed was printed.

mod deploy;
pub(crate) mod disk;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::fleet::Fleet;
use crate::invariants::{Hosts, Live, all_run, hosts_are_sound, live, the_ending_is_true};
use crate::site::{Done, OnHost};
use crate::sshd::signal;
use crate::traces;
use deploy::Deploy;
use disk::Disk;

/// Enough for most kinds of disturbance to come.
const USUAL_KILLS: u64 = 15;

/// Long enough to connect again on a busy machine: so long after relm's death its lock frees itself.
const LOCK: &str = "[lock]\ngrace = \"3s\"\n";

/// How long a host is silent.
const SILENCE: Duration = Duration::from_secs(3);

/// What happens to a deploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Blow {
    /// `kill -9` of relm.
    RelmKilled,
    /// The connection to one host dies.
    ConnectionKilled,
    /// The connections to all hosts die.
    AllConnectionsKilled,
    /// Nothing is heard of one host for a while.
    HostSilent,
    /// One host's connection dies, and relm soon after.
    ConnectionThenRelmKilled,
    /// A disk has no room left.
    DiskFull,
    /// A disk can only be read.
    DiskReadOnly,
}

impl Blow {
    const ALL: [Self; 7] = [
        Self::RelmKilled,
        Self::ConnectionKilled,
        Self::AllConnectionsKilled,
        Self::HostSilent,
        Self::ConnectionThenRelmKilled,
        Self::DiskFull,
        Self::DiskReadOnly,
    ];

    fn kills_relm(self) -> bool {
        matches!(self, Self::RelmKilled | Self::ConnectionThenRelmKilled)
    }

    fn needs_a_disk(self) -> bool {
        matches!(self, Self::DiskFull | Self::DiskReadOnly)
    }
}

/// The same numbers for the same seed: splitmix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut n = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((n ^ (n >> 31)) % sides as u64).expect("less than sides")
    }
}

/// Three hosts over ssh, whose releases lie on disks of their own where that is allowed.
struct Arena {
    disks: Vec<Disk>,
    fleet: Fleet,
}

impl Arena {
    fn start() -> Option<Self> {
        let fleet = Fleet::start_with(&(LOCK.to_owned() + traces::OPERATIONS))?;
        let disks = fleet.servers.iter().filter_map(|(name, _)| Disk::mount(&fleet.path(name).join("www"))).collect();
        Some(Self { disks, fleet })
    }

    fn hosts(&self) -> Hosts {
        let host = |name: &str| OnHost { base: self.fleet.path(name).join("www/test") };
        self.fleet.servers.iter().map(|(name, _)| ((*name).to_owned(), host(name))).collect()
    }

    /// The kinds of disturbance this machine allows.
    fn blows(&self) -> Vec<Blow> {
        let possible = |blow: &Blow| !blow.needs_a_disk() || !self.disks.is_empty();
        Blow::ALL.into_iter().filter(possible).collect()
    }

    fn begin(&self) -> Child {
        let mut deploy = self.fleet.command(&["deploy", "--json"]);
        deploy.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("relm runs")
    }

    fn strike(&self, blow: Blow, host: usize, relm: &mut Child) {
        let sessions = |host: usize| self.fleet.servers[host].1.sessions().into_iter();
        let cut = |host: usize| sessions(host).for_each(|pid| signal("KILL", pid));
        match blow {
            Blow::RelmKilled => relm.kill().expect("a kill"),
            Blow::ConnectionKilled => cut(host),
            Blow::AllConnectionsKilled => (0..self.fleet.servers.len()).for_each(cut),
            Blow::HostSilent => {
                let silent: Vec<u32> = sessions(host).collect();
                let tell = |name: &str| {
                    for pid in &silent {
                        signal(name, *pid);
                    }
                };
                tell("STOP");
                std::thread::sleep(SILENCE);
                tell("CONT");
            }
            Blow::ConnectionThenRelmKilled => {
                cut(host);
                std::thread::sleep(Duration::from_millis(30));
                relm.kill().expect("a kill");
            }
            Blow::DiskFull => self.disks[host].fill(),
            Blow::DiskReadOnly => self.disks[host].freeze(),
        }
    }

    fn mend(&self) {
        self.disks.iter().for_each(Disk::mend);
    }

    /// Goes on with the deploy from what the hosts hold, in an empty home and at once; deploys anew where there is
    /// nothing to go on with. Says whether it was gone on with.
    fn heal(&self, context: &str) -> bool {
        let home = tempfile::tempdir().expect("a home");
        let relm = |args: &[&str]| {
            let mut relm = self.fleet.command(args);
            Done::from(relm.env("HOME", home.path()).output().expect("relm runs"))
        };
        let mut done = relm(&["deploy", "--resume", "--wait", "1m"]);
        let nothing_to_do = done.code == Some(3) && done.stderr.contains("there is no unfinished deploy");
        if nothing_to_do {
            done = relm(&["deploy", "--wait", "1m"]);
        }
        assert_eq!(done.code, Some(0), "{context}: it is not healed\n{}{}", done.stdout, done.stderr);
        !nothing_to_do
    }
}

/// What a run that was not killed says is so.
fn the_run_tells_the_truth(done: &Done, hosts: &Hosts, before: &Live, context: &str) {
    let events = done.json();
    let Some(end) = events.last() else { panic!("{context}: no events\n{}", done.stderr) };
    assert_eq!(end["exit_code"], done.code.expect("a code"), "{context}");
    let was_refused = end["hosts"].as_object().is_none_or(serde_json::Map::is_empty) || events[0]["release"].is_null();
    if was_refused {
        assert_eq!(live(hosts), *before, "{context}: something changed before the run\n{}", done.stderr);
        return;
    }
    the_ending_is_true(&events, hosts, before, context);
}

#[test]
fn a_fleet_under_random_blows() {
    let Some(arena) = Arena::start() else { return };
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
    let seed = number("RELM_CHAOS_SEED").unwrap_or_else(|| u64::from(now.subsec_nanos()));
    let kills = number("RELM_CHAOS_KILLS").unwrap_or(USUAL_KILLS);
    println!("\nRELM_CHAOS_SEED={seed} RELM_CHAOS_KILLS={kills}");
    let mut dice = Dice(seed);
    let events = arena.fleet.relm(&["deploy", "--json"]).ends(0).json().len();
    let (hosts, blows) = (arena.hosts(), arena.blows());
    let first = arena.fleet.live()[0].clone().expect("a release");
    let undisturbed = tree::read(&hosts["web1"].release(&first));
    let mut landed: BTreeMap<(Blow, String, &str), usize> = BTreeMap::new();
    for round in 0..kills {
        let (blow, host) = (blows[dice.roll(blows.len())], dice.roll(hosts.len()));
        // Before the first event it connects and looks around, which takes a while.
        let (event, more) = (dice.roll(events), dice.roll(60));
        let more = Duration::from_millis(if event == 0 { more * 10 } else { more } as u64);
        let context = format!("seed {seed}, deploy {round}: {blow:?} on host {host}, {more:?} after event {event}");
        let before = live(&hosts);
        let mut deploy = Deploy::listen(arena.begin());
        deploy.await_event(event);
        std::thread::sleep(more);
        arena.strike(blow, host, &mut deploy.relm);
        let done = deploy.end(&context);
        arena.mend();
        let step = last_step(&done.stdout);
        hosts_are_sound(&hosts, &context);
        assert!(blow != Blow::HostSilent || done.code == Some(0), "{context}\n{}{}", done.stdout, done.stderr);
        if !(blow.kills_relm() && done.code.is_none()) {
            the_run_tells_the_truth(&done, &hosts, &before, &context);
        }
        let was_unfinished = arena.heal(&context);
        let came = if done.code == Some(0) {
            "succeeded"
        } else if was_unfinished {
            "resumed"
        } else {
            "deployed anew"
        };
        *landed.entry((blow, step, came)).or_default() += 1;
        let healed = live(&hosts)["web1"].clone().expect("a release");
        all_run(&hosts, &healed, &context);
        // A step whose success could not be written down has failed, and is done again.
        let is_once = !blow.needs_a_disk();
        if is_once {
            traces::all_are_there_once(&hosts, &healed, &context);
        } else {
            traces::all_are_there(&hosts, &healed, &context);
        }
        for (name, host) in &hosts {
            let mut tree = tree::read(&host.release(&healed));
            if !is_once {
                tree.extend(
                    undisturbed.get_key_value(Path::new("trace")).map(|(at, trace)| (at.clone(), trace.clone())),
                );
            }
            assert_eq!(tree::difference(&undisturbed, &tree), None, "{context}: {name}");
        }
    }
    println!("{kills} deploys disturbed, none in vain; by kind and by the step that was the last to begin:");
    for ((blow, step, came), times) in landed {
        println!("{times:4} {:26} {step:16} {came}", format!("{blow:?}"));
    }
}

/// The step that had begun last when a deploy ended.
fn last_step(stdout: &str) -> String {
    let mut events = stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let begun = events.rfind(|event| event["event"] == "step_started");
    begun.map_or_else(|| "-".to_owned(), |event| event["step"].as_str().unwrap_or_default().to_owned())
}
