//! Where the values of secrets come from: looked for before any host is touched, and all that are missing told at once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::ask;
use super::complaint::Complaint;
use super::retype::typed;
use crate::config::{AppOperation, Config, Environment, Part, SecretSource};
use crate::event::Phase;
use crate::secret::{self, Secret, Secrets};

/// Which secrets a task is in need of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Those without which nobody gets to a host.
    Way,
    /// Besides, those without which nothing of one kind can be done as whom it should.
    Part(Part),
    /// Besides, those without which anything cannot be done as whom it should.
    Users,
    /// Those of operations that stand around a flip. Whoever goes back at night may not have what builds a release.
    Flip,
    /// These, and those of the app's checks.
    CheckedFlip,
    /// Besides those of the way, what `relm manage` gives its command.
    Manage,
    /// All that anything of the environment is given.
    All,
}

/// Gets the secrets that are needed.
pub(super) async fn load(config: &Config, env: &Environment, needs: Needs) -> Result<Arc<Secrets>, Complaint> {
    let (values, missing) = values(config, env, &wanted(env, needs)).await?;
    if !missing.is_empty() {
        let past = (needs == Needs::CheckedFlip).then(|| format!("{} --no-checks   if only checks need them", typed()));
        return Err(past.into_iter().fold(Complaint::secrets(&missing), Complaint::next));
    }
    Ok(Arc::new(Secrets::new(values).hiding(at_hand(env).mask())))
}

/// Secrets that nobody has to be asked for: hosts and commands may know them, and say them, whatever is done.
pub(super) fn at_hand(env: &Environment) -> Secrets {
    let quick = env.secrets.iter().filter(|(_, source)| is_at_hand(source));
    let values = quick.filter_map(|(name, source)| Some((name.clone(), value(name, source, Path::new(".")).ok()?)));
    Secrets::new(values.collect())
}

fn is_at_hand(source: &SecretSource) -> bool {
    matches!(source, SecretSource::Env(_) | SecretSource::File(_))
}

/// Gets what can be got of some secrets, and says why the others are not there. What is known is not looked for again.
pub(super) async fn some(
    config: &Config,
    env: &Environment,
    names: &BTreeSet<String>,
    known: &Secrets,
) -> Result<(Secrets, Vec<String>), Complaint> {
    let unknown = names.iter().filter(|name| known.get(name).is_none()).cloned().collect();
    let (mut values, missing) = values(config, env, &unknown).await?;
    values.extend(names.iter().filter_map(|name| Some((name.clone(), known.get(name)?.clone()))));
    let missing = missing.into_iter().map(|(name, reason)| format!("the secret {name} is missing: {reason}"));
    Ok((Secrets::new(values), missing.collect()))
}

type Missing = Vec<(String, String)>;

async fn values(
    config: &Config,
    env: &Environment,
    wanted: &BTreeSet<String>,
) -> Result<(BTreeMap<String, Secret>, Missing), Complaint> {
    let directory = config.path.parent().unwrap_or(Path::new(".")).to_owned();
    let sources: Vec<(String, SecretSource)> =
        env.secrets.iter().filter(|(name, _)| wanted.contains(*name)).map(|(a, b)| (a.clone(), b.clone())).collect();
    // Commands and questions take their time, and a signal has to be heard meanwhile.
    let got = tokio::task::spawn_blocking(move || {
        sources.into_iter().map(|(name, source)| (value(&name, &source, &directory), name)).collect::<Vec<_>>()
    });
    let got = got.await.map_err(|error| Complaint::failed(format!("the secrets: {error}")))?;
    let (mut values, mut missing) = (BTreeMap::new(), Vec::new());
    for (value, name) in got {
        match value {
            Ok(secret) => drop(values.insert(name, secret)),
            Err(reason) => missing.push((name, reason)),
        }
    }
    Ok((values, missing))
}

fn wanted(env: &Environment, needs: Needs) -> BTreeSet<String> {
    let password = env.becoming.as_ref().and_then(|becoming| becoming.password.clone());
    let mut wanted: BTreeSet<String> = password.into_iter().chain(env.login_password.clone()).collect();
    let runs = |operation: &&AppOperation| match needs {
        Needs::Way | Needs::Part(_) | Needs::Users | Needs::Manage => false,
        Needs::Flip => !matches!(operation.phase, Phase::Check | Phase::Prepare),
        Needs::CheckedFlip => operation.phase != Phase::Prepare,
        Needs::All => true,
    };
    for operation in env.operations.iter().filter(runs) {
        wanted.extend(operation.secrets.iter().cloned());
        wanted.extend(operation.becoming.as_ref().and_then(|becoming| becoming.password.clone()));
    }
    let others = env.done_as_others().into_iter().filter(|other| match needs {
        Needs::Way => false,
        Needs::Manage => other.part == Part::Manage,
        Needs::Part(part) => other.part == part,
        Needs::Flip | Needs::CheckedFlip => !matches!(other.part, Part::Building | Part::Manage),
        Needs::All => other.part != Part::Manage,
        Needs::Users => true,
    });
    wanted.extend(others.filter_map(|other| other.becoming.password.clone()));
    if let Some(manage) = env.manage.as_ref().filter(|_| needs == Needs::Manage) {
        wanted.extend(manage.secrets.iter().cloned());
    }
    if needs == Needs::All {
        wanted.extend(env.secret_files.iter().map(|file| file.secret.clone()));
        wanted.extend(env.templates.iter().flat_map(|file| file.secrets.iter().cloned()));
    }
    wanted
}

/// Secrets of which can be told, without asking anybody anything, that they are missing.
pub(super) fn plainly_missing(env: &Environment) -> Vec<String> {
    let wanted = wanted(env, Needs::All);
    let sources = env.secrets.iter().filter(|(name, _)| wanted.contains(*name));
    let quick = sources.filter(|(_, source)| is_at_hand(source));
    let missing = quick.filter_map(|(name, source)| {
        let reason = value(name, source, Path::new(".")).err()?;
        Some(format!("the secret {name} is missing: {reason}"))
    });
    missing.collect()
}

/// Gets one secret, or says why there is none; never what was there instead.
fn value(name: &str, source: &SecretSource, directory: &Path) -> Result<Secret, String> {
    let (text, place) = match source {
        SecretSource::Env(variable) => {
            let set = std::env::var_os(variable).ok_or_else(|| format!("the variable {variable} is not set"))?;
            (set.into_string().map_err(|_| ()), format!("the variable {variable}"))
        }
        SecretSource::File(path) => {
            let place = path.display().to_string();
            let bytes = std::fs::read(path).map_err(|error| format!("cannot read {place}: {error}"))?;
            (String::from_utf8(bytes).map_err(|_| ()), place)
        }
        SecretSource::Command(command) => (printed(command, directory)?, format!("what `{command}` prints")),
        SecretSource::Ask => {
            if !std::io::stdin().is_terminal() {
                return Err("it has to be asked for, and nobody is there to answer".to_owned());
            }
            let answer = ask::passphrase(&format!("{name}: ")).ok_or("no answer was read from the terminal")?;
            (Ok(answer), "the answer".to_owned())
        }
    };
    let text = text.map_err(|()| format!("{place} is not UTF-8"))?;
    Secret::new(text).map_err(|reason| format!("{place} {reason}"))
}

/// What a command prints. Whatever it asks, it may ask on the terminal.
fn printed(command: &str, directory: &Path) -> Result<Result<String, ()>, String> {
    let mut start = Command::new("/bin/sh");
    start.arg("-c").arg(command).current_dir(directory).stdin(Stdio::inherit()).stdout(Stdio::piped());
    for variable in secret::hidden() {
        start.env_remove(variable);
    }
    let output = start.stderr(Stdio::piped()).output().map_err(|error| format!("`{command}`: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        return Err(format!("`{command}` failed ({}): {last}", output.status));
    }
    Ok(String::from_utf8(output.stdout).map_err(|_| ()))
}
