//! What steps make is sealed, and whatever differs from it later is told.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use relm::engine::{Batches, Events, Nobody, Operation, Plan, inspect, run, verify};
use relm::fleet::Fleet;
use relm::operations::RunCommand;
use relm::release::Record;
use relm::source::{Places, Source, Wanted};
use tokio_util::sync::CancellationToken;

use super::code::{Code, mode};
use super::stage::Stage;

super::under_every_shell!(
    a_sealed_tree_is_as_it_was_made,
    every_difference_is_told,
    what_a_killed_attempt_left_belongs_to_the_next,
);

fn command(name: &str, run: &str) -> RunCommand {
    RunCommand { reference: "main".to_owned(), ..RunCommand::new(name, run) }
}

/// Runs one operation as a step of a plan.
async fn step(stage: &Stage, record: &Record, operation: impl Operation + 'static) -> u8 {
    let fleet = Fleet { hosts: vec![stage.host.clone()] };
    let plan =
        Plan::new("deploy", &stage.env, &fleet).about(&record.name).batches(Batches::from([1])).prepare(operation);
    let (events, heard) = Events::new(false);
    let ended = run(&plan, &[stage.machine()], &events, &CancellationToken::new(), &Nobody).await;
    drop((events, heard));
    ended.exit_code
}

/// A release with odd code, and its record with the hash of its tree.
async fn coded(stage: &Stage) -> Record {
    let code = Code::odd();
    let mut record = stage.claimed(0).await;
    let wanted = Wanted::of(Source::Directory(code.directory.path().to_owned()));
    let places = Places { cache: code.directory.path().join("cache"), scratch: None };
    record.tree = wanted.freeze(&places).expect("a tree").manifest.hash();
    assert_eq!(step(stage, &record, code.upload()).await, 0);
    assert_eq!(step(stage, &record, code.check()).await, 0);
    record
}

async fn told(stage: &Stage, record: &Record) -> BTreeSet<(String, &'static str, String)> {
    let found = verify(&stage.machine(), record).await.expect("an answer");
    found.into_iter().map(|one| (one.path, one.what.word(), one.step)).collect()
}

fn all(wanted: &[(&str, &'static str, &str)]) -> BTreeSet<(String, &'static str, String)> {
    wanted.iter().map(|(path, what, step)| ((*path).to_owned(), *what, (*step).to_owned())).collect()
}

const BUILD: &str = "mkdir -p 'made dir/in' && echo x > 'made dir/in/new\nline' && ln -s 'no where' -- './-l' &&\n\
    echo y > 'back\\slash' && rm plain && mv -- -dash moved && echo z > \"$(printf 'tab\\tthere')\"";

async fn a_sealed_tree_is_as_it_was_made(stage: Stage) {
    let record = coded(&stage).await;
    assert_eq!(told(&stage, &record).await, all(&[]));
    assert_eq!(step(&stage, &record, command("build", BUILD)).await, 0);
    assert_eq!(
        step(&stage, &record, command("more", "echo more >> 'made dir/in/new\nline'; ln -f moved other")).await,
        0
    );
    assert_eq!(told(&stage, &record).await, all(&[]));
    let left = ["listing", "manifest", "release.json", "seals", "size", "state", "steps", "took"].map(str::to_owned);
    let kept = fs::read_dir(stage.path(&format!(".relm/releases/{}", record.name))).expect("a record");
    let kept: BTreeSet<_> =
        kept.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(kept, BTreeSet::from(left));
}

fn link(target: &str, path: &Path) {
    fs::remove_file(path).and_then(|()| symlink(target, path)).expect("a link");
}

async fn every_difference_is_told(stage: Stage) {
    let record = coded(&stage).await;
    assert_eq!(step(&stage, &record, command("build", BUILD)).await, 0);
    let root = stage.path(&format!("releases/{}", record.name));
    for name in ["new\nline", "a: OK", "e\\c", "made dir/in/new\nline", "back\\slash", "carriage\rreturn"] {
        fs::write(root.join(name), "other").expect("a file");
    }
    for name in ["ends in newline\n", "sub\ndir/in\\side", "moved"] {
        fs::remove_file(root.join(name)).expect("gone");
    }
    for name in ["plain", "x\ny\n", "ends in newline\n+"] {
        fs::write(root.join(name), "content of plain").expect("a file");
    }
    link("back\\slasH", &root.join("link\\"));
    link("nowhere", &root.join("-l"));
    link("plain", &root.join("quo'te"));
    mode(root.join("bin/run\n"), 0o644);
    fs::remove_dir(root.join("an empty\ndirectory")).expect("gone");
    fs::create_dir(root.join("__pycache__")).and_then(|()| fs::write(root.join("__pycache__/x"), "")).expect("a file");
    let wanted = all(&[
        ("new\nline", "edited", "upload_code"),
        ("a: OK", "edited", "upload_code"),
        ("e\\c", "edited", "upload_code"),
        ("carriage\rreturn", "edited", "upload_code"),
        ("made dir/in/new\nline", "edited", "build"),
        ("back\\slash", "edited", "build"),
        ("ends in newline\n", "missing", "upload_code"),
        ("sub\ndir/in\\side", "missing", "upload_code"),
        ("moved", "missing", "build"),
        ("plain", "extra", ""),
        ("x\ny\n", "extra", ""),
        ("ends in newline\n+", "extra", ""),
        ("link\\", "retargeted", "upload_code"),
        ("-l", "retargeted", "build"),
        ("quo'te", "replaced", "upload_code"),
        ("bin/run\n", "mode", "upload_code"),
        ("an empty\ndirectory", "missing", "upload_code"),
    ]);
    assert_eq!(told(&stage, &record).await, wanted);
    // A resumed run is told what steps made, and nothing of what nobody did.
    let machine = stage.machine();
    let found = inspect(&[&machine], &record).await.remove(0).1.expect("an answer");
    assert_eq!(found.len(), wanted.iter().filter(|(_, what, _)| *what != "extra").count());
}

async fn what_a_killed_attempt_left_belongs_to_the_next(stage: Stage) {
    let unchecked = stage.claimed(0).await;
    let machine = stage.machine();
    let found = inspect(&[&machine], &unchecked).await.remove(0).1.expect("an answer");
    assert!(found.len() == 1 && found[0].step == "upload_code", "nothing is trusted yet: {found:?}");
    assert!(verify(&machine, &unchecked).await.is_err());
    fs::remove_dir_all(stage.path("releases")).and_then(|()| fs::remove_dir_all(stage.path(".relm"))).expect("gone");
    let record = coded(&stage).await;
    let half = "if [ ! -e half ]; then echo half > half; kill -KILL $$; exit 1; fi\necho whole > whole";
    assert_ne!(step(&stage, &record, command("build", half)).await, 0);
    assert_eq!(told(&stage, &record).await, all(&[("half", "extra", "")]));
    assert_eq!(inspect(&[&machine], &record).await.remove(0).1, Ok(Vec::new()));
    assert_eq!(step(&stage, &record, command("build", half)).await, 0);
    assert_eq!(told(&stage, &record).await, all(&[]));
    // When it is complete, a step owns no more than what it made itself.
    fs::write(stage.path(&format!(".relm/releases/{}/state", record.name)), "complete x\n").expect("a state");
    fs::write(stage.path(&format!("releases/{}/half", record.name)), "edited").expect("a file");
    assert_eq!(step(&stage, &record, command("late", "echo late > late")).await, 0);
    assert_eq!(told(&stage, &record).await, all(&[("half", "edited", "build")]));
    assert_eq!(step(&stage, &record, command("later", "echo later > half; echo later > late")).await, 0);
    assert_eq!(told(&stage, &record).await, all(&[]));
}
