//! Whole deploys over real sshd, side by side with what every machine has: `cargo bench --bench deploys -- [HOSTS [RTT_MS [RUNS]]]`.
//!
//! Each host is an sshd of its own on loopback, behind a relay that holds every byte for half the round trip. What a
//! machine with network namespaces can do better (the handshake of TCP, its slow start) is not delayed here, so the
//! figures are a little kind to everybody; read the ratios.

mod app;
mod far;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use far::Far;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` builds and starts benchmarks too; only `cargo bench` says this.
    if !args.iter().any(|arg| arg == "--bench") {
        return;
    }
    let numbers: Vec<u64> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let number = |at: usize, other: u64| numbers.get(at).copied().unwrap_or(other);
    let (hosts, rtt, runs) = (number(0, 1), number(1, 100), number(2, 3));
    let far = Far::start(usize::try_from(hosts).expect("a number of hosts"), Duration::from_millis(rtt));
    println!("{hosts} hosts, {rtt} ms, {} files, {runs} runs; medians in seconds", app::FILES);
    let mut rows: Vec<(&str, Vec<f64>)> = Vec::new();
    for _ in 0..runs {
        far.wipe();
        app::write(&far.path("code"), 1);
        let mut row = |name, seconds| match rows.iter_mut().find(|(other, _)| *other == name) {
            Some((_, all)) => all.push(seconds),
            None => rows.push((name, vec![seconds])),
        };
        row("ssh true", timed(far.on_all(|host| far.ssh(host, "exec true"))));
        row("tar | ssh tar", timed(far.on_all(|host| far.tar(host))));
        row("relm first", timed(vec![far.relm(&["deploy"])]));
        row("relm same", timed(vec![far.relm(&["deploy"])]));
        app::write(&far.path("code"), 2);
        row("relm second", timed(vec![far.relm(&["deploy"])]));
        row("relm rollback", timed(vec![far.relm(&["rollback"])]));
    }
    let login = median(&mut rows[0].1);
    for (name, all) in &mut rows {
        let median = median(all);
        println!("{name:<14} {median:7.3}   {:5.2} x ssh true", median / login);
    }
}

/// Runs commands at once; each must succeed.
fn timed(commands: Vec<Command>) -> f64 {
    let begun = Instant::now();
    let start = |mut command: Command| {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().expect("it starts")
    };
    let children: Vec<_> = commands.into_iter().map(start).collect();
    for child in children {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    begun.elapsed().as_secs_f64()
}

fn median(all: &mut [f64]) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
