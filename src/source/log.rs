//! The commits that lie between two of a repository.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::error::SourceError;
use super::freeze::Places;
use super::git::{Git, Repository};
use super::location::{is_local, shown_location};
use super::{Source, mirror};
use crate::release::Commit;

/// NUL behind each field and, with `-z`, behind each commit: no message can hold one. The whole message, for git takes all lines
/// above the first empty one for the subject.
const FORMAT: &str = "--format=%H%x00%an%x00%cI%x00%B";

impl Source {
    /// The commits that `to` has and `from` has not, newest first. Nothing of a source without commits. Blocks.
    pub fn commits(&self, places: &Places, from: &str, to: &str) -> Result<Option<Vec<Commit>>, SourceError> {
        self.commits_with(&Git::default(), places, from, to)
    }

    pub(super) fn commits_with(
        &self,
        git: &Git,
        places: &Places,
        from: &str,
        to: &str,
    ) -> Result<Option<Vec<Commit>>, SourceError> {
        let Self::Git { location, .. } = self else { return Ok(None) };
        let repository = if is_local(location) {
            Repository::around(git, Path::new(location))?
        } else {
            // What is there already needs no network.
            mirror::bring(git, places, location, Some(from))?;
            mirror::bring(git, places, location, Some(to))?.repository
        };
        for commit in [from, to] {
            if repository.commit(commit)?.is_none() {
                let (location, reference) = (shown_location(location), commit.to_owned());
                return Err(SourceError::UnknownReference { location, reference, near: Vec::new() });
            }
        }
        if repository.ask(&["rev-parse", "--is-shallow-repository"])?.as_deref() == Some("true") {
            let words = format!("{} is a shallow clone, which does not hold them all", shown_location(location));
            return Err(SourceError::Git { what: "tell the commits".to_owned(), words });
        }
        let range = format!("{from}..{to}");
        let said = repository.run("tell the commits", &["log", "--no-color", "-z", FORMAT, &range, "--"])?;
        let said = String::from_utf8_lossy(&said);
        let fields: Vec<&str> = said.split('\0').collect();
        Ok(Some(fields.chunks_exact(4).map(read).collect()))
    }
}

fn read(fields: &[&str]) -> Commit {
    let at = DateTime::parse_from_rfc3339(fields[2]).map_or(DateTime::UNIX_EPOCH, |at| at.with_timezone(&Utc));
    let (subject, body) = fields[3].trim_start_matches('\n').split_once('\n').unwrap_or((fields[3], ""));
    let (id, author) = (fields[0].to_owned(), fields[1].to_owned());
    let body = body.trim_start_matches('\n').trim_end().to_owned();
    Commit { id, author, at, subject: subject.trim_end().to_owned(), body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::fixture::{Desk, git};

    #[test]
    fn what_lies_between_is_told_here_and_of_a_url() {
        let desk = Desk::new();
        let repo = desk.repository("shop");
        let one = repo.write("a", "1").commit("one");
        let two = repo.write("a", "2").commit("two\nDeployment: look\n\nout");
        let three = repo.write("a", "3").commit("three");
        for location in [repo.location().to_owned(), repo.url()] {
            let source = Source::Git { location, reference: None };
            let between = |from: &str, to: &str| source.commits_with(&git(), &desk.places, from, to);
            let commits = between(&one, &three).unwrap().unwrap();
            let told: Vec<_> = commits.iter().map(|commit| (commit.id.as_str(), commit.subject.as_str())).collect();
            assert_eq!(told, [(three.as_str(), "three"), (two.as_str(), "two")]);
            assert_eq!((commits[1].author.as_str(), commits[1].body.as_str()), ("Anna", "Deployment: look\n\nout"));
            assert_eq!(commits[1].notes(), ["look"]);
            assert_eq!(commits[1].at.to_rfc3339(), "2026-01-02T03:04:05+00:00");
            assert_eq!(between(&three, &one).unwrap(), Some(Vec::new()));
            assert!(between(&"1".repeat(40), &three).is_err());
        }
        let shallow = desk.path("shallow").display().to_string();
        let mut clone = git().command();
        let clone = clone.args(["clone", "-q", "--depth", "2", &repo.url(), &shallow]);
        assert!(clone.status().unwrap().success());
        let source = Source::Git { location: shallow, reference: None };
        let error = source.commits_with(&git(), &desk.places, &two, &three).unwrap_err();
        assert!(error.to_string().contains("shallow"), "{error}");
        let directory = Source::Directory(desk.path("shop"));
        assert_eq!(directory.commits_with(&git(), &desk.places, &one, &three).unwrap(), None);
    }
}
