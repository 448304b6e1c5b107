//! A name is claimed by one run only.

use std::fs;

use super::stage::{Stage, record};

super::under_every_shell!(
    a_claim_makes_the_places_and_the_record,
    a_taken_name_is_left_to_its_owner,
    a_claim_may_be_made_again,
    what_a_claim_cut_short_left_is_no_obstacle,
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
async fn a_taken_name_is_left_to_its_owner(stage: Stage) {
    let mut mine = record(0);
    stage.claimed(0).await;
    "bob".clone_into(&mut mine.by);
    let (first, second) = (record(1), record(2));
    fs::create_dir(stage.path(&format!(".relm/releases/{}", first.name))).expect("a directory");
    fs::write(stage.path(&format!("releases/{}", second.name)), "").expect("a file");
    for taken in [&mine, &first, &second] {
        assert_eq!(stage.claim(taken).await, 1, "{}", taken.name);
    }
    let told = stage.read(&format!(".relm/releases/{}/release.json", mine.name));
    assert_eq!(serde_json::from_str::<relm::release::Record>(&told).expect("a record"), record(0));
    assert!(!stage.path(&format!("releases/{}", first.name)).exists());
    nothing_is_left(&stage);
}

/// The answer to it may have been lost with the connection.
async fn a_claim_may_be_made_again(stage: Stage) {
    stage.claimed(0).await;
    stage.claimed(0).await;
    nothing_is_left(&stage);
}

async fn what_a_claim_cut_short_left_is_no_obstacle(stage: Stage) {
    fs::create_dir_all(stage.path(&format!("releases/{}", record(0).name))).expect("a directory");
    stage.claimed(0).await;
    nothing_is_left(&stage);
}

fn nothing_is_left(stage: &Stage) {
    let entries = fs::read_dir(stage.path(".relm/releases")).expect("a directory");
    for entry in entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()) {
        assert!(!entry.starts_with('.'), "{entry} was left");
    }
}

async fn a_place_that_cannot_be_made_is_told(stage: Stage) {
    fs::create_dir_all(stage.path("releases")).expect("a directory");
    fs::write(stage.path("shared"), "").expect("a file");
    assert_eq!(stage.claim(&record(0)).await, 1);
    assert_eq!(fs::read_dir(stage.path("releases")).expect("a directory").count(), 0);
}
