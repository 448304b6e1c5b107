//! While `current` flips, whoever opens a file below it finds the one release or the other.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use relm::engine::Operation as _;

use super::flip::operation;
use super::stage::{Shell, Stage, Tools, ended, record};

const FLIPS: u32 = 150;

async fn flips_are_never_seen_half_done(stage: Stage) {
    for n in 0..2 {
        let name = stage.claimed(n).await.name;
        fs::write(stage.path(&format!("releases/{name}/VERSION")), content(n)).expect("a file");
    }
    let flip = async |from: Option<u32>, to: u32| {
        let (from, to, operation) = (from.map(|from| record(from).name), record(to).name, operation(to, false));
        ended(&stage.work(&operation.work(&stage.on(Some(&to), from.as_ref()))).await, 0);
    };
    flip(None, 0).await;
    let over = Arc::new(AtomicBool::new(false));
    let reader = std::thread::spawn({
        let (over, path) = (Arc::clone(&over), stage.path("current/VERSION"));
        move || {
            let mut seen = [0_u32; 2];
            while !over.load(Ordering::Relaxed) {
                let read = fs::read_to_string(&path).expect("there is always a release");
                let which = (0..2).find(|n| read == content(*n)).expect("the whole content of one release");
                seen[which as usize] += 1;
                // Leaves some of the processor to the flips; thousands of reads are enough.
                std::thread::sleep(std::time::Duration::from_micros(20));
            }
            seen
        }
    });
    for n in 0..FLIPS {
        flip(Some(n % 2), (n + 1) % 2).await;
    }
    over.store(true, Ordering::Relaxed);
    let seen = reader.join().expect("a reader that found no gap");
    assert!(seen.iter().all(|seen| *seen > FLIPS), "the reader was too slow to prove anything: {seen:?}");
}

fn content(n: u32) -> String {
    format!("{n}").repeat(5_000)
}

#[tokio::test]
async fn with_coreutils() {
    flips_are_never_seen_half_done(Stage::new(Shell::Dash, Tools::Coreutils)).await;
}

#[tokio::test]
async fn with_busybox() {
    flips_are_never_seen_half_done(Stage::new(Shell::Ash, Tools::Busybox)).await;
}
