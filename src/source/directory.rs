//! A directory of this machine as a source, read as git would read it.
//!
//! Only rules that stand inside the directory count: neither a person's global excludes nor `.git/info/exclude` nor a
//! `.gitignore` above it. So two machines agree, and a build in `dist/` can be released from a repository that ignores it.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use ignore::{DirEntry, WalkBuilder};

use super::error::{Refusal, SourceError};
use super::freeze::{Origin, Told};
use super::gather::{Found, Gathering, last_component};

/// Reads the directory. Directories without files are kept.
pub(super) fn freeze(directory: &Path, gathering: &mut Gathering) -> Result<Told, SourceError> {
    let root = fs::canonicalize(directory).map_err(SourceError::read(directory))?;
    // The walk takes a file for a tree of one; reading it as a directory says what is wrong.
    fs::read_dir(&root).map_err(SourceError::read(directory))?;
    let mut newest = 0;
    for found in walk(&root, gathering) {
        let found = found.map_err(|error| unreadable(&root, error))?;
        if let Some(error) = found.error().filter(|error| error.io_error().is_some()) {
            // A .gitignore that cannot be read may hide secrets; a pattern that is none never matches, as in git.
            return Err(unreadable(found.path(), error.clone()));
        }
        newest = newest.max(take(&root, &found, gathering)?);
    }
    let origin = Origin {
        source: format!("dir {}", last_component(&root)),
        reference: None,
        commit: None,
        added: Vec::new(),
        subject: None,
        note: None,
    };
    let time = u64::try_from(newest).unwrap_or(0);
    Ok(Told { origin, time })
}

fn walk(root: &Path, gathering: &Gathering) -> ignore::Walk {
    let (exclude, base) = (gathering.exclude.clone(), root.to_owned());
    let is_wanted = move |entry: &DirEntry| {
        let path = entry.path().strip_prefix(&base).unwrap_or(entry.path());
        let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
        let is_root = path.as_os_str().is_empty();
        is_root || (entry.file_name() != ".git" && !exclude.covers(path, is_dir))
    };
    WalkBuilder::new(root)
        .standard_filters(false)
        .git_ignore(true)
        .require_git(false)
        .follow_links(false)
        .sort_by_file_name(Ord::cmp)
        .filter_entry(is_wanted)
        .build()
}

/// Adds one entry and returns its time.
fn take(root: &Path, found: &DirEntry, gathering: &mut Gathering) -> Result<i64, SourceError> {
    let full = found.path();
    let path = full.strip_prefix(root).unwrap_or(full).as_os_str().as_bytes();
    if path.is_empty() {
        return Ok(0);
    }
    let metadata = fs::symlink_metadata(full).map_err(SourceError::read(full))?;
    if metadata.is_dir() {
        gathering.directory(path)?;
        return Ok(0);
    }
    if metadata.is_symlink() {
        let target = fs::read_link(full).map_err(SourceError::read(full))?;
        gathering.link(path, target.as_os_str().as_bytes())?;
        return Ok(metadata.mtime());
    }
    if !metadata.is_file() {
        return Err(SourceError::refused(path, Refusal::Special));
    }
    take_file(full, path, gathering).map(|metadata| metadata.mtime())
}

/// Mode and time come from the opened file, so a file swapped meanwhile cannot mix with the one before.
fn take_file(full: &Path, path: &[u8], gathering: &mut Gathering) -> Result<Metadata, SourceError> {
    let mut file = File::open(full).map_err(SourceError::read(full))?;
    let metadata = file.metadata().map_err(SourceError::read(full))?;
    let found = Found { executable: metadata.permissions().mode() & 0o100 != 0, content: &mut file, origin: full };
    gathering.file(path, found)?;
    Ok(metadata)
}

fn unreadable(near: &Path, error: ignore::Error) -> SourceError {
    let path = path_of(&error).unwrap_or(near).to_owned();
    let words = error.to_string();
    let error = error.into_io_error().unwrap_or_else(|| io::Error::other(words));
    SourceError::Read { path, error }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    use std::process::Command;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::source::fixture::{Desk, awkward, paths, standing, text, write};
    use crate::source::{Frozen, Packing, Source};

    fn site(files: &[(&str, &str)]) -> (Desk, PathBuf) {
        let desk = Desk::new();
        let root = desk.path("site");
        fs::create_dir(&root).unwrap();
        for (path, content) in files {
            write(&root.join(path), content);
        }
        (desk, root)
    }

    fn frozen(desk: &Desk, root: &Path) -> Result<Frozen, SourceError> {
        desk.freeze(Source::Directory(root.to_owned()))
    }

    #[test]
    fn everything_legal_is_taken_as_it_is() {
        let (desk, root) = site(&[]);
        awkward(&root);
        let frozen = frozen(&desk, &root).unwrap();
        let mut expected = standing(&root);
        expected.entries.get_mut("b/run").unwrap().mode = 0o755;
        assert_eq!(frozen.manifest, expected);
        assert_eq!(frozen.origin.source, "dir site");
        assert_eq!(text(&frozen, "line\nbreak"), "line\nbreak");
    }

    #[test]
    fn gitignore_is_honoured_at_every_level_and_git_left_out() {
        let (desk, root) = site(&[
            (".gitignore", "*.pyc\n/build/\n"),
            (".git/config", ""),
            (".github/ci.yml", ""),
            (".ignore", "kept\n"),
            (".git-blame", ""),
            ("app.pyc", ""),
            ("build/x", ""),
            ("kept", ""),
            ("lib/.gitignore", "!keep.pyc\nsecret\n"),
            ("lib/.git", "gitdir: elsewhere"),
            ("lib/keep.pyc", ""),
            ("lib/build/y", ""),
            ("lib/secret", ""),
        ]);
        let expected = [
            ".git-blame",
            ".github",
            ".github/ci.yml",
            ".gitignore",
            ".ignore",
            "kept",
            "lib",
            "lib/.gitignore",
            "lib/build",
            "lib/build/y",
            "lib/keep.pyc",
        ];
        assert_eq!(paths(&frozen(&desk, &root).unwrap()), expected);
    }

    #[test]
    fn rules_outside_the_directory_do_not_count() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write(".gitignore", "dist/\n").write(".git/info/exclude", "local\n");
        repo.write("dist/app.js", "").write("dist/local", "");
        assert_eq!(paths(&frozen(&desk, &repo.0.join("dist")).unwrap()), ["app.js", "local"]);
        assert_eq!(paths(&frozen(&desk, &repo.0).unwrap()), [".gitignore"]);
    }

    #[test]
    fn exclude_leaves_out_and_lets_illegal_names_pass() {
        let (desk, root) = site(&[("python_env/bin/python", ""), ("a", ""), ("docs/a", "")]);
        let source = || Source::Directory(root.clone());
        let left = desk.freeze_without(source(), &["/python_env", "docs"]).unwrap();
        assert_eq!(paths(&left), ["a"]);
        let error = desk.freeze_without(source(), &["*"]).unwrap_err().to_string();
        assert_eq!(error, "site holds no file to release; does `exclude` leave everything out?");
        let error = desk.freeze(source()).unwrap_err().to_string();
        assert_eq!(error, "python_env belongs to relm on the hosts; rename or exclude it");
    }

    #[test]
    fn what_is_no_file_is_refused_by_name() {
        let (desk, root) = site(&[("a", "")]);
        let _listener = UnixListener::bind(root.join("app.sock")).unwrap();
        let error = frozen(&desk, &root).unwrap_err().to_string();
        assert!(error.starts_with("app.sock is neither file"), "{error}");
        fs::remove_file(root.join("app.sock")).unwrap();
        assert!(Command::new("mkfifo").arg(root.join("pipe")).status().unwrap().success());
        let error = frozen(&desk, &root).unwrap_err().to_string();
        assert!(error.starts_with("pipe is neither file"), "{error}");
    }

    #[test]
    fn illegal_names_are_refused() {
        use std::ffi::OsStr;
        let (desk, root) = site(&[]);
        write(&root.join(OsStr::from_bytes(b"caf\xe9")), "");
        let error = frozen(&desk, &root).unwrap_err().to_string();
        assert_eq!(error, "caf\\xe9 has a name that is not UTF-8");
    }

    #[test]
    fn links_are_kept_and_not_followed() {
        let (desk, root) = site(&[("real/a", "")]);
        symlink(&root, root.join("loop")).unwrap();
        symlink(&root, desk.path("alias")).unwrap();
        let taken = frozen(&desk, &desk.path("alias")).unwrap();
        assert_eq!(paths(&taken), ["loop", "real", "real/a"]);
        assert_eq!(taken.manifest.entries["loop"].mode, 0o777);
    }

    #[test]
    fn its_time_is_that_of_the_newest_file() {
        let (desk, root) = site(&[("a", ""), ("b", ""), ("left-out", "")]);
        for (name, time) in [("a", 1000), ("b", 5000), ("left-out", 9000)] {
            let file = File::options().write(true).open(root.join(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(time)).unwrap();
        }
        let frozen = desk.freeze_without(Source::Directory(root), &["left-out"]).unwrap();
        assert_eq!(frozen.time, 5000);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let (desk, root) = site(&[("a", "")]);
        for path in [root.join("missing"), root.join("a")] {
            let error = frozen(&desk, &path).unwrap_err().to_string();
            assert!(error.starts_with(&format!("cannot read {}: ", path.display())), "{error}");
        }
        fs::remove_file(root.join("a")).unwrap();
        fs::create_dir(root.join("only")).unwrap();
        let error = frozen(&desk, &root).unwrap_err().to_string();
        assert!(error.starts_with("site holds no file"), "{error}");
    }

    #[test]
    fn a_tree_that_changes_meanwhile_still_agrees_with_itself() {
        let (desk, root) = site(&[("log", "")]);
        let writer = std::thread::spawn({
            let path = root.join("log");
            move || {
                for round in 0..300_u32 {
                    fs::write(&path, round.to_string().repeat(round as usize * 20)).unwrap();
                }
            }
        });
        while !writer.is_finished() {
            let frozen = frozen(&desk, &root).unwrap();
            let archive = frozen.pack(None, Packing::Gzip).unwrap();
            let (there, _) = crate::source::fixture::unpacked(&archive, Packing::Gzip, "tar");
            assert_eq!(standing(there.path()), frozen.manifest);
        }
        writer.join().unwrap();
    }

    #[test]
    fn a_file_that_goes_away_is_named() {
        let (desk, root) = site(&[("a", ""), ("z", "")]);
        let found: Vec<_> = {
            let gathering = gathering(&desk);
            walk(&root, &gathering).map(Result::unwrap).collect()
        };
        fs::remove_file(root.join("z")).unwrap();
        let mut gathering = gathering(&desk);
        let results: Vec<_> = found.iter().map(|found| take(&root, found, &mut gathering)).collect();
        let error = results.into_iter().find_map(Result::err).unwrap().to_string();
        assert!(error.contains("/site/z: "), "{error}");
    }

    fn gathering(desk: &Desk) -> Gathering {
        let exclude = crate::source::exclude::Exclude::new(&[]).unwrap();
        Gathering::new(exclude, desk.places.scratch.as_deref()).unwrap()
    }
}
