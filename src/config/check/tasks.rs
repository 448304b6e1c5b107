//! Tasks of the file's own: names that are free, and operations that are there.

use std::collections::BTreeSet;

use super::super::OwnTask;
use super::super::file::{ComponentTable, ReleasesToml, TaskTable};
use super::super::placed::At;
use super::super::suggest::did_you_mean;
use super::Check;

/// What `relm` itself answers to; `cli` holds its commands against it.
pub(crate) const BUILT_IN: [&str; 27] = [
    "config",
    "debug",
    "timings",
    "diff",
    "jobs",
    "promote",
    "verify",
    "services",
    "maintenance",
    "manage",
    "converge",
    "deploy",
    "rollback",
    "setup-release",
    "clean-releases",
    "keep",
    "releases",
    "status",
    "history",
    "check",
    "run",
    "lock",
    "tasks",
    "trust",
    "init",
    "resume",
    "help",
];

/// Built-in compositions a task may name among its operations.
const COMPOSITIONS: [&str; 1] = ["setup-release"];

const CLEAN: &str = "clean_releases";
const SERVICE: &[&str] = &["restart", "stop", "start", "reload"];
const POOL: &[&str] = &["drain", "undrain"];
const HEALTH: &[&str] = &["health"];

pub(super) fn tasks(check: &mut Check<'_>, file: &ReleasesToml) -> Vec<OwnTask> {
    let of_envs = file.env.values().flat_map(|env| &env.operations);
    let of_components = components(file).flat_map(|component| &component.operations);
    let named =
        file.operations.iter().chain(of_envs).chain(of_components).filter_map(|operation| operation.name.as_ref());
    let (own, transfers) = (own_words(file), transfers(file));
    let known: Vec<_> = named.map(|name| name.value.as_str()).chain(COMPOSITIONS).collect();
    let known = Known {
        all: known.into_iter().chain(own.iter().map(String::as_str)).chain(transfers.iter().copied()).collect(),
        transfers,
    };
    file.tasks.iter().filter_map(|(name, table)| task(check, name, table, &known)).collect()
}

/// What a task may name.
struct Known<'f> {
    all: Vec<&'f str>,
    /// Of these, what takes a path from one host to others.
    transfers: Vec<&'f str>,
}

/// The names of transfers, whoever has to do with them.
fn transfers(file: &ReleasesToml) -> Vec<&str> {
    let of_envs = file.env.values().flat_map(|env| &env.transfer);
    let of_components = components(file).flat_map(|component| &component.transfer);
    let all = file.transfer.iter().chain(of_envs).chain(of_components);
    all.filter_map(|transfer| Some(transfer.name.as_ref()?.value.as_str())).collect()
}

fn components(file: &ReleasesToml) -> impl Iterator<Item = &ComponentTable> {
    let all = file.components.values().chain(file.env.values().flat_map(|env| env.components.values()));
    all.map(|component| &component.value)
}

/// relm's own operations that work in what is live, by the names that runs show them with.
fn own_words(file: &ReleasesToml) -> BTreeSet<String> {
    let (envs, parts) = (|| file.env.values(), || components(file));
    let services = file.service.iter().chain(envs().flat_map(|env| &env.service));
    let services = services.chain(parts().flat_map(|part| &part.service)).map(|one| (SERVICE, one.name.as_ref()));
    let pools = file.pool.iter().chain(envs().flat_map(|env| &env.pool)).chain(parts().flat_map(|part| &part.pool));
    let pools = pools.map(|one| (POOL, one.name.as_ref()));
    let signs = file.health.iter().chain(envs().flat_map(|env| &env.health));
    let signs = signs.chain(parts().flat_map(|part| &part.health)).map(|one| (HEALTH, one.name.as_ref()));
    let mut known = BTreeSet::from([CLEAN.to_owned()]);
    for (words, name) in services.chain(pools).chain(signs) {
        let Some(name) = name else { continue };
        known.extend(words.iter().map(|word| format!("{word}:{}", name.value)));
    }
    let mut switches = envs().map(|env| &env.maintenance).chain(parts().map(|part| &part.maintenance));
    if file.maintenance.is_some() || switches.any(Option::is_some) {
        known.extend(["maintenance:on", "maintenance:off"].map(str::to_owned));
    }
    known
}

fn task(check: &mut Check<'_>, name: &At<String>, table: &At<TaskTable>, known: &Known<'_>) -> Option<OwnTask> {
    let taken = check.name("task name", name);
    if BUILT_IN.contains(&name.value.as_str()) {
        let hint = format!("choose another name, such as \"my-{}\"", name.value);
        check.problem(name.span(), format!("relm has a task {:?} of its own", name.value), hint);
    }
    let about = table
        .value
        .about
        .as_ref()
        .map_or(Some(String::new()), |about| check.no_control("about", about).then(|| about.value.clone()));
    let operations = table.value.operations.as_ref()?;
    let path = format!("tasks.{}.operations", name.value);
    if operations.value.is_empty() && !check.lost(&path) {
        check.problem(operations.span(), format!("task {:?} does nothing", name.value), did_you_mean("", &known.all));
    }
    let builds = operations.value.iter().any(|operation| COMPOSITIONS.contains(&operation.value.as_str()));
    for operation in operations.value.iter().filter(|operation| builds && is_own_word(&operation.value)) {
        let message = format!(
            "task {:?} builds a release that is not live, and {:?} is for what is live",
            name.value, operation.value
        );
        check.problem(operation.span(), message, "make two tasks of it".to_owned());
    }
    let is_transfer = |name: &&At<String>| known.transfers.contains(&name.value.as_str());
    for transfer in operations.value.iter().filter(|name| !builds && is_transfer(name)) {
        let message = format!("task {:?} builds no release that {:?} could be part of", name.value, transfer.value);
        let hint = "name \"setup-release\" first: what is live is served, and stays as it is".to_owned();
        check.problem(transfer.span(), message, hint);
    }
    for operation in &operations.value {
        task_operation(check, operation, &name.value, &known.all);
    }
    Some(OwnTask {
        name: taken?,
        about: about?,
        operations: operations.value.iter().map(|operation| operation.value.clone()).collect(),
        transfers: operations.value.iter().filter(is_transfer).map(|operation| operation.value.clone()).collect(),
    })
}

fn is_own_word(name: &str) -> bool {
    name.contains(':') || name == CLEAN
}

/// Complains about an operation that is nowhere, unless it is called as the task is.
///
/// A task is often written before the operation it is named after; running it then says what is missing.
fn task_operation(check: &mut Check<'_>, operation: &At<String>, task: &str, known: &[&str]) {
    let lost = check.lost.iter().any(|lost| lost.contains("operations") && !lost.starts_with("tasks."));
    if lost || operation.value == task || known.contains(&operation.value.as_str()) {
        return;
    }
    let message = format!("task {task:?} names an operation {:?} that is not there", operation.value);
    check.problem(operation.span(), message, did_you_mean(&operation.value, known));
}
