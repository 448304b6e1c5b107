//! What the tests of this room share: a desk with real repositories, and a second opinion on what a tree holds.

use std::fs;
use std::io::Seek as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::release::{Entry, Kind, Manifest, hex};

use super::git::Git;
use super::{Frozen, Packing, Places, Source, SourceError, Wanted};

/// A temporary directory with a cache and a scratch place in it.
pub(super) struct Desk {
    pub(super) dir: TempDir,
    pub(super) places: Places,
}

impl Desk {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scratch = dir.path().join("scratch");
        fs::create_dir(&scratch).unwrap();
        let places = Places { cache: dir.path().join("cache"), scratch: Some(scratch) };
        Self { dir, places }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn repository(&self, name: &str) -> Repo {
        let repo = Repo(self.path(name));
        fs::create_dir_all(&repo.0).unwrap();
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo
    }

    pub(super) fn freeze(&self, source: Source) -> Result<Frozen, SourceError> {
        self.freeze_without(source, &[])
    }

    pub(super) fn freeze_without(&self, source: Source, exclude: &[&str]) -> Result<Frozen, SourceError> {
        let exclude = exclude.iter().map(ToString::to_string).collect();
        Wanted { exclude, ..Wanted::of(source) }.freeze_with(&git(), &self.places)
    }

    pub(super) fn freeze_git(&self, location: &str, reference: Option<&str>) -> Result<Frozen, SourceError> {
        self.freeze(Source::Git { location: location.to_owned(), reference: reference.map(ToOwned::to_owned) })
    }
}

/// Git as the tests want it: nobody's settings, fixed people and times, and submodules from directories.
pub(super) fn git() -> Git {
    let variables = [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "protocol.file.allow"),
        ("GIT_CONFIG_VALUE_0", "always"),
        ("GIT_AUTHOR_NAME", "Anna"),
        ("GIT_AUTHOR_EMAIL", "anna@example.org"),
        ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z"),
        ("GIT_COMMITTER_NAME", "Anna"),
        ("GIT_COMMITTER_EMAIL", "anna@example.org"),
        ("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Git { variables: variables.into() }
}

/// A real repository with a checkout.
pub(super) struct Repo(pub(super) PathBuf);

impl Repo {
    pub(super) fn git(&self, arguments: &[&str]) -> String {
        let output = git().command().arg("-C").arg(&self.0).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(super) fn write(&self, path: &str, content: &str) -> &Self {
        write(&self.0.join(path), content);
        self
    }

    /// Commits everything and returns the commit.
    pub(super) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(super) fn location(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub(super) fn url(&self) -> String {
        format!("file://{}", self.location())
    }
}

pub(super) fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A small tree with everything that is legal and awkward.
pub(super) fn awkward(root: &Path) {
    let long = format!("{}/{}", "directory-".repeat(12), "f".repeat(200));
    for path in ["a", "-rf", "it's \"q\" $x", "line\nbreak", "größe/日本", "b/c/d", "b-", "b.c", &long] {
        write(&root.join(path), path);
    }
    write(&root.join("empty"), "");
    write(&root.join("b/run"), "#!/bin/sh\n");
    fs::set_permissions(root.join("b/run"), fs::Permissions::from_mode(0o700)).unwrap();
    symlink("a", root.join("link")).unwrap();
    symlink("../..//out/./", root.join("b/up")).unwrap();
    symlink("/nowhere/ä", root.join("absolute")).unwrap();
    symlink("t".repeat(300), root.join("far")).unwrap();
}

/// What stands in a directory, read without any of the code under test.
pub(super) fn standing(root: &Path) -> Manifest {
    let mut manifest = Manifest::default();
    stand(root, "", &mut manifest);
    manifest
}

fn stand(root: &Path, below: &str, manifest: &mut Manifest) {
    for found in fs::read_dir(root.join(below)).unwrap() {
        let name = found.unwrap().file_name().into_string().unwrap();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let full = root.join(&path);
        let metadata = fs::symlink_metadata(&full).unwrap();
        let mode = metadata.permissions().mode() & 0o7777;
        let kind = if metadata.is_dir() {
            stand(root, &path, manifest);
            Kind::Directory
        } else if metadata.is_symlink() {
            let target = fs::read_link(&full).unwrap().into_os_string();
            Kind::Link { target: target.into_string().unwrap() }
        } else {
            let content = fs::read(&full).unwrap();
            let sha256 = hex(&Sha256::digest(&content));
            Kind::File { size: content.len() as u64, sha256 }
        };
        manifest.entries.insert(path, Entry { mode, kind });
    }
}

/// Unpacks an archive as a host does, and takes what stands in for the manifest out of it.
pub(super) fn unpacked(archive: &fs::File, packing: Packing, tar: &str) -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let script = format!("umask 077; {} -dc | {tar} xpf -", packing.command());
    let mut command = Command::new("sh");
    let command = command.args(["-c", &script]).current_dir(&dir).env("EXTRACT_UNSAFE_SYMLINKS", "1");
    let mut input = archive.try_clone().unwrap();
    input.rewind().unwrap();
    let output = command.stdin(Stdio::from(input)).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{tar}: {output:?}");
    let manifest = dir.path().join(".relm-manifest");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::remove_file(manifest).unwrap();
    for way in ["files", "gone", "made"] {
        let _ = fs::remove_file(dir.path().join(format!(".relm-manifest.{way}")));
    }
    (dir, text)
}

/// All of an archive.
pub(super) fn bytes(archive: &fs::File) -> Vec<u8> {
    let mut bytes = vec![0; archive.metadata().unwrap().len().try_into().unwrap()];
    archive.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

/// Paths of a tree.
pub(super) fn paths(frozen: &Frozen) -> Vec<&str> {
    frozen.manifest.entries.keys().map(String::as_str).collect()
}

/// A content of a tree, as text.
pub(super) fn text(frozen: &Frozen, path: &str) -> String {
    let Kind::File { size, .. } = frozen.manifest.entries[path].kind else {
        panic!("{path} is no file");
    };
    std::io::read_to_string(frozen.spool.content(frozen.offsets[path], size)).unwrap()
}
