//! Code arrives as it was sent, whatever its names, and every damage is noticed.

use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use relm::operations::{CheckUpload, UploadCode};
use relm::release::ReleaseName;
use relm::source::{Archive, Places, Source, Wanted};

use super::stage::{Stage, ended};

super::under_every_shell!(
    a_tree_with_odd_names_arrives,
    every_damage_is_noticed,
    a_damaged_stream_is_noticed,
    an_upload_over_an_earlier_one,
);

/// A source directory, packed, and its manifest.
struct Code {
    directory: tempfile::TempDir,
    archive: Archive,
    manifest: bytes::Bytes,
}

/// Names that something on the way could take for something else.
fn odd_names() -> Vec<String> {
    let deep = ["a deep directory with a name of some length, 50 b"; 12].join("/");
    let names = [
        "plain",
        "with space",
        " leading",
        "trailing ",
        "-dash",
        "--help",
        "new\nline",
        "ends in newline\n",
        "tab\there",
        "back\\slash",
        "back\\nslash",
        "octal\\101",
        "\\",
        "quo'te",
        "dou\"ble",
        "$HOME",
        "`id`",
        "$(id)",
        "*",
        "?[x]",
        "~",
        "#comment",
        "semi;colon",
        "am&p",
        "carriage\rreturn",
        "escape\u{1b}[1m",
        "ünïcödé-日本",
        "%s%n",
        "a: OK",
        "...",
        "=",
        "!",
        "sub dir/-x",
        "sub\ndir/in\\side",
        "{a,b}",
        "SHA256 (x) = y",
        "*star",
        "e\\c",
        "x\\0y",
    ];
    let mut names: Vec<String> = names.map(str::to_owned).to_vec();
    names.extend([
        "n".repeat(200),
        "é".repeat(100),
        format!("{deep}/file"),
        format!("{}/{}", "d".repeat(200), "f".repeat(200)),
    ]);
    names
}

fn links() -> Vec<(&'static str, String)> {
    [
        ("relative", "plain"),
        ("absolute", "/etc/hostname"),
        ("dangling", "no/such thing"),
        ("up", "../../shared/x"),
        ("-link", "-dash"),
        ("new\nlink", "new\nline"),
        ("link\\", "back\\slash"),
        ("tab", "tab\there"),
        ("ends", "in newline\n"),
        ("to a directory", "sub dir"),
        ("sub dir/link", "../plain"),
        ("dot", "."),
        (" spaced ", " "),
        ("arrow", "a -> b"),
    ]
    .map(|(path, target)| (path, target.to_owned()))
    .into_iter()
    .chain([("long", "t/".repeat(150)), ("exactly 100", "x".repeat(100))])
    .collect()
}

fn write(root: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(&path, content).expect("a file");
    path
}

impl Code {
    fn odd() -> Self {
        Self::of(|root| {
            for name in odd_names() {
                write(root, &name, format!("content of {name}").as_bytes());
            }
            for (path, target) in links() {
                symlink(target, root.join(path)).expect("a link");
            }
            for name in ["bin/run", "bin/run\n", "bin/with space"] {
                mode(write(root, name, b"#!/bin/sh\n"), 0o755);
            }
            for name in ["empty directory", "an empty\ndirectory", "empty/in/empty", "-empty"] {
                fs::create_dir_all(root.join(name)).expect("a directory");
            }
            write(root, "empty file", b"");
            write(root, "binary", &(0..=255).cycle().take(200_000).collect::<Vec<u8>>());
        })
    }

    /// A few of each kind: what the damages below need.
    fn small() -> Self {
        Self::of(|root| {
            for name in ["plain", "-dash", "new\nline", "with space", "tab\there", "back\\slash"] {
                write(root, name, format!("content of {name}").as_bytes());
            }
            write(root, "empty file", b"");
            write(
                root,
                "binary",
                &(0..20_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect::<Vec<_>>(),
            );
            for name in ["bin/run", "bin/run\n"] {
                mode(write(root, name, b"#!/bin/sh\n"), 0o755);
            }
            for (path, target) in [("relative", "plain"), ("ends", "in newline\n"), ("dangling", "nowhere")] {
                symlink(target, root.join(path)).expect("a link");
            }
            for name in ["empty directory", "an empty\ndirectory"] {
                fs::create_dir(root.join(name)).expect("a directory");
            }
        })
    }

    fn of(fill: impl Fn(&Path)) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fill(directory.path());
        let wanted = Wanted { source: Source::Directory(directory.path().to_owned()), exclude: Vec::new() };
        let places = Places { cache: directory.path().join("cache"), scratch: None };
        let frozen = wanted.freeze(&places).expect("a tree");
        let archive = frozen.archive(&|_| true).expect("an archive");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(frozen.manifest.to_text().as_bytes()).expect("bytes");
        Self { directory, archive, manifest: gzip.finish().expect("bytes").into() }
    }

    fn upload(&self) -> UploadCode {
        UploadCode { archive: Arc::new(self.archive.path.to_path_buf()), size: self.archive.size }
    }

    fn check(&self) -> CheckUpload {
        CheckUpload { manifest: self.manifest.clone() }
    }
}

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

fn mode(path: PathBuf, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
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
    for (n, (what, damage, words)) in (0..).zip(DAMAGES) {
        let name = uploaded(&stage, &code, n).await;
        damage(&stage.path(&format!("releases/{name}")));
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
        let upload = UploadCode { archive: Arc::new(file.path().to_owned()), size: bytes.len() as u64 };
        let exit = stage.run(&upload, &name).await;
        assert!(!exit.status.success() && !exit.stderr.is_empty(), "{n}: {exit:?}");
        // The same release again, whole: what the damaged one left is no obstacle.
        ended(&stage.run(&code.upload(), &name).await, 0);
        ended(&stage.run(&code.check(), &name).await, 0);
    }
    let name = uploaded(&stage, &code, 9).await;
    for manifest in [&code.manifest[..code.manifest.len() / 2], b"", b"no gzip"] {
        let check = CheckUpload { manifest: bytes::Bytes::copy_from_slice(manifest) };
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
