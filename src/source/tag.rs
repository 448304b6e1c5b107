//! A tag for what was deployed.

use std::path::Path;

use super::freeze::Places;
use super::git::{Git, Repository};
use super::location::{is_local, without_secrets};
use super::mirror;
use super::patience::{PATIENCE, within};

/// A tag on a commit.
#[derive(Debug, Clone)]
pub struct Tag {
    /// The repository: a directory of this machine or a URL.
    pub location: String,
    /// Its name.
    pub name: String,
    /// The commit.
    pub commit: String,
    /// What it says.
    pub message: String,
    /// Who sets it: a name and an address.
    pub by: (String, String),
    /// Whether it is pushed: to `origin`, or to where the repository is.
    pub push: bool,
}

impl Tag {
    /// Sets it, and pushes it if it is to be; or says why not. One that is there already stays. Blocks.
    pub fn set(&self, places: &Places) -> Result<(), String> {
        let git = Git::default();
        let here = is_local(&self.location);
        let repository = if here {
            Repository::around(&git, Path::new(&self.location))
        } else {
            mirror::bring(&git, places, &self.location, Some(&self.commit)).map(|brought| brought.repository)
        };
        let repository = repository.map_err(|error| error.to_string())?;
        self.set_in(&repository)?;
        if !self.push {
            return Ok(());
        }
        let to = if here { "origin" } else { &self.location };
        let reference = format!("refs/tags/{}", self.name);
        let mut push = git.command();
        // Where a person would push from: an `origin` may be a path relative to that.
        push.arg("-C").arg(if here { Path::new(&self.location) } else { &repository.directory });
        push.args(["push", "--quiet", "--no-verify", "--no-follow-tags", "--", to])
            .arg(format!("{reference}:{reference}"));
        within(push, PATIENCE).map_err(|reason| {
            let reason = reason.replace(&self.location, &without_secrets(&self.location));
            format!("it is set here, and could not be pushed: {reason}")
        })
    }

    fn set_in(&self, repository: &Repository) -> Result<(), String> {
        let there = repository.commit(&format!("refs/tags/{}", self.name)).map_err(|error| error.to_string())?;
        match there {
            Some(commit) if commit == self.commit => return Ok(()),
            Some(commit) => return Err(format!("it is there already, on {}", &commit[..10])),
            None => {}
        }
        let mut set = repository.command(["-c", "tag.gpgSign=false", "tag", "--annotate", "--message", &self.message]);
        set.args(["--", &self.name, &self.commit]);
        set.env("GIT_COMMITTER_NAME", &self.by.0).env("GIT_COMMITTER_EMAIL", &self.by.1);
        within(set, PATIENCE)
    }
}
