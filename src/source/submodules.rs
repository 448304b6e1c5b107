//! A commit with the commits of its submodules in their places, to any depth.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::error::SourceError;
use super::export;
use super::freeze::Places;
use super::gather::{Gathering, below};
use super::git::Repository;
use super::location::resolved;
use super::mirror;
use super::names::shown;

/// A repository that may hold submodules.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) repository: Repository,
    /// Where it came from: what relative addresses start from.
    pub(super) url: String,
    /// Its checkout on this machine, where people's submodules stand.
    pub(super) work_tree: Option<PathBuf>,
}

/// What `.gitmodules` says about one path.
#[derive(Debug, Default)]
struct Listed {
    name: String,
    path: String,
    url: String,
}

/// Adds a commit's tree and those of its submodules below a directory. `repository` is the holder's, or one that knows more
/// commits.
pub(super) fn export(
    repository: &Repository,
    holder: &Holder,
    commit: &str,
    directory: &[u8],
    places: &Places,
    gathering: &mut Gathering,
) -> Result<(), SourceError> {
    let named = export::export(repository, commit, directory, gathering)?;
    let links = links(repository, commit)?;
    // Git names the directory of a submodule unless `export-ignore` takes it out.
    let links = links.into_iter().filter(|(path, _)| named.contains(path));
    let links: Vec<_> = links.filter(|(path, _)| !gathering.excludes(&below(directory, path), true)).collect();
    if links.is_empty() {
        return Ok(());
    }
    let listed = listed(repository, commit)?;
    for (path, commit) in links {
        let place = below(directory, &path);
        let found = str::from_utf8(&path).ok().and_then(|path| listed.get(path));
        found
            .ok_or(SourceError::UnlistedSubmodule)
            .and_then(|listed| obtain(holder, listed, &commit, places))
            .and_then(|module| export(&module.repository, &module, &commit, &place, places, gathering))
            .map_err(|cause| naming(&place, cause))?;
    }
    Ok(())
}

/// Names the submodule once, the innermost.
fn naming(place: &[u8], cause: SourceError) -> SourceError {
    match cause {
        SourceError::Submodule { .. } | SourceError::Refused { .. } => cause,
        cause => SourceError::Submodule { path: shown(place), cause: Box::new(cause) },
    }
}

/// Paths of a commit that are submodules, with the commits they stand at.
fn links(repository: &Repository, commit: &str) -> Result<Vec<(Vec<u8>, String)>, SourceError> {
    let listing = repository.run("list the tree", &["ls-tree", "-r", "-z", "--full-tree", commit])?;
    let entries = listing.split(|&byte| byte == 0);
    let links = entries.filter_map(|entry| entry.strip_prefix(b"160000 commit "));
    let links = links.filter_map(|link| {
        let tab = link.iter().position(|&byte| byte == b'\t')?;
        let commit = str::from_utf8(&link[..tab]).ok()?;
        Some((link[tab + 1..].to_owned(), commit.to_owned()))
    });
    Ok(links.collect())
}

/// Reads `.gitmodules` as it stands in the commit, by path.
fn listed(repository: &Repository, commit: &str) -> Result<BTreeMap<String, Listed>, SourceError> {
    let blob = format!("{commit}:.gitmodules");
    if repository.ask(&["rev-parse", "--quiet", "--verify", &blob])?.is_none() {
        return Ok(BTreeMap::new());
    }
    let printed = repository.run("read .gitmodules", &["config", "--blob", &blob, "-z", "--list"])?;
    let printed = String::from_utf8_lossy(&printed);
    let mut by_name = BTreeMap::<&str, Listed>::new();
    for setting in printed.split('\0').filter_map(|setting| setting.strip_prefix("submodule.")) {
        let Some((key, value)) = setting.split_once('\n') else {
            continue;
        };
        let (name, key) = key.rsplit_once('.').unwrap_or((key, ""));
        let listed = by_name.entry(name).or_default();
        name.clone_into(&mut listed.name);
        match key {
            "path" => value.clone_into(&mut listed.path),
            "url" => value.clone_into(&mut listed.url),
            _ => {}
        }
    }
    let usable = by_name.into_values().filter(is_usable);
    Ok(usable.map(|listed| (listed.path.clone(), listed)).collect())
}

/// A name becomes a directory under `.git/modules` and a URL an argument: neither may lead elsewhere (CVE-2018-11235,
/// CVE-2018-17456).
fn is_usable(listed: &Listed) -> bool {
    let mut parts = Path::new(&listed.name).components();
    let stays = !listed.name.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)));
    stays && !listed.url.is_empty() && !listed.url.starts_with('-')
}

/// Finds a repository with the submodule's commit: the checkout's own, else a mirror.
fn obtain(holder: &Holder, listed: &Listed, commit: &str, places: &Places) -> Result<Holder, SourceError> {
    let url = address(holder, listed)?;
    let work_tree = holder.work_tree.as_ref().map(|tree| tree.join(&listed.path));
    for repository in local(holder, listed, work_tree.as_deref())? {
        if repository.commit(commit)?.is_some() {
            return Ok(Holder { repository, url, work_tree });
        }
    }
    let git = holder.repository.git.wary();
    let brought = mirror::bring(&git, places, &url, Some(commit))?;
    Ok(Holder { repository: brought.repository, url, work_tree: None })
}

/// A person's own setting, made by `git submodule init`, goes before what the commit says.
fn address(holder: &Holder, listed: &Listed) -> Result<String, SourceError> {
    let key = format!("submodule.{}.url", listed.name);
    let own = holder.repository.ask(&["config", "--get", &key])?;
    Ok(resolved(own.as_ref().unwrap_or(&listed.url), &holder.url))
}

/// Where the submodule's objects can stand on this machine.
fn local(holder: &Holder, listed: &Listed, work_tree: Option<&Path>) -> Result<Vec<Repository>, SourceError> {
    let git = &holder.repository.git;
    let directory = &holder.repository.directory;
    let common = holder.repository.run("find the git directory", &["rev-parse", "--git-common-dir"])?;
    let common = String::from_utf8_lossy(&common);
    let common = directory.join(common.trim_end_matches('\n'));
    let kept = [directory, &common].map(|holder| holder.join("modules").join(&listed.name));
    let kept = kept.into_iter().filter(|directory| directory.join("HEAD").is_file());
    let mut found: Vec<_> = kept.map(|directory| Repository { git: git.clone(), directory }).collect();
    // Without its own `.git` git would climb to the repository around it.
    if let Some(work_tree) = work_tree.filter(|tree| tree.join(".git").exists()) {
        found.push(Repository::around(git, work_tree)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::source::fixture::{Desk, Repo, git, paths, text};
    use crate::source::{Frozen, Source, Wanted};

    /// `app` holds `libs/one`, which holds `deep/two`; all addresses are relative.
    fn nested(desk: &Desk) -> Repo {
        let two = desk.repository("two");
        two.write("two.txt", "2").write("tests/x", "").write(".gitattributes", "tests export-ignore\n");
        two.commit("two");
        let one = desk.repository("one");
        one.write("one.txt", "1");
        one.git(&["submodule", "--quiet", "add", "../two", "deep/two"]);
        one.commit("one");
        let app = desk.repository("app");
        app.write("app.txt", "0");
        app.git(&["submodule", "--quiet", "add", "../one", "libs/one"]);
        app.commit("app");
        app
    }

    fn whole(frozen: &Frozen) {
        let expected = [
            ".gitmodules",
            "app.txt",
            "libs",
            "libs/one",
            "libs/one/.gitmodules",
            "libs/one/deep",
            "libs/one/deep/two",
            "libs/one/deep/two/.gitattributes",
            "libs/one/deep/two/two.txt",
            "libs/one/one.txt",
        ];
        assert_eq!(paths(frozen), expected);
        assert_eq!(text(frozen, "libs/one/deep/two/two.txt"), "2");
    }

    #[test]
    fn two_deep_from_a_checkout() {
        let desk = Desk::new();
        let app = nested(&desk);
        whole(&desk.freeze_git(app.location(), None).unwrap());
        app.git(&["submodule", "--quiet", "update", "--init", "--recursive"]);
        for gone in ["one", "two"] {
            fs::remove_dir_all(desk.path(gone)).unwrap();
        }
        fs::remove_dir_all(&desk.places.cache).unwrap();
        whole(&desk.freeze_git(app.location(), None).unwrap());
        assert!(!desk.places.cache.exists());
        fs::remove_dir_all(app.0.join("libs")).unwrap();
        whole(&desk.freeze_git(app.location(), None).unwrap());
    }

    #[test]
    fn two_deep_from_a_url_and_from_a_fresh_clone() {
        let desk = Desk::new();
        let app = nested(&desk);
        whole(&desk.freeze_git(&app.url(), None).unwrap());
        let clone = Repo(desk.path("elsewhere/clone"));
        app.git(&["clone", "--quiet", ".", clone.location()]);
        clone.git(&["remote", "set-url", "origin", &app.url()]);
        whole(&desk.freeze_git(clone.location(), None).unwrap());
    }

    #[test]
    fn the_commit_of_the_holder_decides() {
        let desk = Desk::new();
        let app = nested(&desk);
        Repo(desk.path("two")).write("two.txt", "newer").commit("newer");
        Repo(desk.path("one")).write("one.txt", "newer").commit("newer");
        app.git(&["submodule", "--quiet", "update", "--init", "--recursive"]);
        app.git(&["-C", "libs/one", "pull", "--quiet", "origin", "main"]);
        let frozen = desk.freeze_git(app.location(), None).unwrap();
        assert_eq!(text(&frozen, "libs/one/one.txt"), "1");
        assert_eq!(frozen.origin.note.as_deref(), Some("1 uncommitted change is not part of it"));
    }

    #[test]
    fn one_that_cannot_be_had_is_named() {
        let desk = Desk::new();
        let app = nested(&desk);
        fs::remove_dir_all(desk.path("two")).unwrap();
        let error = desk.freeze_git(&app.url(), None).unwrap_err().to_string();
        assert!(error.starts_with("submodule libs/one/deep/two: git cannot fetch file://"), "{error}");
        let source = || Source::Git { location: app.url(), reference: None };
        let without = desk.freeze_without(source(), &["libs/one/deep"]).unwrap();
        assert!(paths(&without).contains(&"libs/one/one.txt"));
    }

    #[test]
    fn one_that_export_ignore_takes_out_is_not_fetched() {
        let desk = Desk::new();
        let app = nested(&desk);
        app.write(".gitattributes", "libs/one export-ignore\n").commit("without");
        fs::remove_dir_all(desk.path("one")).unwrap();
        let frozen = desk.freeze_git(&app.url(), None).unwrap();
        assert_eq!(paths(&frozen), [".gitattributes", ".gitmodules", "app.txt", "libs"]);
    }

    #[test]
    fn one_without_or_with_a_hostile_entry_is_refused() {
        let desk = Desk::new();
        let app = nested(&desk);
        let hostile = [
            "",
            "[submodule \"../../x\"]\n\tpath = libs/one\n\turl = ../one\n",
            "[submodule \"x\"]\n\tpath = libs/one\n\turl = --upload-pack=touch\n",
            "[submodule \"x\"]\n\tpath = libs/other\n\turl = ../one\n",
        ];
        for (at, modules) in hostile.into_iter().enumerate() {
            app.write(".gitmodules", modules).commit(&at.to_string());
            let error = desk.freeze_git(&app.url(), None).unwrap_err().to_string();
            assert!(error.starts_with("submodule libs/one: .gitmodules has no usable entry"), "{modules}: {error}");
        }
    }

    #[test]
    fn a_repository_cannot_make_git_read_directories_of_this_machine() {
        let desk = Desk::new();
        let app = nested(&desk);
        let mut git = git();
        git.variables.retain(|(name, _)| !name.starts_with("GIT_CONFIG_"));
        git.variables.push(("GIT_CONFIG_GLOBAL".into(), "/dev/null".into()));
        let source = Source::Git { location: app.url(), reference: None };
        let wanted = Wanted::of(source);
        let error = wanted.freeze_with(&git, &desk.places).unwrap_err().to_string();
        assert!(error.starts_with("submodule libs/one: ") && error.contains("transport 'file' not allowed"), "{error}");
    }

    #[test]
    fn a_repository_can_hold_itself() {
        let desk = Desk::new();
        let app = desk.repository("app");
        app.write("a", "1").commit("one");
        app.git(&["branch", "pages"]);
        app.git(&["submodule", "--quiet", "add", &app.url(), "pages"]);
        app.write("a", "2").commit("two");
        let frozen = desk.freeze_git(&app.url(), None).unwrap();
        assert_eq!((text(&frozen, "a"), text(&frozen, "pages/a")), ("2".into(), "1".into()));
    }
}
