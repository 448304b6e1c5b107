//! The commits that lie between two of a repository.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::error::SourceError;
use super::freeze::Places;
use super::git::{Git, Repository};
use super::location::{is_local, shown_location};
use super::{Source, mirror};
use crate::release::Commit;

/// One field from the next, and one commit from the next: nobody writes these.
const FORMAT: &str = "--format=%H%x1f%an%x1f%cI%x1f%s%x1f%b%x1e";

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
        let said =
            repository.run("tell the commits", &["log", "--no-color", FORMAT, &format!("{from}..{to}"), "--"])?;
        Ok(Some(String::from_utf8_lossy(&said).split('\x1e').filter_map(read).collect()))
    }
}

fn read(text: &str) -> Option<Commit> {
    let mut fields = text.trim_start().splitn(5, '\x1f').map(str::to_owned);
    let (id, author, at) = (fields.next()?, fields.next()?, fields.next()?);
    let at = DateTime::parse_from_rfc3339(&at).map_or(DateTime::UNIX_EPOCH, |at| at.with_timezone(&Utc));
    Some(Commit { id, author, at, subject: fields.next()?, body: fields.next()?.trim_end().to_owned() })
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
        let two = repo.write("a", "2").commit("two\n\nDeployment: look\nout");
        let three = repo.write("a", "3").commit("three");
        for location in [repo.location().to_owned(), repo.url()] {
            let source = Source::Git { location, reference: None };
            let between = |from: &str, to: &str| source.commits_with(&git(), &desk.places, from, to);
            let commits = between(&one, &three).unwrap().unwrap();
            let told: Vec<_> = commits.iter().map(|commit| (commit.id.as_str(), commit.subject.as_str())).collect();
            assert_eq!(told, [(three.as_str(), "three"), (two.as_str(), "two")]);
            assert_eq!((commits[1].author.as_str(), commits[1].body.as_str()), ("Anna", "Deployment: look\nout"));
            assert_eq!(commits[1].at.to_rfc3339(), "2026-01-02T03:04:05+00:00");
            assert_eq!(between(&three, &one).unwrap(), Some(Vec::new()));
            assert!(between(&"1".repeat(40), &three).is_err());
        }
        let directory = Source::Directory(desk.path("shop"));
        assert_eq!(directory.commits_with(&git(), &desk.places, &one, &three).unwrap(), None);
    }
}
