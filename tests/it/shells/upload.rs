//! Code arrives as it was sent, whatever its names, and every damage is noticed.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use relm::operations::{CheckUpload, UploadCode};
use relm::release::ReleaseName;

use super::code::{Code, mode};
use super::stage::{Stage, ended};

super::under_every_shell!(
    a_tree_with_odd_names_arrives,
    every_damage_is_noticed,
    a_damaged_stream_is_noticed,
    an_upload_over_an_earlier_one,
);

/// Paths with what stands there: `d`, a link's target, or mode and content.
fn listing(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut found, mut open) = (Vec::new(), vec![root.to_owned()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let metadata = path.symlink_metadata().expect("metadata");
            let what = if metadata.is_symlink() {
                [b"link ", fs::read_link(&path).expect("a link").as_os_str().as_bytes()].concat()
            } else if metadata.is_dir() {
                open.push(path.clone());
                b"d".to_vec()
            } else {
                let mode = metadata.permissions().mode() & 0o777;
                [format!("{mode:o} ").as_bytes(), &fs::read(&path).expect("a file")].concat()
            };
            found.push((path.strip_prefix(root).expect("below").to_owned(), what));
        }
    }
    found.sort();
    found
}

async fn uploaded(stage: &Stage, code: &Code, n: u32) -> ReleaseName {
    let name = stage.claimed(n).await.name;
    let exit = stage.run(&code.upload(), &name).await;
    ended(&exit, 0);
    assert_eq!((exit.stdout.as_str(), exit.stderr.as_str()), ("", ""));
    name
}

async fn a_tree_with_odd_names_arrives(stage: Stage) {
    let code = Code::odd();
    let name = uploaded(&stage, &code, 0).await;
    let exit = stage.run(&code.check(), &name).await;
    ended(&exit, 0);
    assert_eq!((exit.stdout.as_str(), exit.stderr.as_str()), ("", ""));
    assert_eq!(listing(&stage.path(&format!("releases/{name}"))), listing(code.directory.path()));
    let record = stage.path(&format!(".relm/releases/{name}"));
    let mut kept: Vec<_> =
        fs::read_dir(record).expect("a record").map(|entry| entry.expect("an entry").file_name()).collect();
    kept.sort();
    assert_eq!(kept, ["manifest", "release.json", "state"]);
    ended(&stage.run(&code.check(), &name).await, 0);
}

type Damage = (&'static str, fn(&Path), &'static str);

fn replace(path: PathBuf, target: &str) {
    if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
        .expect("removed");
    symlink(target, path).expect("a link");
}

const DAMAGES: &[Damage] = &[
    ("a changed byte", |root| fs::write(root.join("plain"), "content of plaim").expect("a file"), "./plain"),
    ("a changed byte, odd name", |root| fs::write(root.join("new\nline"), "x").expect("a file"), "new\nline"),
    ("an emptied file", |root| fs::write(root.join("-dash"), "").expect("a file"), "./-dash"),
    ("a filled file", |root| fs::write(root.join("empty file"), "x").expect("a file"), "empty file"),
    ("a missing file", |root| fs::remove_file(root.join("with space")).expect("gone"), "with space"),
    ("a missing file, odd name", |root| fs::remove_file(root.join("tab\there")).expect("gone"), "tab\there"),
    ("an extra file", |root| fs::write(root.join("extra"), "").expect("a file"), "entries"),
    ("an extra file, odd name", |root| fs::write(root.join("x\ny\n"), "").expect("a file"), "entries"),
    ("an extra directory", |root| fs::create_dir(root.join(".git")).expect("a directory"), "entries"),
    ("a lost bit", |root| mode(root.join("bin/run"), 0o644), "bin/run: has lost its executable bit"),
    ("a lost bit, odd name", |root| mode(root.join("bin/run\n"), 0o644), "has lost its executable bit"),
    ("another target", |root| replace(root.join("relative"), "plaim"), "relative: is not a link to plain"),
    ("a target less a newline", |root| replace(root.join("ends"), "in newline"), "is not a link to"),
    ("a target more a newline", |root| replace(root.join("relative"), "plain\n"), "is not a link to"),
    ("a link gone", |root| fs::remove_file(root.join("dangling")).expect("gone"), "is not a link to"),
    ("a directory gone", |root| fs::remove_dir(root.join("empty directory")).expect("gone"), "is not a directory"),
    ("a link for a directory", |root| replace(root.join("empty directory"), "bin"), "is not a directory"),
    ("a link for an odd directory", |root| replace(root.join("an empty\ndirectory"), "bin"), "is not a directory"),
    (
        "a link for a file",
        |root| {
            fs::rename(root.join("plain"), root.with_extension("kept")).expect("moved");
            symlink(root.with_extension("kept"), root.join("plain")).expect("a link");
        },
        "plain: is a link",
    ),
    (
        "a link for an odd file",
        |root| {
            fs::rename(root.join("back\\slash"), root.with_extension("kept")).expect("moved");
            symlink(root.with_extension("kept"), root.join("back\\slash")).expect("a link");
        },
        "back\\slash: is a link",
    ),
];

async fn every_damage_is_noticed(stage: Stage) {
    let code = Code::small();
    let name = stage.claimed(0).await.name;
    let root = stage.path(&format!("releases/{name}"));
    for (what, damage, words) in DAMAGES {
        fs::remove_dir_all(&root).and_then(|()| fs::create_dir(&root)).expect("an empty directory");
        ended(&stage.run(&code.upload(), &name).await, 0);
        damage(&root);
        let exit = stage.run(&code.check(), &name).await;
        assert!(!exit.status.success(), "{what} was not noticed");
        assert!(exit.stderr.contains(words), "{what}: {exit:?}");
        assert!(!stage.path(&format!(".relm/releases/{name}/manifest")).exists(), "{what}");
    }
}

async fn a_damaged_stream_is_noticed(stage: Stage) {
    let code = Code::small();
    let whole = fs::read(&*code.archive.path).expect("an archive");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 0x55;
    for (n, bytes) in
        [(0, &whole[..whole.len() / 2]), (1, &whole[..whole.len() - 4]), (2, &changed), (3, b"no gzip"), (4, b"")]
    {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), bytes).expect("a file");
        let name = stage.claimed(n).await.name;
        let upload =
            UploadCode { archive: Arc::new(file.path().to_owned()), size: bytes.len() as u64, tree: String::new() };
        let exit = stage.run(&upload, &name).await;
        assert!(!exit.status.success() && !exit.stderr.is_empty(), "{n}: {exit:?}");
        // The same release again, whole: what the damaged one left is no obstacle.
        ended(&stage.run(&code.upload(), &name).await, 0);
        ended(&stage.run(&code.check(), &name).await, 0);
    }
    let name = uploaded(&stage, &code, 9).await;
    for manifest in [&code.manifest[..code.manifest.len() / 2], b"", b"no gzip"] {
        let check = CheckUpload { manifest: bytes::Bytes::copy_from_slice(manifest), tree: String::new() };
        let exit = stage.run(&check, &name).await;
        assert!(!exit.status.success(), "{exit:?}");
        assert!(exit.stderr.contains("manifest arrived damaged"), "{exit:?}");
    }
    ended(&stage.run(&code.check(), &name).await, 0);
}

/// A step that was begun and not finished is run again.
async fn an_upload_over_an_earlier_one(stage: Stage) {
    let code = Code::odd();
    let name = uploaded(&stage, &code, 0).await;
    let root = stage.path(&format!("releases/{name}"));
    fs::write(root.join("plain"), "half").expect("a file");
    mode(root.join("bin/run"), 0o600);
    ended(&stage.run(&code.upload(), &name).await, 0);
    ended(&stage.run(&code.check(), &name).await, 0);
    assert_eq!(listing(&root), listing(code.directory.path()));
}
