//! One commit's files, as `git archive` gives them: `export-ignore` and `export-subst` honoured.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Child, Stdio};

use super::error::SourceError;
use super::gather::Gathering;
use super::git::Repository;
use super::untar::{self, Rules};

/// Adds a commit's tree below a directory; returns the directories it named, submodules among them.
pub(super) fn export(
    repository: &Repository,
    commit: &str,
    directory: &[u8],
    gathering: &mut Gathering,
) -> Result<BTreeSet<Vec<u8>>, SourceError> {
    let mut complaints = tempfile::tempfile().map_err(SourceError::Scratch)?;
    let mut child = start(repository, commit, &complaints)?;
    let rules = Rules {
        origin: &repository.directory,
        strip: 0,
        below: directory,
        most: usize::MAX,
    };
    let read = match child.stdout.as_mut() {
        Some(stream) => untar::read(stream, &rules, gathering),
        None => unreachable!("the standard output of git is a pipe"),
    };
    if read.is_err() {
        // Git would otherwise wait for somebody to read the rest.
        let _ = child.kill();
    }
    let status = child.wait().map_err(SourceError::NoGit)?;
    let words = words(&mut complaints);
    match read {
        Err(refused @ SourceError::Refused { .. }) => Err(refused),
        Err(error) if words.is_empty() => Err(error),
        Ok(seen) if status.success() => Ok(seen.directories),
        _ => Err(SourceError::Git {
            what: format!("export commit {commit}"),
            words,
        }),
    }
}

fn start(repository: &Repository, commit: &str, complaints: &File) -> Result<Child, SourceError> {
    let stderr = complaints.try_clone().map_err(SourceError::Scratch)?;
    let mut command = repository.command(["archive", "--format=tar", commit]);
    command.stdout(Stdio::piped()).stderr(stderr);
    command.spawn().map_err(SourceError::NoGit)
}

fn words(complaints: &mut File) -> String {
    let mut bytes = Vec::new();
    let _ = complaints.rewind();
    let _ = complaints.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).trim().to_owned()
}
