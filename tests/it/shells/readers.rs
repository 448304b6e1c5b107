//! While `current` flips on a whole fleet, whoever reads below it finds the one release or the other, never neither and
//! never both.

use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use relm::engine::{Events, Machine, Nobody, Plan, run};
use relm::fleet::{Fleet, HostName};
use tokio_util::sync::CancellationToken;

use super::flip::operation;
use super::stage::{Shell, Stage, Tools, record};

const HOSTS: usize = 3;
/// On all hosts together.
const FLIPS: usize = 1000;

/// Reads on one host until it is told to stop. Returns how often it saw which release.
struct Reader {
    current: PathBuf,
    seen: [usize; 2],
}

impl Reader {
    fn start(current: PathBuf, over: &Arc<AtomicBool>) -> JoinHandle<[usize; 2]> {
        let over = Arc::clone(over);
        std::thread::spawn(move || {
            let mut reader = Self { current, seen: [0, 0] };
            while !over.load(Ordering::Relaxed) {
                reader.read_by_path();
                reader.read_in_an_open_directory();
                // Leaves some of the processor to the flips; thousands of reads are enough.
                std::thread::sleep(Duration::from_micros(200));
            }
            reader.seen
        })
    }

    fn read_by_path(&mut self) {
        self.seen[which(&self.current.join("VERSION"))] += 1;
    }

    /// What `current` meant when the directory was opened is what everything below it belongs to.
    fn read_in_an_open_directory(&mut self) {
        let directory = File::open(&self.current).expect("there is always a release");
        let below = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
        let first = which(&below.join("VERSION"));
        std::thread::yield_now();
        assert_eq!(which(&below.join("static/VERSION")), first, "two releases in one directory");
        self.seen[first] += 1;
    }
}

/// Which release a file is of.
fn which(path: &Path) -> usize {
    let read = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (0..2).find(|n| read == content(*n)).expect("the whole content of one release")
}

fn content(n: usize) -> String {
    format!("{n}").repeat(5_000)
}

async fn readers_see_one_release_or_the_other(shell: Shell, tools: Tools) {
    let mut stages: Vec<Stage> = (0..HOSTS).map(|_| Stage::new(shell, tools)).collect();
    for (nth, stage) in stages.iter_mut().enumerate() {
        stage.host.name = HostName::new(&format!("web{}", nth + 1)).expect("a name");
        for n in 0..2 {
            let name = stage.claimed(n).await.name;
            for place in ["", "static/"] {
                let file = stage.path(&format!("releases/{name}/{place}VERSION"));
                fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
                fs::write(file, content(n as usize)).expect("a file");
            }
        }
    }
    let fleet = Fleet { hosts: stages.iter().map(|stage| stage.host.clone()).collect() };
    let mut machines: Vec<Machine> = stages.iter().map(Stage::machine).collect();
    flip(&fleet, &mut machines, &stages[0], 0).await;
    let over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = stages.iter().map(|stage| Reader::start(stage.path("current"), &over)).collect();
    for n in 0..FLIPS.div_ceil(HOSTS) {
        flip(&fleet, &mut machines, &stages[0], u32::try_from((n + 1) % 2).expect("0 or 1")).await;
    }
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        let seen = reader.join().expect("a reader that found no gap");
        assert!(seen.iter().all(|seen| *seen > 200), "the reader was too slow to prove anything: {seen:?}");
    }
}

/// Makes a release live on all hosts, by a run of the real operation.
async fn flip(fleet: &Fleet, machines: &mut [Machine], stage: &Stage, to: u32) {
    let name = record(to).name;
    let plan = Plan::new("deploy", &stage.env, fleet).about(&name).flip(operation(to, false));
    let (events, heard) = Events::new(false);
    let ended = run(&plan, machines, &events, &CancellationToken::new(), &Nobody).await;
    let said = std::iter::from_fn(|| heard.within(Duration::ZERO).ok()).map(|event| format!("{:?}\n", event.event));
    assert_eq!(ended.exit_code, 0, "{}", said.collect::<String>());
    for machine in machines {
        machine.before = Some(name.clone());
    }
}

#[tokio::test]
async fn with_coreutils() {
    readers_see_one_release_or_the_other(Shell::Dash, Tools::Coreutils).await;
}

#[tokio::test]
async fn with_busybox() {
    readers_see_one_release_or_the_other(Shell::Ash, Tools::Busybox).await;
}
