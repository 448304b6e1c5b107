//! Code arrives as it was sent, whatever its names, and every damage is noticed.

use std::fs;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use relm::fleet::HostName;
use relm::operations::{Fetch, Parcel, UploadCode};
use relm::release::ReleaseName;
use relm::source::Packing;
use relm::transport::LazyFile;
use sha2::{Digest as _, Sha256};

use super::code::{Code, mode};
use super::stage::{Stage, Tools, ended};

super::under_every_shell!(
    a_tree_with_odd_names_arrives,
    every_damage_is_noticed,
    a_damaged_stream_is_noticed,
    an_upload_over_an_earlier_one,
    what_is_fetched_is_held_against_its_hash,
    a_check_that_was_cut_short_is_made_again,
);

/// Paths with what stands there: `d`, a link's target, or mode and content.
pub(crate) fn listing(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
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
    assert_eq!(kept, ["manifest", "release.json", "size", "state", "took"]);
    ended(&stage.run(&code.check(), &name).await, 0);
}

/// Whatever the first attempt left half done beside the record.
async fn a_check_that_was_cut_short_is_made_again(stage: Stage) {
    let code = Code::odd();
    let name = uploaded(&stage, &code, 0).await;
    let record = stage.path(&format!(".relm/releases/{name}"));
    symlink("target", record.join("manifest.link")).expect("a link");
    for half in ["manifest.wanted", "manifest.found", "manifest.odd", "manifest.sums", "manifest.sums.1.said"] {
        fs::write(record.join(half), "half").expect("a file");
    }
    ended(&stage.run(&code.check(), &name).await, 0);
}

type Damage = (&'static str, fn(&Path), &'static str);

fn replace(path: PathBuf, target: &str) {
    if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
        .expect("removed");
    symlink(target, path).expect("a link");
}

const DAMAGES: &[Damage] = &[
    (
        "a changed byte",
        |root| fs::write(root.join("plain"), "content of plaim").expect("a file"),
        "plain: is not what was sent",
    ),
    (
        "a changed byte, odd name",
        |root| fs::write(root.join("new\nline"), "x").expect("a file"),
        "new\\nline: should be",
    ),
    (
        "an emptied file",
        |root| fs::write(root.join("-dash"), "").expect("a file"),
        "-dash: should be a file of 16 bytes",
    ),
    (
        "a filled file",
        |root| fs::write(root.join("empty file: is a file of 1 bytes"), "x").expect("a file"),
        "empty file",
    ),
    ("a missing file", |root| fs::remove_file(root.join("with space")).expect("gone"), "with space: should be"),
    (
        "a missing file, odd name",
        |root| fs::remove_file(root.join("tab\there")).expect("gone"),
        "tab\\there: should be",
    ),
    ("an extra file", |root| fs::write(root.join("extra"), "").expect("a file"), "extra: is a file"),
    ("an extra file, odd name", |root| fs::write(root.join("x\ny\n"), "").expect("a file"), "x\\ny\\n: is a file"),
    ("an extra directory", |root| fs::create_dir(root.join(".git")).expect("a directory"), ".git: is a directory"),
    ("a lost bit", |root| mode(root.join("bin/run"), 0o644), "bin/run: is a file of 10 bytes, mode 644"),
    ("a lost bit, odd name", |root| mode(root.join("bin/run\n"), 0o644), "bin/run\\n: is a file of 10 bytes, mode 644"),
    ("another target", |root| replace(root.join("relative"), "plaim"), "relative: should be a link to plain"),
    (
        "a target less a newline",
        |root| replace(root.join("ends"), "in newline"),
        "ends: should be a link to in newline\\n",
    ),
    ("a target more a newline", |root| replace(root.join("relative"), "plain\n"), "relative: is a link to plain\\n"),
    (
        "a link gone",
        |root| fs::remove_file(root.join("dangling")).expect("gone"),
        "dangling: should be a link to nowhere",
    ),
    (
        "a directory gone",
        |root| fs::remove_dir(root.join("empty directory")).expect("gone"),
        "empty directory: should be a directory",
    ),
    (
        "a link for a directory",
        |root| replace(root.join("empty directory"), "bin"),
        "empty directory: is a link to bin",
    ),
    (
        "a link for an odd directory",
        |root| replace(root.join("an empty\ndirectory"), "bin"),
        "an empty\\ndirectory: is a link to bin",
    ),
    (
        "a link for a file",
        |root| {
            fs::rename(root.join("plain"), root.with_extension("kept")).expect("moved");
            symlink(root.with_extension("kept"), root.join("plain")).expect("a link");
        },
        "plain: is a link to",
    ),
    (
        "a link for an odd file",
        |root| {
            fs::rename(root.join("back\\slash"), root.with_extension("kept")).expect("moved");
            symlink(root.with_extension("kept"), root.join("back\\slash")).expect("a link");
        },
        "back\\\\slash: is a link to",
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

/// An upload of exactly these bytes.
fn upload_of(code: &Code, bytes: &[u8], packing: Packing) -> UploadCode {
    let bytes = bytes.to_vec();
    let file = Arc::new(LazyFile::new(move || {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&bytes).expect("written");
        Ok(file)
    }));
    let (lacking, whole) = (Arc::clone(&file), file);
    let parcel = Parcel { base: None, lacking, whole, unpack: packing.command(), fetch: Arc::default() };
    UploadCode { parcels: Arc::new([(HostName::new("web1").expect("a name"), parcel)].into()), tree: code.tree() }
}

async fn a_damaged_stream_is_noticed(stage: Stage) {
    let code = Code::small();
    let packings: &[Packing] = if stage.has_zstd() { &[Packing::Gzip, Packing::Zstd] } else { &[Packing::Gzip] };
    let mut n = 0;
    for packing in packings {
        let mut whole = Vec::new();
        let mut archive = code.frozen.pack(None, *packing).expect("an archive");
        archive.rewind().and_then(|()| archive.read_to_end(&mut whole)).expect("an archive");
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 0x55;
        for bytes in [&whole[..whole.len() / 2], &whole[..whole.len() - 4], &changed, b"no archive", b""] {
            let name = stage.claimed(n).await.name;
            let exit = stage.run(&upload_of(&code, bytes, *packing), &name).await;
            assert!(!exit.status.success() && !exit.stderr.is_empty(), "{packing:?} {n}: {exit:?}");
            // The same release again, whole: what the damaged one left is no obstacle.
            ended(&stage.run(&upload_of(&code, &whole, *packing), &name).await, 0);
            ended(&stage.run(&code.check(), &name).await, 0);
            n += 1;
        }
    }
    let name = stage.claimed(n).await.name;
    let other = UploadCode { tree: "0".repeat(64), ..code.upload() };
    let exit = stage.run(&other, &name).await;
    ended(&exit, 1);
    assert!(exit.stderr.contains("manifest arrived damaged"), "{exit:?}");
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

/// An upload that a host fetches by itself; `curl` there finds under a link what stands in that file.
fn fetched(stage: &Stage, code: &Code, sum: &str) -> UploadCode {
    stage.replaces("curl", "while [ $# -gt 1 ]; do shift; [ \"$1\" != -o ] || to=$2; done\nread -r key is link\nlink=${link#\\\"}\ncat -- \"${link%\\\"}\" >\"$to\"");
    let upload = code.upload();
    let link = stage.home().join("object").to_str().expect("UTF-8").to_owned();
    let fetch = Fetch { sum: sum.to_owned(), link: Arc::new(move || link.clone()) };
    upload.parcels.values().for_each(|parcel| parcel.fetch.set(fetch.clone()).expect("nothing yet"));
    upload
}

async fn what_is_fetched_is_held_against_its_hash(stage: Stage) {
    let code = Code::odd();
    let (mut archive, mut file) = (Vec::new(), code.frozen.pack(None, Packing::Gzip).expect("an archive"));
    file.rewind().and_then(|()| file.read_to_end(&mut archive)).expect("an archive");
    let sum = HEXLOWER.encode(&Sha256::digest(&archive));
    let name = stage.claimed(0).await.name;
    let (root, record) = (stage.path(&format!("releases/{name}")), stage.path(&format!(".relm/releases/{name}")));
    let object = stage.home().join("object");
    let left = || {
        fs::read_dir(&record)
            .expect("a record")
            .filter(|entry| entry.as_ref().expect("an entry").file_name().to_string_lossy().starts_with("fetched"))
    };
    fs::write(root.join("mark"), "as before").expect("a file");
    fs::write(record.join("fetched-1"), "of a host that was cut off").expect("a file");

    let upload = fetched(&stage, &code, &sum);
    let cannot = async |words: &str| {
        let exit = stage.run(&upload, &name).await;
        ended(&exit, 97);
        assert_eq!(exit.stdout.trim_end(), format!("{words}; sending it"), "{exit:?}");
        assert!(root.join("mark").exists() && left().count() == 0, "something was made of it");
    };
    cannot("curl cannot fetch it from the store: it exited 1").await;
    fs::write(&object, &archive[1..]).expect("a file");
    cannot("what came from the store is not what was put there").await;
    fs::write(&object, b"").expect("a file");
    cannot("what came from the store is not what was put there").await;
    if stage.tools == Tools::Busybox {
        fs::remove_file(stage.home().with_file_name("bin").join("curl")).expect("gone");
        cannot("neither curl nor GNU wget is on this host").await;
    }

    fs::write(&object, &archive).expect("a file");
    ended(&stage.run(&fetched(&stage, &code, &sum), &name).await, 0);
    ended(&stage.run(&code.check(), &name).await, 0);
    assert_eq!(listing(&root), listing(code.directory.path()));
    assert_eq!(left().count(), 0);
}
