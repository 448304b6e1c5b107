//! Tasks of the file's own: names that are free, and operations that are there.

use super::super::OwnTask;
use super::super::file::{ReleasesToml, TaskTable};
use super::super::placed::At;
use super::super::suggest::did_you_mean;
use super::Check;

/// What `relm` itself answers to.
const BUILT_IN: [&str; 25] = [
    "config",
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

pub(super) fn tasks(check: &mut Check<'_>, file: &ReleasesToml) -> Vec<OwnTask> {
    let of_envs = file.env.values().flat_map(|env| &env.operations);
    let components = file.components.values().chain(file.env.values().flat_map(|env| env.components.values()));
    let of_components = components.flat_map(|component| &component.value.operations);
    let named =
        file.operations.iter().chain(of_envs).chain(of_components).filter_map(|operation| operation.name.as_ref());
    let known: Vec<_> = named.map(|name| name.value.as_str()).chain(COMPOSITIONS).collect();
    file.tasks.iter().filter_map(|(name, table)| task(check, name, table, &known)).collect()
}

fn task(check: &mut Check<'_>, name: &At<String>, table: &At<TaskTable>, known: &[&str]) -> Option<OwnTask> {
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
        check.problem(operations.span(), format!("task {:?} does nothing", name.value), did_you_mean("", known));
    }
    for operation in &operations.value {
        task_operation(check, operation, &name.value, known);
    }
    Some(OwnTask {
        name: taken?,
        about: about?,
        operations: operations.value.iter().map(|operation| operation.value.clone()).collect(),
    })
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
