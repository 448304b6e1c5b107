//! A release is built upon an earlier one, and nothing that somebody did to that one slips in.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use relm::engine::{Obstacle, Operation};
use relm::operations::{CheckUpload, UploadCode};
use relm::release::ReleaseName;
use relm::source::Packing;
use relm::transport::{Exit, Status};

use super::code::{Code, mode};
use super::stage::{Stage, ended};
use super::upload::listing;

super::under_every_shell!(
    what_a_base_has_is_copied,
    a_tree_that_is_there_already,
    nothing_done_to_a_base_slips_in,
    a_large_change,
);

/// A release with this code, as its own upload leaves it.
async fn released(stage: &Stage, code: &Code, n: u32) -> ReleaseName {
    let name = stage.claimed(n).await.name;
    ended(&stage.run(&code.upload(), &name).await, 0);
    ended(&stage.run(&code.check(), &name).await, 0);
    name
}

/// The two steps that bring `code` to a host that has `base`.
fn steps(stage: &Stage, code: &Code, base: (&Code, &ReleaseName)) -> (UploadCode, CheckUpload) {
    let packing = if stage.has_zstd() { Packing::Zstd } else { Packing::Gzip };
    let parcels = code.parcels(Some((&base.0.frozen.manifest, base.1)), packing);
    (UploadCode { parcels: parcels.clone(), tree: code.tree() }, CheckUpload { parcels, tree: code.tree(), bytes: 0 })
}

fn is_as(stage: &Stage, name: &ReleaseName, code: &Code, what: &str) {
    assert_eq!(listing(&stage.path(&format!("releases/{name}"))), listing(code.directory.path()), "{what}");
    let record = fs::read_dir(stage.path(&format!(".relm/releases/{name}"))).expect("a record");
    let mut kept: Vec<_> = record.map(|entry| entry.expect("an entry").file_name()).collect();
    kept.sort();
    assert_eq!(kept, ["manifest", "release.json", "size", "state", "took"], "{what}");
    assert_eq!(stage.read(&format!(".relm/releases/{name}/manifest")), code.frozen.manifest.to_text(), "{what}");
}

fn before(root: &Path) {
    for name in
        ["a", "same", "-dash", "with space", " both ", "é", "new\nline", "back\\slash", "sub/deep/file", "*", "~"]
    {
        fs::create_dir_all(root.join(name).parent().expect("a parent")).expect("a directory");
        fs::write(root.join(name), format!("content of {name}")).expect("a file");
    }
    for name in ["f to d", "f to l", "gone", "empty then not", "mode", "tab\tmode"] {
        fs::write(root.join(name), name).expect("a file");
    }
    for name in ["empty", "filled then empty", &"n".repeat(255)] {
        fs::write(root.join(name), if name.starts_with("filled") { "full" } else { "" }).expect("a file");
    }
    for name in ["d to f", "d to l", "gone dir/in"] {
        fs::create_dir_all(root.join(name)).expect("a directory");
    }
    for (name, target) in [("l to f", "a"), ("l to d", "sub"), ("link", "a"), ("other target", "a"), ("sub/up", "../a")]
    {
        symlink(target, root.join(name)).expect("a link");
    }
    fs::write(root.join("run"), "#!/bin/sh\n").expect("a file");
    mode(root.join("run"), 0o755);
}

/// Every way in which an entry can change.
fn after(root: &Path) {
    before(root);
    fs::write(root.join("a"), "another content").expect("a file");
    fs::write(root.join("new\nline"), "another content").expect("a file");
    fs::write(root.join("new"), "new").expect("a file");
    fs::write(root.join("-new \\ one\n"), "new").expect("a file");
    fs::write(root.join("empty then not"), "not").expect("a file");
    fs::write(root.join("filled then empty"), "").expect("a file");
    mode(root.join("mode"), 0o755);
    mode(root.join("tab\tmode"), 0o755);
    for name in ["f to d", "f to l", "gone", "l to f", "l to d", "other target"] {
        fs::remove_file(root.join(name)).expect("gone");
    }
    for name in ["d to f", "d to l", "gone dir"] {
        fs::remove_dir_all(root.join(name)).expect("gone");
    }
    for name in ["d to f", "l to f"] {
        fs::write(root.join(name), name).expect("a file");
    }
    fs::create_dir(root.join("f to d")).and_then(|()| fs::write(root.join("f to d/in"), "in")).expect("a file");
    fs::create_dir(root.join("l to d")).expect("a directory");
    for (name, target) in [("f to l", "a"), ("d to l", "sub"), ("other target", "b")] {
        symlink(target, root.join(name)).expect("a link");
    }
}

async fn what_a_base_has_is_copied(stage: Stage) {
    let (old, new) = (Code::of(before), Code::of(after));
    let base = released(&stage, &old, 0).await;
    let name = stage.claimed(1).await.name;
    let (upload, check) = steps(&stage, &new, (&old, &base));
    // Twice, as when it is gone on with.
    for _ in 0..2 {
        let exit = stage.run(&upload, &name).await;
        ended(&exit, 0);
        assert_eq!((exit.stdout.as_str(), exit.stderr.as_str()), ("", ""));
        let exit = stage.run(&check, &name).await;
        ended(&exit, 0);
        assert_eq!((exit.stdout.as_str(), exit.stderr.as_str()), ("", ""));
        is_as(&stage, &name, &new, "the new release");
    }
    is_as(&stage, &base, &old, "the earlier one");
    let of = |name: &ReleaseName, path: &str| {
        fs::metadata(stage.path(&format!("releases/{name}")).join(path)).expect("a file")
    };
    for path in ["same", "sub/deep/file", "run", "-dash"] {
        let (old, new) = (of(&base, path), of(&name, path));
        assert_eq!((new.mtime(), new.nlink(), old.nlink()), (old.mtime(), 1, 1), "{path}");
        assert_ne!(new.ino(), old.ino(), "{path}");
    }
}

async fn a_tree_that_is_there_already(stage: Stage) {
    let code = Code::odd();
    let base = released(&stage, &code, 0).await;
    let name = stage.claimed(1).await.name;
    let (upload, check) = steps(&stage, &code, (&code, &base));
    ended(&stage.run(&upload, &name).await, 0);
    ended(&stage.run(&check, &name).await, 0);
    is_as(&stage, &name, &code, "the same again");
}

/// Where more lines of the manifest change than sed should be asked to, the manifest comes whole.
async fn a_large_change(stage: Stage) {
    let many = |from: usize, to: usize| {
        Code::of(move |root| {
            for n in from..to {
                fs::write(root.join(n.to_string()), n.to_string()).expect("a file");
            }
        })
    };
    let (old, new) = (many(0, 40), many(20, 70));
    let base = released(&stage, &old, 0).await;
    let name = stage.claimed(1).await.name;
    let (upload, check) = steps(&stage, &new, (&old, &base));
    ended(&stage.run(&upload, &name).await, 0);
    ended(&stage.run(&check, &name).await, 0);
    is_as(&stage, &name, &new, "half of it is new");
}

type Deed = (&'static str, fn(&Path, &Path));

/// A place beside a release.
fn kept(tree: &Path) -> std::path::PathBuf {
    tree.with_file_name(format!("kept of {}", tree.file_name().expect("a name").display()))
}

/// What somebody may do to a release and its record.
const DEEDS: &[Deed] = &[
    ("another content of the same size", |tree, _| fs::write(tree.join("same"), "CONTENT of same").expect("a file")),
    ("a longer content", |tree, _| fs::write(tree.join("sub/deep/file"), "more than there was").expect("a file")),
    ("an emptied file", |tree, _| fs::write(tree.join("-dash"), "").expect("a file")),
    ("a content, and the old times", |tree, _| {
        let path = tree.join("same");
        let times = fs::metadata(&path).expect("a file").modified().expect("a time");
        fs::write(&path, "CONTENT of same").expect("a file");
        fs::File::open(&path).and_then(|file| file.set_modified(times)).expect("a time");
    }),
    ("an executable bit more", |tree, _| mode(tree.join("same"), 0o755)),
    ("an executable bit less", |tree, _| mode(tree.join("run"), 0o644)),
    ("a readable file made private", |tree, _| mode(tree.join("same"), 0o600)),
    ("a set-uid bit", |tree, _| mode(tree.join("run"), 0o4755)),
    ("a missing file", |tree, _| fs::remove_file(tree.join("same")).expect("gone")),
    ("a missing directory", |tree, _| fs::remove_dir_all(tree.join("sub")).expect("gone")),
    ("a link for a file", |tree, _| {
        fs::rename(tree.join("same"), kept(tree)).expect("moved");
        symlink(kept(tree), tree.join("same")).expect("a link");
    }),
    ("a directory for a file", |tree, _| {
        fs::remove_file(tree.join("same")).and_then(|()| fs::create_dir(tree.join("same"))).expect("a directory");
        fs::write(tree.join("same/in"), "in").expect("a file");
    }),
    ("a link for a directory", |tree, _| {
        fs::remove_dir_all(tree.join("sub")).expect("gone");
        symlink("/etc", tree.join("sub")).expect("a link");
    }),
    ("a pipe for a file", |tree, _| {
        fs::remove_file(tree.join("same")).expect("gone");
        assert!(std::process::Command::new("mkfifo").arg(tree.join("same")).status().expect("mkfifo").success());
    }),
    ("two names for one file", |tree, _| {
        fs::remove_file(tree.join("run")).expect("gone");
        fs::write(tree.join("same"), "#!/bin/sh\n").expect("a file");
        fs::hard_link(tree.join("same"), tree.join("run")).expect("a link");
    }),
    ("a file too many", |tree, _| fs::write(tree.join("extra"), "extra").expect("a file")),
    ("the tree gone", |tree, _| fs::remove_dir_all(tree).expect("gone")),
    ("a link for the tree", |tree, _| {
        fs::rename(tree, kept(tree)).expect("moved");
        symlink(kept(tree), tree).expect("a link");
    }),
    ("the manifest gone", |_, record| fs::remove_file(record.join("manifest")).expect("gone")),
    ("an empty manifest", |_, record| fs::write(record.join("manifest"), "").expect("a file")),
    ("a line less in the manifest", |_, record| {
        let text = fs::read_to_string(record.join("manifest")).expect("a file");
        let (_, rest) = text.split_once('\n').expect("lines");
        fs::write(record.join("manifest"), rest).expect("a file");
    }),
    ("a content, and its hash in the manifest", |tree, record| {
        fs::write(tree.join("same"), "CONTENT of same").expect("a file");
        let text = fs::read_to_string(record.join("manifest")).expect("a file");
        let line = text.lines().find(|line| line.ends_with(" same")).expect("a line");
        let other = line.replace(line.split(' ').nth(3).expect("a hash"), &"0".repeat(64));
        fs::write(record.join("manifest"), text.replace(line, &other)).expect("a file");
    }),
];

/// Of these a copy may hold nothing, and then there is nothing to say.
const HARMLESS: [&str; 4] = ["a set-uid bit", "a link for a file", "a link for the tree", "a file too many"];

async fn nothing_done_to_a_base_slips_in(stage: Stage) {
    let (old, new) = (Code::of(before), Code::of(after));
    for (n, (what, deed)) in (0..).step_by(2).zip(DEEDS) {
        let base = released(&stage, &old, n).await;
        deed(&stage.path(&format!("releases/{base}")), &stage.path(&format!(".relm/releases/{base}")));
        let name = stage.claimed(n + 1).await.name;
        let (upload, check) = steps(&stage, &new, (&old, &base));
        let on = stage.on(Some(&name), None);
        let mut found = stage.run(&upload, &name).await;
        if is_unfounded(&found) {
            ended(&stage.work(&upload.instead(&on, Obstacle::Base).expect("another way")).await, 0);
            ended(&stage.run(&check, &name).await, 0);
        } else {
            ended(&found, 0);
            found = stage.run(&check, &name).await;
            if is_unfounded(&found) {
                ended(&stage.work(&check.instead(&on, Obstacle::Base).expect("another way")).await, 0);
            } else {
                ended(&found, 0);
            }
        }
        is_as(&stage, &name, &new, what);
        if !HARMLESS.contains(what) || is_unfounded(&found) {
            let reason = found.stdout.lines().last().unwrap_or_default();
            assert!(reason.contains(base.as_str()) && reason.ends_with("; sending everything"), "{what}: {found:?}");
        }
    }
}

fn is_unfounded(exit: &Exit) -> bool {
    exit.status == Status::Code(96)
}
