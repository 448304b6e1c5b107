//! Looking at a tree before its journal is trusted: what was touched is found, what other steps made is not held
//! against it, and nothing is changed.

use std::fs;
use std::os::unix::fs::symlink;

use relm::engine::{Difference, inspect};
use relm::operations::LinkShared;
use relm::release::{Manifest, Record};

use super::code::{Code, mode};
use super::stage::{Stage, ended};

super::under_every_shell!(
    what_was_touched_is_found,
    what_steps_made_is_no_difference,
    a_lost_manifest_is_told,
    code_goes_only_into_a_release_that_is_not_live
);

/// A release with uploaded and checked code; its record knows the tree.
async fn uploaded(stage: &Stage, code: &Code) -> Record {
    let mut record = stage.claimed(1).await;
    ended(&stage.run(&code.upload(), &record.name).await, 0);
    ended(&stage.run(&code.check(), &record.name).await, 0);
    let manifest = stage.read(&format!(".relm/releases/{}/manifest", record.name));
    record.tree = Manifest::parse(&manifest).expect("a manifest").hash();
    record
}

async fn found(stage: &Stage, record: &Record) -> Vec<Difference> {
    let mut all = inspect(&[&stage.machine()], record).await;
    assert_eq!(all.len(), 1);
    all.remove(0).1.expect("an answer")
}

async fn what_was_touched_is_found(stage: Stage) {
    let code = Code::small();
    let record = uploaded(&stage, &code).await;
    assert_eq!(found(&stage, &record).await, []);
    let tree = stage.path(&format!("releases/{}", record.name));
    fs::write(tree.join("plain"), "meddled").expect("a file");
    fs::remove_file(tree.join("with space")).expect("a file");
    fs::write(tree.join("back\\slash"), "meddled").expect("a file");
    mode(tree.join("bin/run"), 0o644);
    fs::remove_file(tree.join("relative")).expect("a link");
    symlink("/etc", tree.join("relative")).expect("a link");
    fs::remove_dir(tree.join("empty directory")).expect("a directory");
    fs::remove_file(tree.join("empty file")).expect("a file");
    symlink("/dev/null", tree.join("empty file")).expect("a link");
    let found = found(&stage, &record).await;
    let mut paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
    paths.sort_unstable();
    let touched = ["back\\slash", "bin/run", "empty directory", "empty file", "plain", "relative", "with space"];
    assert_eq!(paths, touched, "{found:?}");
    assert!(found.iter().all(|one| one.step == "upload_code"));
}

async fn what_steps_made_is_no_difference(stage: Stage) {
    let code = Code::small();
    let record = uploaded(&stage, &code).await;
    fs::create_dir_all(stage.path("shared")).expect("a directory");
    fs::write(stage.path("shared/plain"), "settings").expect("a file");
    let link = LinkShared { dirs: vec!["bin".to_owned()], files: vec!["plain".to_owned()] };
    ended(&stage.run(&link, &record.name).await, 0);
    fs::write(stage.path(&format!("releases/{}/built", record.name)), "by a step").expect("a file");
    assert_eq!(found(&stage, &record).await, []);
}

async fn a_lost_manifest_is_told(stage: Stage) {
    let code = Code::small();
    let record = uploaded(&stage, &code).await;
    let manifest = stage.path(&format!(".relm/releases/{}/manifest", record.name));
    let text = fs::read_to_string(&manifest).expect("a manifest");
    for damaged in [Some(text[..text.len() / 2].to_owned()), None] {
        match damaged {
            Some(text) => fs::write(&manifest, text).expect("a file"),
            None => fs::remove_file(&manifest).expect("a file"),
        }
        let found = found(&stage, &record).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].what.contains("manifest"), "{found:?}");
    }
}

/// An upload begins with an empty tree: what broken attempts left goes away, and what is live never does.
async fn code_goes_only_into_a_release_that_is_not_live(stage: Stage) {
    let code = Code::small();
    let record = uploaded(&stage, &code).await;
    let tree = stage.path(&format!("releases/{}", record.name));
    for left in ["left", ".left", "with\nnewline"] {
        fs::create_dir_all(tree.join(left).join("below")).expect("a directory");
    }
    ended(&stage.run(&code.upload(), &record.name).await, 0);
    ended(&stage.run(&code.check(), &record.name).await, 0);
    symlink(format!("releases/{}", record.name), stage.path("current")).expect("a link");
    ended(&stage.run(&code.upload(), &record.name).await, 1);
    assert_eq!(found(&stage, &record).await, []);
}
