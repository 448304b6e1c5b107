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
    let rules = Rules { origin: &repository.directory, strip: 0, below: directory, most: usize::MAX };
    let stream = child.stdout.as_mut().expect("the standard output of git is a pipe");
    let read = untar::read(stream, &rules, gathering);
    if read.is_err() {
        // Git would otherwise wait for somebody to read the rest.
        let _ = child.kill();
    }
    let status = child.wait().map_err(SourceError::NoGit)?;
    let words = words(&mut complaints);
    match read {
        Ok(seen) if status.success() => Ok(seen.directories),
        // A stream that breaks off is what is seen of it; why it broke off, git says.
        Err(error) if words.is_empty() || !is_broken_stream(&error) => Err(error),
        _ => Err(SourceError::Git { what: format!("export commit {commit}"), words }),
    }
}

fn is_broken_stream(error: &SourceError) -> bool {
    matches!(error, SourceError::Damaged { .. } | SourceError::Read { .. })
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
