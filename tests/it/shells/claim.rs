//! A name is claimed by one run only.

use std::collections::BTreeSet;
use std::fs;

use futures_util::future::join_all;
use relm::engine::{ClaimError, claim};

use super::stage::{Stage, record};

super::under_every_shell!(
    a_claim_makes_the_places_and_the_record,
    taken_names_are_passed_over,
    many_claims_at_once_get_different_names,
    two_hosts_agree_on_a_name,
    a_place_that_cannot_be_made_is_told,
);

async fn a_claim_makes_the_places_and_the_record(stage: Stage) {
    let synced = stage.synced();
    let record = stage.claimed(0).await;
    // Before they are moved: a power cut must not leave empty ones under the release's name.
    for file in ["release.json", "state"] {
        assert!(synced().iter().any(|path| path.starts_with(".new-") && path.ends_with(file)), "{:?}", synced());
    }
    let places = ["releases", "shared", "log", ".relm/releases"];
    assert!(places.iter().all(|place| stage.path(place).is_dir()));
    let told = stage.read(&format!(".relm/releases/{}/release.json", record.name));
    assert_eq!(serde_json::from_str::<relm::release::Record>(&told).expect("a record"), record);
    let begun = stage.read(&format!(".relm/releases/{}/state", record.name));
    assert_eq!(begun, format!("building {}\n", record.created.to_rfc3339()));
    assert!(stage.path(&format!("releases/{}", record.name)).is_dir());
}

/// By a release, by a record alone, by a file.
async fn taken_names_are_passed_over(stage: Stage) {
    stage.claimed(0).await;
    let (first, second) = (record(1).name, record(2).name);
    fs::create_dir(stage.path(&format!(".relm/releases/{first}"))).expect("a directory");
    fs::write(stage.path(&format!("releases/{second}")), "").expect("a file");
    let claimed = claim(&[stage.machine()], &record(0)).await.expect("a claim");
    assert_eq!(claimed.name, record(3).name);
    assert_eq!(claimed.created, record(0).created);
    let told = stage.read(&format!(".relm/releases/{}/release.json", claimed.name));
    assert_eq!(serde_json::from_str::<relm::release::Record>(&told).expect("a record"), claimed);
    nothing_is_left(&stage);
}

fn nothing_is_left(stage: &Stage) {
    let entries = fs::read_dir(stage.path(".relm/releases")).expect("a directory");
    for entry in entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()) {
        assert!(!entry.starts_with('.'), "{entry} was left");
    }
}

async fn many_claims_at_once_get_different_names(stage: Stage) {
    const RUNS: usize = 12;
    let claims = (0..RUNS).map(|_| async { claim(&[stage.machine()], &record(0)).await.expect("a claim") });
    let names: BTreeSet<_> = join_all(claims).await.into_iter().map(|record| record.name).collect();
    assert_eq!(names.len(), RUNS);
    for name in &names {
        let told = stage.read(&format!(".relm/releases/{name}/release.json"));
        assert!(told.contains(name.as_str()), "{name} has the record {told}");
    }
    assert_eq!(fs::read_dir(stage.path("releases")).expect("a directory").count(), RUNS);
    nothing_is_left(&stage);
}

/// What one host has taken is given back on the other.
async fn two_hosts_agree_on_a_name(stage: Stage) {
    let other = Stage::new(stage.shell, stage.tools);
    other.claimed(0).await;
    let machines = [stage.machine(), other.machine()];
    let claimed = claim(&machines, &record(0)).await.expect("a claim");
    assert_eq!(claimed.name, record(1).name);
    assert!(!stage.path(&format!("releases/{}", record(0).name)).exists());
    assert!(!stage.path(&format!(".relm/releases/{}", record(0).name)).exists());
    let told = other.read(&format!(".relm/releases/{}/release.json", record(0).name));
    assert!(told.contains(record(0).name.as_str()), "another run's claim was given away");
    nothing_is_left(&stage);
}

async fn a_place_that_cannot_be_made_is_told(stage: Stage) {
    fs::create_dir_all(stage.path("releases")).expect("a directory");
    fs::write(stage.path("shared"), "").expect("a file");
    let error = claim(&[stage.machine()], &record(0)).await;
    let Err(ClaimError::Host { host, reason }) = error else { panic!("{error:?}") };
    assert!(host.as_str() == "web1" && reason.contains("shared"), "{reason}");
    assert_eq!(fs::read_dir(stage.path("releases")).expect("a directory").count(), 0);
}
