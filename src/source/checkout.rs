//! A git repository as a source: always one commit, and the whole repository even if a directory inside it is named.

use std::path::{Path, PathBuf};

use super::error::SourceError;
use super::freeze::{Origin, Places, Told};
use super::gather::Gathering;
use super::git::{Git, Repository, output_of};
use super::location::{is_local, shown_location};
use super::patches::{self, Patch};
use super::submodules::{self, Holder};
use super::{Extra, lfs, mirror, reference};
use crate::release::Added;

/// A commit and where it was found.
struct Start {
    holder: Holder,
    commit: String,
    name: String,
    note: Option<String>,
}

/// What is read of a repository.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'w> {
    pub(super) location: &'w str,
    pub(super) reference: Option<&'w str>,
    pub(super) patches: &'w [Patch],
}

impl Wish<'_> {
    fn start(self, git: &Git, places: &Places) -> Result<Start, SourceError> {
        let Self { location, reference, .. } = self;
        if is_local(location) { here(git, location, reference) } else { elsewhere(git, places, location, reference) }
    }
}

/// Reads the commit that the reference means now.
pub(super) fn freeze(
    git: &Git,
    places: &Places,
    wish: Wish<'_>,
    gathering: &mut Gathering,
) -> Result<Told, SourceError> {
    let (start, location) = (wish.start(git, places)?, wish.location);
    let (time, subject) = facts(&start.holder.repository, &start.commit)?;
    let mut added = Vec::new();
    let repository = &start.holder.repository;
    if wish.patches.is_empty() {
        submodules::export(repository, &start.holder, &start.commit, b"", places, gathering)?;
    } else {
        let patched = patches::apply(repository, &start.commit, time, wish.patches, places.scratch.as_deref())?;
        submodules::export(&patched.repository, &start.holder, &patched.commit, b"", places, gathering)?;
        added = patched.added;
    }
    lfs::refuse_pointers(gathering)?;
    let origin = Origin {
        source: format!("{} of {}", start.name, shown_location(location)),
        reference: Some(start.name),
        commit: Some(start.commit),
        added,
        subject: Some(subject),
        note: start.note,
    };
    Ok(Told { origin, time })
}

/// Reads another repository into a directory of its own.
pub(super) fn beside(
    git: &Git,
    places: &Places,
    extra: &Extra,
    gathering: &mut Gathering,
) -> Result<Added, SourceError> {
    let Extra { location, reference, path } = extra;
    if gathering.entries.contains_key(path) {
        return Err(SourceError::PlaceTaken { path: path.clone(), what: shown_location(location) });
    }
    let start = Wish { location, reference: reference.as_deref(), patches: &[] }.start(git, places)?;
    let holder = &start.holder;
    submodules::export(&holder.repository, holder, &start.commit, path.as_bytes(), places, gathering)?;
    lfs::refuse_pointers(gathering)?;
    let source = format!("{} of {}", start.name, shown_location(location));
    Ok(Added::Repository { path: path.clone(), source, commit: start.commit })
}

fn elsewhere(git: &Git, places: &Places, url: &str, reference: Option<&str>) -> Result<Start, SourceError> {
    let brought = mirror::bring(git, places, url, reference)?;
    Ok(Start {
        holder: Holder { repository: brought.repository, url: url.to_owned(), work_tree: None },
        commit: brought.commit,
        name: brought.name,
        note: None,
    })
}

fn here(git: &Git, location: &str, named: Option<&str>) -> Result<Start, SourceError> {
    let path = Path::new(location);
    let repository = Repository::around(git, path)?;
    let commit = reference::resolve(&repository, location, named.unwrap_or("HEAD"))?;
    let work_tree = work_tree(git, path)?;
    let name = match named {
        Some(named) => named.to_owned(),
        None => branch(&repository)?,
    };
    let is_head = repository.commit("HEAD")?.as_ref() == Some(&commit);
    let note = match &work_tree {
        Some(work_tree) if is_head => note(git, &repository, work_tree)?,
        _ => None,
    };
    let url = own_url(&repository, work_tree.as_deref())?;
    let holder = Holder { repository, url, work_tree };
    Ok(Start { holder, commit, name, note })
}

fn branch(repository: &Repository) -> Result<String, SourceError> {
    let branch = repository.ask(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    Ok(branch.unwrap_or_else(|| "HEAD".to_owned()))
}

/// A bare repository has none.
fn work_tree(git: &Git, path: &Path) -> Result<Option<PathBuf>, SourceError> {
    let mut command = git.command();
    command.arg("-C").arg(path).args(["rev-parse", "--show-toplevel"]);
    let output = command.output().map_err(SourceError::NoGit)?;
    let line = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
    Ok((output.status.success() && !line.is_empty()).then(|| line.into()))
}

/// Relative addresses of submodules start from where this repository came from, else from where it stands.
fn own_url(repository: &Repository, work_tree: Option<&Path>) -> Result<String, SourceError> {
    let stands = work_tree.unwrap_or(&repository.directory);
    let origin = repository.ask(&["config", "--get", "remote.origin.url"])?;
    let url = origin.unwrap_or_else(|| stands.to_string_lossy().into_owned());
    if is_local(&url) {
        return Ok(stands.join(url).to_string_lossy().into_owned());
    }
    Ok(url)
}

/// Says what a person may believe to be released, or released by all, and is not.
fn note(git: &Git, repository: &Repository, work_tree: &Path) -> Result<Option<String>, SourceError> {
    let uncommitted = match uncommitted(git, work_tree)? {
        0 => None,
        1 => Some("1 uncommitted change is not part of it".to_owned()),
        count => Some(format!("{count} uncommitted changes are not part of it")),
    };
    let unpushed = match unpushed(repository)?.as_deref() {
        None | Some("0") => None,
        Some("1") => Some("1 commit of it is not pushed".to_owned()),
        Some(count) => Some(format!("{count} commits of it are not pushed")),
    };
    let notes: Vec<_> = uncommitted.into_iter().chain(unpushed).collect();
    Ok((!notes.is_empty()).then(|| notes.join("; ")))
}

fn uncommitted(git: &Git, work_tree: &Path) -> Result<usize, SourceError> {
    let mut command = git.command();
    command.arg("-C").arg(work_tree);
    command.args(["status", "--porcelain", "--untracked-files=normal"]);
    let changes = output_of(&mut command, "look for uncommitted changes")?;
    Ok(String::from_utf8_lossy(&changes).lines().count())
}

/// Nothing if the branch follows none.
fn unpushed(repository: &Repository) -> Result<Option<String>, SourceError> {
    repository.ask(&["rev-list", "--count", "@{upstream}..HEAD"])
}

/// Returns a commit's time and the first line of its message.
fn facts(repository: &Repository, commit: &str) -> Result<(u64, String), SourceError> {
    let format = "--format=%ct%n%s";
    let printed = repository.run("read the commit", &["log", "-1", "--encoding=UTF-8", format, commit, "--"])?;
    let printed = String::from_utf8_lossy(&printed);
    let (time, subject) = printed.split_once('\n').unwrap_or((&printed, ""));
    Ok((time.parse().unwrap_or(0), subject.trim_end_matches('\n').to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use crate::source::fixture::{Desk, awkward, bytes, paths, standing, text, unpacked};
    use crate::source::{Packing, Source};

    #[test]
    fn a_commit_arrives_as_it_is() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        awkward(&repo.0);
        let commit = repo.commit("Sell hats\n\nAnd gloves.");
        let frozen = desk.freeze_git(repo.location(), None).unwrap();
        assert_eq!(frozen.origin.source, "main of shop");
        assert_eq!(frozen.origin.commit, Some(commit.clone()));
        assert_eq!(frozen.origin.subject.as_deref(), Some("Sell hats"));
        assert_eq!(frozen.origin.note, None);
        assert_eq!(frozen.time, 1_767_323_045);
        let archive = frozen.pack(None, Packing::Gzip).unwrap();
        for tar in ["tar", "busybox tar"] {
            assert_eq!(standing(unpacked(&archive, Packing::Gzip, tar).0.path()), frozen.manifest, "{tar}");
        }
        fs::remove_dir_all(repo.0.join(".git")).unwrap();
        let checkout = desk.freeze(Source::Directory(repo.0)).unwrap();
        assert_eq!(checkout.manifest.hash(), frozen.manifest.hash());
    }

    #[test]
    fn one_commit_gives_equal_bytes_from_anywhere() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        awkward(&repo.0);
        repo.commit("one");
        let freeze = |location: &str| {
            let frozen = desk.freeze_git(location, None).unwrap();
            let archive = frozen.pack(None, Packing::Gzip).unwrap();
            (frozen.manifest.hash(), bytes(&archive))
        };
        let here = freeze(repo.location());
        assert!(here == freeze(repo.location()));
        assert!(here == freeze(&repo.url()));
    }

    #[test]
    fn references_of_every_kind() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        let one = repo.write("a", "1").commit("one");
        repo.git(&["tag", "--annotate", "v1", "--message", "first"]);
        repo.git(&["branch", "feature/x"]);
        let two = repo.write("a", "2").commit("two");
        for location in [repo.location(), &repo.url()] {
            let references = ["v1", "feature/x", "refs/heads/feature/x", "main~1", &one[..10], &one];
            for reference in references {
                let frozen = desk.freeze_git(location, Some(reference)).unwrap();
                assert_eq!(frozen.origin.commit.as_ref(), Some(&one), "{reference} of {location}");
                assert_eq!(
                    frozen.origin.source,
                    format!("{reference} of {}", crate::source::location::shown_location(location))
                );
                assert_eq!(text(&frozen, "a"), "1");
            }
            for reference in [None, Some("main"), Some("HEAD")] {
                let frozen = desk.freeze_git(location, reference).unwrap();
                assert_eq!(frozen.origin.commit.as_ref(), Some(&two), "{reference:?} of {location}");
            }
        }
    }

    #[test]
    fn unknown_references_are_explained() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a", "").commit("one");
        repo.git(&["tag", "release-1"]);
        for location in [repo.location(), &repo.url()] {
            for reference in ["mian", "--output=/tmp/x", "-h", "^main", "", "main:a", "main..main", "0123456789"] {
                let error = desk.freeze_git(location, Some(reference)).unwrap_err().to_string();
                let start = format!(
                    "{} has no branch, tag or commit `{reference}`",
                    crate::source::location::shown_location(location)
                );
                assert!(error.starts_with(&start), "{error}");
            }
            let error = desk.freeze_git(location, Some("mian")).unwrap_err().to_string();
            assert!(error.ends_with("; did you mean `main`?"), "{error}");
        }
    }

    #[test]
    fn a_name_with_two_meanings_is_refused() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a", "1").commit("one");
        repo.git(&["tag", "both"]);
        repo.git(&["branch", "both"]);
        desk.freeze_git(repo.location(), Some("both")).unwrap();
        repo.write("a", "2").commit("two");
        repo.git(&["branch", "--force", "both"]);
        for location in [repo.location(), &repo.url()] {
            let error = desk.freeze_git(location, Some("both")).unwrap_err().to_string();
            assert!(error.contains("both a branch and a tag"), "{error}");
            desk.freeze_git(location, Some("refs/heads/both")).unwrap();
        }
    }

    #[test]
    fn what_is_not_committed_is_told() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a", "1").write(".gitignore", "ignored").commit("one");
        repo.git(&["branch", "old"]);
        repo.write("b", "1").commit("two");
        repo.write("a", "changed").write("ignored", "");
        let note = |reference| desk.freeze_git(repo.location(), reference).unwrap().origin.note;
        assert_eq!(note(None).as_deref(), Some("1 uncommitted change is not part of it"));
        repo.write("new", "");
        let frozen = desk.freeze_git(repo.location(), None).unwrap();
        assert_eq!(frozen.origin.note.as_deref(), Some("2 uncommitted changes are not part of it"));
        assert_eq!(text(&frozen, "a"), "1");
        assert_eq!(note(Some("old")), None);
    }

    #[test]
    fn what_is_not_pushed_is_told() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a", "1").commit("one");
        let clone = crate::source::fixture::Repo(desk.path("clone"));
        repo.git(&["clone", "--quiet", ".", clone.location()]);
        let note = || desk.freeze_git(clone.location(), None).unwrap().origin.note;
        assert_eq!(note(), None);
        clone.write("a", "2").commit("two");
        assert_eq!(note().as_deref(), Some("1 commit of it is not pushed"));
        clone.write("a", "3").commit("three");
        clone.write("a", "4");
        let both = "1 uncommitted change is not part of it; 2 commits of it are not pushed";
        assert_eq!(note().as_deref(), Some(both));
    }

    #[test]
    fn attributes_of_the_commit_count_and_settings_of_people_do_not() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        let attributes = "tests export-ignore\n*.md export-ignore\nVERSION export-subst\n*.txt text\n";
        repo.write(".gitattributes", attributes).write("VERSION", "$Format:%H$");
        repo.write("tests/a", "").write("README.md", "").write("a.txt", "one\ntwo\n");
        let commit = repo.commit("one");
        repo.git(&["config", "core.autocrlf", "true"]);
        repo.git(&["config", "tar.umask", "0077"]);
        let frozen = desk.freeze_git(repo.location(), None).unwrap();
        assert_eq!(paths(&frozen), [".gitattributes", "VERSION", "a.txt"]);
        assert_eq!(text(&frozen, "VERSION"), commit);
        assert_eq!(text(&frozen, "a.txt"), "one\ntwo\n");
        assert_eq!(frozen.manifest.entries["a.txt"].mode, 0o644);
    }

    #[test]
    fn a_directory_inside_means_the_whole_repository() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a", "").write("b/c", "").commit("one");
        let inside = repo.0.join("b");
        let frozen = desk.freeze_git(inside.to_str().unwrap(), None).unwrap();
        assert_eq!(paths(&frozen), ["a", "b", "b/c"]);
    }

    #[test]
    fn bare_repositories_and_linked_checkouts_do() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a", "1").commit("one");
        let (bare, linked) = (desk.path("bare.git"), desk.path("linked"));
        repo.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
        repo.git(&["worktree", "add", "--quiet", "-b", "other", linked.to_str().unwrap()]);
        crate::source::fixture::write(&linked.join("a"), "2");
        let frozen = desk.freeze_git(bare.to_str().unwrap(), None).unwrap();
        assert_eq!(frozen.origin.source, "main of bare.git");
        let frozen = desk.freeze_git(linked.to_str().unwrap(), None).unwrap();
        assert_eq!(frozen.origin.source, "other of linked");
        assert!(frozen.origin.note.is_some());
    }

    #[test]
    fn nothing_to_release_has_words() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        for location in [repo.location(), &repo.url()] {
            let error = desk.freeze_git(location, None).unwrap_err().to_string();
            assert!(error.ends_with("shop has no commit yet"), "{error}");
        }
        repo.git(&["commit", "--quiet", "--allow-empty", "--message", "nothing"]);
        let error = desk.freeze_git(repo.location(), None).unwrap_err().to_string();
        assert_eq!(error, "shop holds no file to release");
        let plain = desk.path("plain");
        fs::create_dir(&plain).unwrap();
        let error = desk.freeze_git(plain.to_str().unwrap(), None).unwrap_err().to_string();
        assert!(error.starts_with("git cannot open the repository: fatal: not a git repository"), "{error}");
        let error = desk.freeze_git("/nowhere/at/all", None).unwrap_err().to_string();
        assert!(error.starts_with("cannot read /nowhere/at/all: "), "{error}");
    }

    #[test]
    fn a_damaged_repository_speaks_for_itself() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a", &"x".repeat(100_000)).write("b", "2").commit("one");
        let blob = repo.git(&["rev-parse", "HEAD:b"]);
        fs::remove_file(repo.0.join(".git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
        let error = desk.freeze_git(repo.location(), None).unwrap_err().to_string();
        assert!(error.starts_with("git cannot export commit ") && error.contains(&blob), "{error}");
    }

    #[test]
    fn pointers_of_lfs_are_refused() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        let oid = "0".repeat(64);
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n");
        repo.write("logo.png", &pointer).write("a", "").commit("one");
        let source = || Source::Git { location: repo.location().to_owned(), reference: None };
        let error = desk.freeze(source()).unwrap_err().to_string();
        assert!(error.starts_with("logo.png: a pointer of Git LFS"), "{error}");
        assert_eq!(paths(&desk.freeze_without(source(), &["*.png"]).unwrap()), ["a"]);
    }

    #[test]
    fn only_the_executable_bit_survives() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("run", "").write("read", "");
        fs::set_permissions(repo.0.join("run"), fs::Permissions::from_mode(0o777)).unwrap();
        fs::set_permissions(repo.0.join("read"), fs::Permissions::from_mode(0o600)).unwrap();
        repo.commit("one");
        let frozen = desk.freeze_git(repo.location(), None).unwrap();
        assert_eq!(frozen.manifest.entries["run"].mode, 0o755);
        assert_eq!(frozen.manifest.entries["read"].mode, 0o644);
    }
}
