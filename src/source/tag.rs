//! A tag for what was deployed.

use std::io::{Read as _, Seek as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::freeze::Places;
use super::git::{Git, Repository};
use super::location::{is_local, without_secrets};
use super::mirror;

/// A server that takes longer to take a tag is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// Runs git to its end, or ends it with all it has started; it can ask nobody anything.
fn within(mut command: Command, limit: Duration) -> Result<(), String> {
    let cannot = |error: std::io::Error| format!("git could not be run: {error}");
    let mut said = tempfile::tempfile().map_err(cannot)?;
    let stderr = said.try_clone().map_err(cannot)?;
    let mut child = command.process_group(0).stdout(Stdio::null()).stderr(stderr).spawn().map_err(cannot)?;
    let end = Instant::now() + limit;
    let status = loop {
        match child.try_wait().map_err(cannot)? {
            Some(status) => break status,
            None if Instant::now() > end => {
                let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
                let _ = group.map(|group| kill_process_group(group, Signal::KILL));
                let _ = child.wait();
                return Err(format!("git had not ended within {} s", limit.as_secs()));
            }
            None => sleep(Duration::from_millis(10)),
        }
    };
    if status.success() {
        return Ok(());
    }
    let mut words = String::new();
    let _ = said.rewind().and_then(|()| said.read_to_string(&mut words));
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Err(if lines.is_empty() { status.to_string() } else { lines.join("; ") })
}
