//! Patches on top of a commit: a commit of relm's own, whose objects never come into the repository.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::error::SourceError;
use super::git::{Repository, output_of};
use crate::release::{Added, hex};

/// One patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// As it is called in records and messages.
    pub name: String,
    /// Where it is on this machine.
    pub path: PathBuf,
}

/// A commit with patches on top of it.
#[derive(Debug)]
pub(super) struct Patched {
    /// The same repository, with the new objects beside its own.
    pub(super) repository: Repository,
    pub(super) commit: String,
    pub(super) added: Vec<Added>,
    _objects: TempDir,
}

/// Applies patches to a commit in their order; one that does not apply as it is is refused. `time` is that of the commit.
pub(super) fn apply(
    repository: &Repository,
    commit: &str,
    time: u64,
    patches: &[Patch],
    scratch: Option<&Path>,
) -> Result<Patched, SourceError> {
    let place = scratch.map_or_else(tempfile::tempdir, tempfile::tempdir_in).map_err(SourceError::Scratch)?;
    let beside = beside(repository, place.path())?;
    beside.run("read the commit", &["read-tree", commit])?;
    let mut added = Vec::new();
    for Patch { name, path } in patches {
        let text = fs::read(path).map_err(SourceError::read(path))?;
        // What is applied is what was hashed, whatever becomes of the file meanwhile.
        let copy = place.path().join("patch");
        fs::write(&copy, &text).map_err(SourceError::Scratch)?;
        let mut command = beside.command(["apply", "--cached", "--whitespace=nowarn", "--"]);
        output_of(command.arg(&copy), "apply the patch").map_err(|error| refused(name, error))?;
        let sha256 = hex(&Sha256::digest(&text));
        added.push(Added::Patch { path: name.clone(), sha256 });
    }
    let tree = line(&beside.run("write the patched tree", &["write-tree"])?);
    let mut command = beside.command(["commit-tree", &tree, "-p", commit, "-m", "With patches"]);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "relm").env(format!("GIT_{who}_EMAIL"), "relm@localhost");
        command.env(format!("GIT_{who}_DATE"), format!("@{time} +0000"));
    }
    let commit = line(&output_of(&mut command, "write the patched commit")?);
    Ok(Patched { repository: beside, commit, added, _objects: place })
}

/// The repository with an index and a place for new objects elsewhere.
fn beside(repository: &Repository, place: &Path) -> Result<Repository, SourceError> {
    let objects = line(&repository.run("find its objects", &["rev-parse", "--git-path", "objects"])?);
    let objects = repository.directory.join(objects).to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
    let new = place.join("objects");
    fs::create_dir(&new).map_err(SourceError::Scratch)?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut patched = repository.clone();
    patched.git.variables.extend([
        ("GIT_OBJECT_DIRECTORY".to_owned(), text(&new)),
        // In quotes, because a colon would part two of them.
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES".to_owned(), format!("\"{objects}\"")),
        ("GIT_INDEX_FILE".to_owned(), text(&place.join("index"))),
    ]);
    Ok(patched)
}

fn line(printed: &[u8]) -> String {
    String::from_utf8_lossy(printed).trim_end_matches('\n').to_owned()
}

fn refused(name: &str, error: SourceError) -> SourceError {
    match error {
        SourceError::Git { words, .. } => SourceError::Patch { name: name.to_owned(), words },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Desk, git, text};
    use super::super::{Source, Wanted};
    use super::*;

    const PATCH: &str = "From 1234 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] Two\n\n---\n a.txt | 2 +-\n\n\
                         diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n\
                         diff --git a/new/b.txt b/new/b.txt\nnew file mode 100755\n--- /dev/null\n+++ b/new/b.txt\n\
                         @@ -0,0 +1 @@\n+b\n-- \n2.39\n";

    fn wanted(desk: &Desk, repository: &Path, patches: &[&str]) -> Wanted {
        let patch = |name: &&str| Patch { name: (*name).to_owned(), path: desk.path(name) };
        Wanted {
            patches: patches.iter().map(patch).collect(),
            ..Wanted::of(Source::Git { location: repository.to_str().unwrap().to_owned(), reference: None })
        }
    }

    #[test]
    fn a_patch_changes_the_tree_and_not_the_repository() {
        let desk = Desk::new();
        let repo = desk.repository("shop: \"it\"");
        repo.write("a.txt", "one\n");
        let commit = repo.commit("first");
        fs::write(desk.path("two.patch"), PATCH).unwrap();
        let before = repo.git(&["count-objects", "-v"]);
        let frozen = wanted(&desk, &repo.0, &["two.patch"]).freeze_with(&git(), &desk.places).unwrap();
        assert_eq!(text(&frozen, "a.txt"), "two\n");
        assert_eq!(frozen.manifest.entries["new/b.txt"].mode, 0o755);
        assert_eq!(frozen.origin.commit, Some(commit));
        let [Added::Patch { path, sha256 }] = frozen.origin.added.as_slice() else { panic!("{:?}", frozen.origin) };
        assert_eq!((path.as_str(), sha256.len()), ("two.patch", 64));
        let again = wanted(&desk, &repo.0, &["two.patch"]).freeze_with(&git(), &desk.places).unwrap();
        assert_eq!(again.manifest.hash(), frozen.manifest.hash());
        assert_eq!(repo.git(&["count-objects", "-v"]), before);
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }

    #[test]
    fn one_that_does_not_apply_is_refused_by_its_name() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a.txt", "one\n");
        repo.commit("first");
        fs::write(desk.path("two.patch"), PATCH).unwrap();
        fs::write(desk.path("empty.patch"), "nothing\n").unwrap();
        for (patches, name) in [(&["two.patch", "two.patch"][..], "two.patch"), (&["empty.patch"], "empty.patch")] {
            let error = wanted(&desk, &repo.0, patches).freeze_with(&git(), &desk.places).unwrap_err();
            assert!(matches!(&error, SourceError::Patch { name: of, .. } if of == name), "{error}");
        }
        let error = wanted(&desk, &repo.0, &["none.patch"]).freeze_with(&git(), &desk.places).unwrap_err();
        assert!(error.to_string().contains("none.patch"), "{error}");
    }
}
