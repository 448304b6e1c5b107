//! The `git` program and one repository under it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::secret;

use super::error::SourceError;

/// Variables that would point git elsewhere when relm runs inside a hook or an alias of git.
const LOCAL_VARIABLES: [&str; 11] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Settings of a person that would change what a commit's tree looks like.
const SETTINGS: [&str; 5] = [
    "core.autocrlf=false",
    "core.eol=lf",
    "core.attributesFile=/dev/null",
    "log.showSignature=false",
    "advice.detachedHead=false",
];

/// How git is called.
#[derive(Debug, Clone, Default)]
pub(super) struct Git {
    /// Set for every call.
    pub(super) variables: Vec<(String, String)>,
}

impl Git {
    /// Git for addresses that stand in a repository: it may not reach protocols only a person may name (CVE-2022-39253).
    pub(super) fn wary(&self) -> Self {
        let mut wary = self.clone();
        wary.variables.push(("GIT_PROTOCOL_FROM_USER".into(), "0".into()));
        wary
    }

    /// A call that reads no terminal, speaks English and knows no other repository.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new("git");
        for variable in LOCAL_VARIABLES {
            command.env_remove(variable);
        }
        for variable in secret::hidden() {
            command.env_remove(variable);
        }
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

/// A repository of this machine, named by its git directory: `git archive` then means the whole tree wherever relm runs.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    pub(super) git: Git,
    pub(super) directory: PathBuf,
}

impl Repository {
    /// Opens the repository a directory of this machine belongs to.
    pub(super) fn around(git: &Git, path: &Path) -> Result<Self, SourceError> {
        if !path.is_dir() {
            std::fs::read_dir(path).map_err(SourceError::read(path))?;
        }
        let mut command = git.command();
        command.arg("-C").arg(path).args(["rev-parse", "--absolute-git-dir"]);
        let directory = words_of(&mut command, "open the repository")?;
        Ok(Self { git: git.clone(), directory: PathBuf::from(directory) })
    }

    /// A call on this repository; the work tree that its settings name may be gone, and nothing here needs one.
    pub(super) fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.git.command();
        command.arg("--git-dir").arg(&self.directory).arg("--work-tree").arg(&self.directory);
        command.args(arguments).current_dir(&self.directory);
        command
    }

    /// Runs a call and returns what it printed; `what` completes "git cannot …".
    pub(super) fn run(&self, what: &str, arguments: &[&str]) -> Result<Vec<u8>, SourceError> {
        output_of(&mut self.command(arguments), what)
    }

    /// Runs a call and returns its line, or nothing if git says no or prints nothing.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<Option<String>, SourceError> {
        let output = self.command(arguments).output().map_err(SourceError::NoGit)?;
        let line = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
        Ok((output.status.success() && !line.is_empty()).then_some(line))
    }

    /// Returns the id of the commit that a name means here.
    pub(super) fn commit(&self, name: &str) -> Result<Option<String>, SourceError> {
        // Git allows no reference to begin so; and `^name` would be an id with a caret.
        if name.is_empty() || name.starts_with(['-', '^']) {
            return Ok(None);
        }
        let id = self.ask(&["rev-parse", "--quiet", "--verify", &format!("{name}^{{commit}}")])?;
        Ok(id.filter(|id| is_full_id(id)))
    }
}

/// Tells whether a text is the whole id of an object.
pub(super) fn is_full_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Runs git and returns what it printed.
pub(super) fn output_of(command: &mut Command, what: &str) -> Result<Vec<u8>, SourceError> {
    let output = command.output().map_err(SourceError::NoGit)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(failure(what, &output))
}

/// Runs git and returns its line.
pub(super) fn words_of(command: &mut Command, what: &str) -> Result<String, SourceError> {
    let printed = output_of(command, what)?;
    Ok(String::from_utf8_lossy(&printed).trim_end_matches('\n').to_owned())
}

fn failure(what: &str, output: &Output) -> SourceError {
    let words = String::from_utf8_lossy(&output.stderr);
    let words = match words.trim() {
        "" => output.status.to_string(),
        words => words.to_owned(),
    };
    SourceError::Git { what: what.to_owned(), words }
}
