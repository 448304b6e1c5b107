//! What a well-shaped file means: every mistake of meaning at once, each with its place.

mod apart;
mod busy;
mod components;
mod conditions;
mod confirm;
mod distribution;
mod environment;
mod guards;
mod health;
mod hosts;
mod inherit;
mod inputs;
mod job;
mod lock;
mod maintenance;
mod manage;
mod migrate;
mod notify;
pub(super) mod operations;
mod parts;
mod pattern;
mod pool;
mod pre_connect;
mod promote_from;
mod publish;
mod python;
mod release;
mod retry;
mod roles;
mod secrets;
mod service;
mod shared;
mod source;
mod tag;
pub(super) mod tasks;
mod templates;
mod text;
mod transfer;
mod variables;
mod wait;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::Config;
use super::file::ReleasesToml;
use super::placed::At;
use super::problem::Problem;
use super::suggest::did_you_mean;
use crate::fleet::EnvName;

/// Where relative paths and `~` of the file lead on this machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'p> {
    pub(super) directory: &'p Path,
    pub(super) home: &'p Path,
}

/// The state of checking one file. Whatever a check returns beside a problem is never seen: the file is refused.
struct Check<'p> {
    places: Places<'p>,
    /// What `shape` took out; nothing that depends on it is complained about.
    lost: BTreeSet<String>,
    /// Who has which roles, and what sets of them are called; unknown if hosts were lost.
    roles: Option<roles::Known>,
    /// The secrets there are where it is checked now.
    secrets: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn problem(&mut self, span: Range<usize>, message: impl Into<String>, hint: impl Into<Option<String>>) {
        self.problems.push(Problem { message: message.into(), span, hint: hint.into() });
    }

    fn lost(&self, path: &str) -> bool {
        let inside =
            |lost: &String| lost.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.lost.iter().any(inside)
    }

    /// Whether a whole environment was taken out.
    fn envs_lost(&self) -> bool {
        self.lost.iter().any(|lost| {
            lost == "env"
                || lost == "hosts"
                || lost.starts_with("hosts.")
                || lost.starts_with("env.") && lost.matches('.').count() == 1
        })
    }

    /// Whether the source of an environment's application was taken out.
    fn source_lost(&self, env: &At<String>) -> bool {
        self.lost("source") || self.lost(&format!("env.{}.source", env.value))
    }

    /// Whether a host or a part of one was taken out.
    fn hosts_lost(&self) -> bool {
        self.envs_lost() || self.lost.iter().any(|lost| lost.starts_with("env.") && lost.contains(".hosts"))
    }
}

/// Checks the whole file; `problems` are those of its shape.
pub(super) fn check(
    file: &ReleasesToml,
    places: Places<'_>,
    lost: BTreeSet<String>,
    problems: Vec<Problem>,
) -> Result<Config, Vec<Problem>> {
    let mut check = Check { places, lost, roles: None, secrets: BTreeSet::new(), problems };
    let file = &inherit::resolved(&mut check, file);
    if !check.hosts_lost() {
        check.roles = Some(roles::Known::of(file));
    }
    roles::sets(&mut check, file);
    shared::tables(&mut check, file);
    let envs: Vec<_> =
        file.env.iter().flat_map(|(name, env)| components::applications(&mut check, file, name, env)).collect();
    if file.env.is_empty() && !check.envs_lost() {
        let hint = "[env.production.hosts]\nweb1 = { address = \"deploy@web1.example.org\" }".to_owned();
        check.problem(0..0, "there is no environment to deploy to", Some(hint));
    }
    let tasks = tasks::tasks(&mut check, file);
    let default_env = file.default_env.as_ref().and_then(|name| default_env(&mut check, file, name));
    let ssh_config = file.ssh_config.as_ref().and_then(|path| check.local_path("ssh_config", path));
    if !check.problems.is_empty() {
        return Err(check.problems);
    }
    Ok(Config { path: PathBuf::new(), default_env, ssh_config, envs, tasks })
}

/// Complains about names that stand twice in one list.
fn named_twice<'t>(check: &mut Check<'_>, what: &str, names: impl Iterator<Item = Option<&'t At<String>>>) {
    let mut before: Vec<&str> = Vec::new();
    for name in names.flatten() {
        if before.contains(&name.value.as_str()) {
            let hint = "each needs a name of its own; resume goes by it".to_owned();
            check.problem(name.span(), format!("there are two {what} {:?}", name.value), hint);
        }
        before.push(&name.value);
    }
}

fn default_env(check: &mut Check<'_>, file: &ReleasesToml, name: &At<String>) -> Option<EnvName> {
    let known: Vec<_> = file.env.keys().map(|env| env.value.as_str()).collect();
    if known.contains(&name.value.as_str()) {
        return EnvName::new(&name.value).ok();
    }
    if !known.is_empty() && !check.envs_lost() {
        check.problem(
            name.span(),
            format!("there is no environment {:?}", name.value),
            did_you_mean(&name.value, &known),
        );
    }
    None
}
