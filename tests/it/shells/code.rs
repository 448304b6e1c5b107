//! Code to upload: a directory with names that something on the way could take for something else, packed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use relm::fleet::HostName;
use relm::operations::{CheckUpload, Parcel, Parcels, UploadCode};
use relm::release::{Manifest, ReleaseName};
use relm::source::{Frozen, Packing, Places, Source, Wanted};
use relm::transport::LazyFile;

/// A source directory, frozen.
pub(super) struct Code {
    pub(super) directory: tempfile::TempDir,
    pub(super) frozen: Arc<Frozen>,
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
    pub(super) fn odd() -> Self {
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
    pub(super) fn small() -> Self {
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

    pub(super) fn of(fill: impl Fn(&Path)) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fill(directory.path());
        let wanted = Wanted::of(Source::Directory(directory.path().to_owned()));
        let places = Places { cache: directory.path().join("cache"), scratch: None };
        let frozen = Arc::new(wanted.freeze(&places).expect("a tree"));
        Self { directory, frozen }
    }

    pub(super) fn tree(&self) -> String {
        self.frozen.manifest.hash()
    }

    /// As it is sent to a host that has nothing, or the tree of `base` in a release.
    pub(super) fn parcels(&self, base: Option<(&Manifest, &ReleaseName)>, packing: Packing) -> Parcels {
        let packed = |base: Option<Manifest>| {
            let frozen = Arc::clone(&self.frozen);
            Arc::new(LazyFile::new(move || Ok(frozen.pack(base.as_ref(), packing).expect("an archive"))))
        };
        let parcel = Parcel {
            base: base.map(|(_, name)| name.clone()),
            lacking: packed(base.map(|(manifest, _)| manifest.clone())),
            whole: packed(None),
            unpack: packing.command(),
            fetch: Arc::default(),
        };
        Arc::new([(HostName::new("web1").expect("a name"), parcel)].into())
    }

    pub(super) fn upload(&self) -> UploadCode {
        UploadCode { parcels: self.parcels(None, Packing::Gzip), tree: self.tree() }
    }

    pub(super) fn check(&self) -> CheckUpload {
        CheckUpload { parcels: self.parcels(None, Packing::Gzip), tree: self.tree(), bytes: 0 }
    }
}

pub(super) fn mode(path: PathBuf, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}
