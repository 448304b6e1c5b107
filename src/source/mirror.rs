//! Bare copies, in relm's cache, of repositories that are URLs.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::release::hex;

use super::error::SourceError;
use super::freeze::Places;
use super::git::{Git, Repository, is_full_id, output_of};
use super::location::without_secrets;
use super::patience::again;
use super::reference::resolve;

/// A commit that a mirror now holds.
#[derive(Debug)]
pub(super) struct Brought {
    pub(super) repository: Repository,
    pub(super) commit: String,
    /// What was asked for; the default branch if nothing was.
    pub(super) name: String,
}

/// Brings the mirror of a URL up to date and finds the commit in it.
pub(super) fn bring(git: &Git, places: &Places, url: &str, reference: Option<&str>) -> Result<Brought, SourceError> {
    let mirror = Mirror::open(git, places, url)?;
    mirror.bring(reference).map_err(|error| hide(error, url))
}

struct Mirror<'a> {
    repository: Repository,
    url: &'a str,
    /// Held while objects and references come; reading needs no lock, since nothing here is ever thrown away.
    _lock: File,
}

impl<'a> Mirror<'a> {
    fn open(git: &Git, places: &Places, url: &'a str) -> Result<Self, SourceError> {
        let cache = places.cache.join("git");
        // Others on this machine have no business in private code.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&cache);
        made.map_err(cannot_use(&cache))?;
        let name = &hex(&Sha256::digest(url.as_bytes()))[..24];
        let lock_path = cache.join(format!("{name}.lock"));
        let lock = locked(&lock_path).map_err(cannot_use(&lock_path))?;
        let repository = init(git, cache.join(format!("{name}.git")), url)?;
        Ok(Self { repository, url, _lock: lock })
    }

    fn bring(self, reference: Option<&str>) -> Result<Brought, SourceError> {
        let (reference, name) = match reference {
            None | Some("HEAD") => self.default_branch()?,
            Some(named) => (named.to_owned(), named.to_owned()),
        };
        let commit = self.commit(&reference)?;
        Ok(Brought { repository: self.repository, commit, name })
    }

    /// A whole id that is here needs no network: it can mean nothing else.
    fn commit(&self, reference: &str) -> Result<String, SourceError> {
        if is_full_id(reference)
            && let Some(commit) = self.repository.commit(reference)?
        {
            return Ok(commit);
        }
        self.fetch(&["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"])?;
        if let Some(wanted) = self.beyond_branches(reference)? {
            self.fetch(&[&wanted])?;
        }
        resolve(&self.repository, self.url, reference)
    }

    /// A commit on no branch (force-pushed away) and a reference such as `refs/pull/7/head` come only when named.
    fn beyond_branches(&self, reference: &str) -> Result<Option<String>, SourceError> {
        if self.repository.commit(reference)?.is_some() {
            return Ok(None);
        }
        if is_full_id(reference) {
            return Ok(Some(format!("{reference}:refs/relm/{reference}")));
        }
        let is_plain = !reference.contains([':', '*', '^', '~', '@']);
        Ok((is_plain && reference.starts_with("refs/")).then(|| format!("+{reference}:{reference}")))
    }

    fn fetch(&self, wanted: &[&str]) -> Result<(), SourceError> {
        again(|| self.try_fetch(wanted))
    }

    fn try_fetch(&self, wanted: &[&str]) -> Result<(), SourceError> {
        let mut command = self.repository.command([
            "-c",
            "gc.pruneExpire=never",
            "-c",
            "gc.autoDetach=false",
            "-c",
            "maintenance.autoDetach=false",
        ]);
        command.args(["fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--update-head-ok"]);
        command.args(["--no-recurse-submodules", "--", self.url]).args(wanted);
        let what = format!("fetch {}", without_secrets(self.url));
        output_of(&mut command, &what).map(drop)
    }

    /// Returns what to resolve and how to call it.
    fn default_branch(&self) -> Result<(String, String), SourceError> {
        let what = format!("ask {} for its default branch", without_secrets(self.url));
        let ask = ["ls-remote", "--symref", "--", self.url, "HEAD"];
        let answer = again(|| self.repository.run(&what, &ask))?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let values = || answer.lines().filter_map(|line| line.strip_suffix("\tHEAD"));
        let branch = values().find_map(|value| value.strip_prefix("ref: refs/heads/"));
        let detached = values().find(|value| is_full_id(value));
        Ok(match (branch, detached) {
            (Some(branch), _) => (format!("refs/heads/{branch}"), branch.to_owned()),
            (None, Some(id)) => (id.to_owned(), "HEAD".to_owned()),
            (None, None) => ("HEAD".to_owned(), "HEAD".to_owned()),
        })
    }
}

fn locked(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).mode(0o600).open(path)?;
    file.lock()?;
    Ok(file)
}

/// Makes the mirror if it is not there; in one piece, so a relm that was killed leaves none that is half made.
fn init(git: &Git, directory: PathBuf, url: &str) -> Result<Repository, SourceError> {
    if !directory.exists() {
        let half = directory.with_extension("new");
        if half.exists() {
            fs::remove_dir_all(&half).map_err(cannot_use(&half))?;
        }
        make(git, &half, url)?;
        fs::rename(&half, &directory).map_err(cannot_use(&directory))?;
    }
    Ok(Repository { git: git.clone(), directory })
}

/// Without templates, which may bring hooks.
fn make(git: &Git, directory: &Path, url: &str) -> Result<(), SourceError> {
    let what = "make a mirror in the cache";
    let mut command = git.command();
    command.args(["init", "--quiet", "--bare", "--template="]).arg(directory);
    output_of(&mut command, what)?;
    let repository = Repository { git: git.clone(), directory: directory.to_owned() };
    // A mirror's own HEAD means nothing; so it can never be taken for the remote's.
    repository.run(what, &["symbolic-ref", "HEAD", "refs/relm/nothing"])?;
    // git-lfs looks here for where contents come from.
    repository.run(what, &["config", "remote.origin.url", url])?;
    Ok(())
}

fn cannot_use(path: &Path) -> impl FnOnce(io::Error) -> SourceError {
    let path = path.to_owned();
    move |error| SourceError::Cache { path, error }
}

/// Git repeats the URL it was given, secrets included.
fn hide(error: SourceError, url: &str) -> SourceError {
    match error {
        SourceError::Git { what, words } => SourceError::Git { what, words: words.replace(url, &without_secrets(url)) },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    use super::*;
    use crate::source::fixture::{Desk, git, text};

    #[test]
    fn what_moved_is_followed_and_what_vanished_is_forgotten() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a", "1").commit("one");
        repo.git(&["branch", "topic"]);
        let read = |reference| desk.freeze_git(&repo.url(), reference).map(|frozen| text(&frozen, "a"));
        assert_eq!(read(Some("topic")).unwrap(), "1");
        repo.write("a", "2").git(&["commit", "--quiet", "--all", "--amend", "--message", "other"]);
        assert_eq!(read(Some("main")).unwrap(), "2");
        // A branch that becomes a directory of branches.
        repo.git(&["branch", "--delete", "--force", "topic"]);
        repo.git(&["branch", "topic/deep"]);
        assert_eq!(read(Some("topic/deep")).unwrap(), "2");
        assert!(read(Some("topic")).is_err());
        repo.git(&["branch", "--move", "main", "trunk"]);
        let frozen = desk.freeze_git(&repo.url(), None).unwrap();
        assert!(frozen.origin.source.starts_with("trunk of file://"), "{}", frozen.origin.source);
    }

    #[test]
    fn a_commit_on_no_branch_comes_when_named() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        let lost = repo.write("a", "lost").commit("one");
        repo.write("a", "kept").git(&["commit", "--quiet", "--all", "--amend", "--message", "other"]);
        repo.git(&["update-ref", "refs/pull/7/head", &lost]);
        for reference in [&lost[..], "refs/pull/7/head"] {
            let frozen = desk.freeze_git(&repo.url(), Some(reference)).unwrap();
            assert_eq!(text(&frozen, "a"), "lost", "{reference}");
        }
        let missing = "1".repeat(40);
        let error = desk.freeze_git(&repo.url(), Some(&missing)).unwrap_err().to_string();
        assert!(error.contains("git cannot fetch file://") && error.contains(&missing), "{error}");
    }

    #[test]
    fn a_known_commit_needs_no_network() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        let commit = repo.write("a", "1").commit("one");
        desk.freeze_git(&repo.url(), None).unwrap();
        let url = repo.url();
        fs::remove_dir_all(&repo.0).unwrap();
        assert_eq!(text(&desk.freeze_git(&url, Some(&commit)).unwrap(), "a"), "1");
        let error = desk.freeze_git(&url, Some("main")).unwrap_err().to_string();
        assert!(error.starts_with("git cannot fetch file://") && error.contains("fatal: "), "{error}");
    }

    #[test]
    fn a_remote_whose_head_leads_nowhere_is_told() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a", "1").commit("one");
        repo.git(&["branch", "master"]);
        repo.git(&["symbolic-ref", "HEAD", "refs/heads/gone"]);
        let error = desk.freeze_git(&repo.url(), None).unwrap_err().to_string();
        assert!(error.contains("has no branch, tag or commit `HEAD`"), "{error}");
    }

    #[test]
    fn what_a_killed_relm_left_half_made_is_made_anew() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a", "1").commit("one");
        let mirror = bring(&git(), &desk.places, &repo.url(), None).unwrap().repository.directory;
        fs::remove_dir_all(&mirror).unwrap();
        fs::create_dir(mirror.with_extension("new")).unwrap();
        fs::write(mirror.with_extension("new").join("HEAD"), "ref: ").unwrap();
        assert_eq!(text(&desk.freeze_git(&repo.url(), None).unwrap(), "a"), "1");
    }

    #[test]
    fn many_at_once_do_not_meet() {
        let desk = Arc::new(Desk::new());
        let repo = desk.repository("shop");
        repo.write("a", "1").commit("one");
        let threads = [(); 6].map(|()| {
            let (desk, url) = (Arc::clone(&desk), repo.url());
            std::thread::spawn(move || desk.freeze_git(&url, Some("main")).map(|frozen| text(&frozen, "a")))
        });
        for thread in threads {
            assert_eq!(thread.join().unwrap().unwrap(), "1");
        }
    }

    #[test]
    fn a_server_that_cannot_be_reached_is_tried_again_and_one_that_says_no_is_not() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        repo.write("a", "1").commit("one");
        let (script, tries) = (desk.places.cache.with_file_name("ssh"), desk.places.cache.with_file_name("tries"));
        let through = |says: &str, good_from: usize| {
            let text = format!(
                "#!/bin/sh\necho >>'{0}'\nif [ $(wc -l <'{0}') -lt {good_from} ]; then echo '{says}' >&2; exit 255; fi\n\
                 for last; do :; done\neval \"$last\"\n",
                tries.display()
            );
            let _ = fs::remove_file(&tries);
            fs::write(&script, text).unwrap();
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
            let mut git = git();
            git.variables.push(("GIT_SSH_COMMAND".into(), script.display().to_string()));
            let url = format!("ssh://git@git.example.org{}", repo.0.display());
            let brought = bring(&git, &desk.places, &url, Some("main")).map(drop);
            (brought.is_ok(), fs::read_to_string(&tries).unwrap().lines().count())
        };
        assert_eq!(through("ssh: connect to host git.example.org port 22: Connection refused", 3), (true, 3));
        assert_eq!(through("git@git.example.org: Permission denied (publickey).", 3), (false, 1));
    }

    #[test]
    fn the_cache_is_private_and_secrets_are_not_repeated() {
        let desk = Desk::new();
        // Port 1 refuses at once.
        let url = "http://anna:s3cret@127.0.0.1:1/shop.git";
        let error = bring(&git(), &desk.places, url, Some("main")).unwrap_err().to_string();
        assert!(error.starts_with("git cannot fetch http://127.0.0.1:1/shop.git: "), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
        let mode = fs::metadata(desk.places.cache.join("git")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
