//! `relm diff`: from what is live to what would be deployed, or to what is live elsewhere.

use clap::Args;
use serde::Serialize;

use super::Refusal;
use super::deploy::SourceArgs;
use super::filled::FilledChange;
use super::promote::{answers, live_everywhere, record_of};
use super::requirements::{self, Files, Package};
use crate::config::{Environment, Packages};
use crate::event::StepInfo;
use crate::fleet::Scope;
use crate::release::{Added, Changes, Commit, Record, ReleaseName};
use crate::survey::Survey;

const EXAMPLES: &str = "Examples:
  relm diff production                    what a deploy would bring
  relm diff production --ref v1.5.0
  relm diff production staging            what production lacks of staging
  relm diff production formplayer         what a deploy of the component would bring
  relm diff production --json";

/// Show what a deploy would change: commits, files, requirements, migrations, steps
///
/// From what is live to what the source has now, or to what is live in a second environment. Nothing is changed, on no host.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct Diff {
    /// Environment of Releases.toml; the default one if left out
    pub env: Option<String>,
    /// Instead of the source: what is live in this environment. Or a component of ENV, with its source
    #[arg(value_name = "OTHER", conflicts_with_all = ["reference", "dir", "archive"])]
    pub other: Option<String>,
    #[allow(missing_docs, reason = "clap would print them as help")]
    #[command(flatten)]
    pub source: SourceArgs,
}

/// One end of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    /// The release, if it is one already.
    pub release: Option<ReleaseName>,
    /// What it is made from, as a person says it.
    pub source: String,
    /// The branch, tag or commit.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The commit, where the source has one.
    pub commit: Option<String>,
    /// The hash of the tree's manifest.
    pub tree: String,
}

impl End {
    /// A release that stands on hosts.
    pub fn of(record: &Record) -> Self {
        Self {
            release: Some(record.name.clone()),
            source: record.source.clone(),
            reference: Some(record.reference.clone()),
            commit: record.commit.clone(),
            tree: record.tree.clone(),
        }
    }
}

/// What `relm diff --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The environment.
    #[serde(flatten)]
    pub env: Scope,
    /// The one it is compared with, if it is not the source.
    pub other: Option<String>,
    /// What is live; nothing before a first deploy.
    pub from: Option<End>,
    /// What would be.
    pub to: End,
    /// Commits that would come, newest first; nothing where they are not known.
    pub commits: Option<Vec<Commit>>,
    /// Commits that are live and would go.
    pub lost: Option<Vec<Commit>>,
    /// Why the commits are not known, where a source has some.
    pub unknown: Option<String>,
    /// What whoever deploys has to know, from the commits that would come.
    pub notes: Vec<Note>,
    /// Files that differ; nothing where that is not known.
    pub files: Option<Changes>,
    /// Those of them that say what is installed.
    pub requirements: Vec<String>,
    /// Packages of which these ask for something else; empty where that is not known.
    pub packages: Vec<Package>,
    /// Those of them that are migrations.
    pub migrations: Vec<String>,
    /// Files that are filled in for each host and would be others; none where environments are compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<FilledChange>,
    /// The steps a deploy would run; none where environments are compared.
    pub steps: Vec<StepInfo>,
    /// Why a deploy would not begin.
    pub obstacle: Option<String>,
}

/// What a commit says for whoever deploys it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The commit.
    pub commit: String,
    /// Its first line.
    pub subject: String,
    /// The note.
    pub note: String,
}

/// The notes of commits, oldest first.
pub fn notes(commits: &[Commit]) -> Vec<Note> {
    let of = |commit: &Commit| {
        let (id, subject) = (commit.id.clone(), commit.subject.clone());
        commit.notes().into_iter().map(move |note| Note { commit: id.clone(), subject: subject.clone(), note })
    };
    commits.iter().rev().flat_map(of).collect()
}

impl Report {
    /// Says whether both ends have the very same code.
    pub fn is_same(&self) -> bool {
        self.from.as_ref().is_some_and(|from| from.tree == self.to.tree)
    }

    /// Fills in what the changed files say.
    #[must_use]
    pub fn with_files(mut self, env: &Environment, files: Option<Changes>) -> Self {
        let (added, removed) = match &files {
            Some(files) => (files.added.iter().chain(&files.changed).collect::<Vec<_>>(), files.removed.as_slice()),
            None => (Vec::new(), &[][..]),
        };
        let of_python = |path: &&&String| is_requirement(env, path);
        self.requirements = added.iter().filter(of_python).map(|path| (*path).clone()).collect();
        self.requirements.extend(removed.iter().filter(|path| is_requirement(env, path)).cloned());
        let migrations = added.into_iter().chain(removed).filter(|path| is_migration(env, path));
        self.migrations = migrations.cloned().collect();
        self.files = files;
        self
    }

    /// Fills in what the files that say what is installed ask for.
    #[must_use]
    pub fn with_packages(self, before: &Files, after: &Files) -> Self {
        Self { packages: requirements::changed(before, after), ..self }
    }

    /// Says that commits of other repositories, whose own history nobody looks at, come or go.
    #[must_use]
    pub fn with_added(mut self, before: &[Added], after: &[Added]) -> Self {
        let moved = |added: &&Added| {
            matches!(added, Added::Repository { .. }) && !before.iter().any(|known| known.is_same(added))
        };
        let moved: Vec<String> = after.iter().filter(moved).map(ToString::to_string).collect();
        if self.unknown.is_none() && !before.is_empty() && !moved.is_empty() {
            self.unknown =
                Some(format!("other repositories have moved, and theirs are not told: {}", moved.join(", ")));
        }
        self
    }
}

fn is_requirement(env: &Environment, path: &str) -> bool {
    env.python.as_ref().is_some_and(|python| match &python.packages {
        Packages::Requirements(files) => files.iter().any(|file| file == path),
        Packages::Project => ["pyproject.toml", "uv.lock"].contains(&path),
        Packages::Command(_) => false,
    })
}

/// What tools for migrations read: files below a directory that is called so, or below the one that an operation names.
fn is_migration(env: &Environment, path: &str) -> bool {
    let in_directory = |directory: &str| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
    let mut named = env.operations.iter().filter_map(|operation| operation.migrate.as_ref()?.sql.as_deref());
    let is_called = path.rsplit('/').skip(1).any(|name| name == "migrations") && !path.ends_with("/__init__.py");
    is_called || (std::path::Path::new(path).extension().is_some_and(|end| end == "sql") && named.any(in_directory))
}

/// The record of what is live on every host; nothing where nothing is.
pub fn live(env: &Environment, survey: &Survey) -> Result<Option<Record>, Refusal> {
    answers(env, survey)?;
    if survey.hosts.iter().all(|(_, seen)| seen.live().is_none()) {
        return Ok(None);
    }
    record_of(env, survey, live_everywhere(env, survey)?).map(Some)
}
