//! Secrets, who is given them, and whom to become: names that are there, one source each, users that are users.

use std::collections::BTreeMap;

use super::super::file::{BecomeText, ByText, ReleasesToml, SecretFileTable, SecretTable};
use super::super::placed::At;
use super::super::suggest::did_you_mean;
use super::super::{SecretFile, SecretSource};
use super::{Check, hosts, templates};
use crate::fleet::{Become, By};

type Tables = BTreeMap<At<String>, At<SecretTable>>;

/// Variables that decide how commands are found and run.
const TAKEN: [&str; 10] =
    ["PATH", "HOME", "IFS", "ENV", "SHELL", "USER", "LOGNAME", "PWD", "LD_PRELOAD", "LD_LIBRARY_PATH"];

/// Names of every secret that some environment has.
pub(super) fn of_all(file: &ReleasesToml) -> Vec<String> {
    let of_components = file.env.values().flat_map(|env| env.components.values());
    let of_components = of_components.filter_map(|component| component.value.secrets.as_ref());
    let of_envs = file.env.values().filter_map(|env| env.secrets.as_ref());
    let tables = of_envs.chain(of_components).chain(&file.secrets);
    tables.flat_map(BTreeMap::keys).map(|name| name.value.clone()).collect()
}

/// An environment's secrets laid over the file's; an entry of its own replaces the other whole.
pub(super) fn secrets(
    check: &mut Check<'_>,
    own: Option<&Tables>,
    base: Option<&Tables>,
) -> Option<BTreeMap<String, SecretSource>> {
    let tables = base.into_iter().chain(own).flatten();
    let mut all = BTreeMap::new();
    for (name, table) in tables {
        let source = source(check, name, table);
        if fits(check, name) {
            all.insert(name.value.clone(), source);
        }
    }
    check.secrets = all.keys().cloned().collect();
    all.into_iter().map(|(name, source)| Some((name, source?))).collect()
}

fn fits(check: &mut Check<'_>, name: &At<String>) -> bool {
    let text = name.value.as_str();
    let is_plain = is_variable(text);
    if !is_plain {
        let hint = "letters, digits and '_', such as \"DB_PASSWORD\": commands get it as a variable".to_owned();
        check.problem(name.span(), format!("{text:?} cannot be the name of a secret"), hint);
    } else if TAKEN.contains(&text) || text.to_ascii_uppercase().starts_with("RELM_") {
        let hint = "commands get it as a variable, and this one has a meaning of its own".to_owned();
        check.problem(name.span(), format!("a secret cannot be called {text:?}"), hint);
        return false;
    }
    is_plain
}

fn source(check: &mut Check<'_>, name: &At<String>, table: &At<SecretTable>) -> Option<SecretSource> {
    let SecretTable { env, file, command, ask } = &table.value;
    let said = [env.is_some(), file.is_some(), command.is_some(), ask.is_some()];
    if said.iter().filter(|said| **said).count() != 1 {
        let path = format!("secrets.{}", name.value);
        if !check.lost.iter().any(|lost| lost.contains(&path)) {
            let hint =
                "write one of env = \"NAME\", file = \"path\", command = \"op read …\" and ask = true".to_owned();
            check.problem(table.span(), format!("the secret {} comes from one place", name.value), hint);
        }
        return None;
    }
    if let Some(variable) = env {
        let text = check.line("env", variable)?;
        if text.contains('=') {
            check.problem(variable.span(), format!("{text:?} is no variable"), "write its name alone".to_owned());
        }
        return Some(SecretSource::Env(text));
    }
    if let Some(path) = file {
        return check.local_path("file", path).map(SecretSource::File);
    }
    if let Some(command) = command {
        return check.command("command", command).map(SecretSource::Command);
    }
    if ask.as_ref().is_some_and(|ask| !ask.value) {
        check.problem(table.span(), "`ask = false` is no place", "write ask = true, or another place".to_owned());
        return None;
    }
    Some(SecretSource::Ask)
}

/// Takes names of secrets that are there.
pub(super) fn named(check: &mut Check<'_>, names: &[At<String>]) -> Vec<String> {
    names.iter().filter(|name| known(check, name)).map(|name| name.value.clone()).collect()
}

fn known(check: &mut Check<'_>, name: &At<String>) -> bool {
    if check.secrets.contains(&name.value) {
        return true;
    }
    if !check.lost.iter().any(|lost| lost == "secrets" || lost.contains("secrets.") || lost.ends_with(".secrets")) {
        let known: Vec<_> = check.secrets.iter().map(String::as_str).collect();
        let hint = if known.is_empty() {
            Some(format!("[secrets]\n{} = {{ env = \"{0}\" }}", name.value))
        } else {
            did_you_mean(&name.value, &known)
        };
        check.problem(name.span(), format!("there is no secret {:?}", name.value), hint);
    }
    false
}

/// Takes the files that are written into every release.
pub(super) fn files(check: &mut Check<'_>, tables: &[SecretFileTable]) -> Option<Vec<SecretFile>> {
    let mut taken: Vec<&str> = Vec::new();
    let mut all = Vec::new();
    for table in tables {
        let targets = hosts::targets(check, table.roles.as_ref(), false);
        let path = table.path.as_ref().and_then(|path| check.inside_release("path", path));
        if let Some(twice) = table.path.as_ref().filter(|path| taken.contains(&path.value.as_str())) {
            let hint = "one secret a file".to_owned();
            check.problem(twice.span(), format!("there are two secret files {:?}", twice.value), hint);
        }
        taken.extend(table.path.as_ref().map(|path| path.value.as_str()));
        let secret = table.secret.as_ref().filter(|name| known(check, name)).map(|name| name.value.clone());
        let owner = templates::ownership(check, table.owner.as_ref(), table.group.as_ref());
        let mode = mode(check, table.mode.as_ref());
        let found = path.zip(secret).zip(targets).zip(owner.zip(mode));
        all.push(found.map(|(((path, secret), targets), (owner, mode))| SecretFile {
            path,
            secret,
            targets,
            owner,
            mode,
        }));
    }
    all.into_iter().collect()
}

/// Takes who may read a file.
fn mode(check: &mut Check<'_>, mode: Option<&At<String>>) -> Option<String> {
    let Some(mode) = mode else { return Some("0600".to_owned()) };
    if ["0600", "0400", "0640", "0440"].contains(&mode.value.as_str()) {
        return Some(mode.value.clone());
    }
    let hint = "\"0600\", \"0400\", \"0640\" or \"0440\": a secret is nobody else's to read".to_owned();
    check.problem(mode.span(), format!("`mode` cannot be {:?}", mode.value), hint);
    None
}

/// Says whether a shell takes it for the name of a variable.
pub(super) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Says whether it can be the name of a user or a group.
pub(super) fn is_account(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        && name.len() <= 64
}

/// Takes a user to become, where one is named: wrong, and none, are not the same.
#[expect(clippy::option_option, reason = "wrong, and none")]
pub(super) fn user(check: &mut Check<'_>, text: Option<&At<BecomeText>>) -> Option<Option<Become>> {
    text.map_or(Some(None), |text| becoming(check, text).map(Some))
}

/// Takes a user to become.
fn becoming(check: &mut Check<'_>, text: &At<BecomeText>) -> Option<Become> {
    let (user, by, password) = match &text.value {
        BecomeText::User(user) => (user.clone(), By::Sudo, None),
        BecomeText::Table(table) => {
            let by = match table.by {
                Some(ByText::Doas) => By::Doas,
                Some(ByText::Sudo) | None => By::Sudo,
            };
            (table.user.clone()?, by, table.password.clone())
        }
    };
    if !is_account(&user) {
        let hint = "letters, digits, '.', '_' and '-', such as \"app\"".to_owned();
        check.problem(text.span(), format!("`become`: {user:?} is no user"), hint);
        return None;
    }
    if by == By::Doas && password.is_some() {
        let hint = format!("doas reads passwords only from a terminal; write a rule  permit nopass … as {user}");
        check.problem(text.span(), "`become`: doas cannot be given a password", hint);
    }
    if let Some(name) = &password {
        known(check, &text.with(name.clone()));
    }
    Some(Become { user, by, password })
}
