//! The pure parts of a deploy that grow with a tree or with a history: `cargo bench --bench pure`.
#![allow(missing_docs, reason = "nobody names a benchmark from outside")]

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use divan::{Bencher, black_box};
use relm::release::{Entry, Facts, Kind, Manifest, ReleaseName, Rules, State, decide};

fn main() {
    divan::main();
}

/// `files` files in directories of fifty; one in a hundred differs from `version` to `version`.
fn tree(files: usize, version: usize) -> Manifest {
    let mut entries = BTreeMap::new();
    for n in 0..files {
        let directory = format!("app/part{:05}", n / 50);
        entries.insert(format!("{directory}/module_{n}.py"), file(n, if n % 100 == 0 { version } else { 0 }));
        entries.entry(directory).or_insert(Entry { mode: 0o755, kind: Kind::Directory });
    }
    Manifest { entries }
}

fn file(n: usize, version: usize) -> Entry {
    let sha256 = format!("{:064x}", n * 31 + version);
    Entry { mode: 0o644, kind: Kind::File { size: 10_000, sha256 } }
}

const FILES: [usize; 3] = [2_000, 25_000, 100_000];

/// Text, and its hash: what a release's tree is known by.
#[divan::bench(args = FILES)]
fn manifest_hash(bencher: Bencher<'_, '_>, files: usize) {
    let tree = tree(files, 1);
    bencher.bench(|| black_box(&tree).hash());
}

#[divan::bench(args = FILES)]
fn manifest_parse(bencher: Bencher<'_, '_>, files: usize) {
    let text = tree(files, 1).to_text();
    bencher.bench(|| Manifest::parse(black_box(&text)));
}

/// What makes one release's manifest out of another's: it is all a host is told of the files it has.
#[divan::bench(args = FILES)]
fn manifest_edits(bencher: Bencher<'_, '_>, files: usize) {
    let (base, new) = (tree(files, 1), tree(files, 2));
    bencher.bench(|| black_box(&new).edits(black_box(&base)));
}

/// Which releases of a host stay.
#[divan::bench(args = [10, 100, 1_000])]
fn retention(bencher: Bencher<'_, '_>, releases: usize) {
    let facts: Vec<Facts> = (0..releases).map(facts).collect();
    let (target, now) = (facts[releases - 2].name.clone(), day(releases));
    let (keep_failed, min_age) = (TimeDelta::days(1), TimeDelta::hours(48));
    let rules = Rules { keep: 5, keep_failed, min_age, spared: Vec::new() };
    bencher.bench(|| decide(black_box(&facts), &rules, Some(&target), now));
}

fn facts(n: usize) -> Facts {
    let state = match n % 7 {
        0 => State::Failed,
        1 => State::Private,
        2 => State::Bad,
        _ => State::Retired,
    };
    let created = day(n);
    let (name, ended) = (ReleaseName::at(created), Some(created));
    Facts { name, created, state, keep_until: None, ended, left: ended, used_by: None }
}

fn day(n: usize) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(i64::try_from(n).expect("a small number"))
}
