//! Where an operation's command runs, whether it has to, and how it is known what it has changed.

use super::super::file::OperationTable;
use super::super::placed::At;
use super::super::service::TEMPLATE_NAMES;
use super::service::{filled, optional};
use super::templates::outside;
use super::variables::NOT_THERE;
use super::{Check, pattern};

/// What skips a command, and what tells that it has changed something.
pub(super) fn conditions(check: &mut Check<'_>, table: &OperationTable) -> Option<(Option<String>, Option<String>)> {
    for (key, text) in [("unless", &table.unless), ("changed_if", &table.changed_if)] {
        if let Some(text) = text {
            alone(check, table, key, text);
        }
    }
    let unless = optional(table.unless.as_ref(), |unless| check.command("unless", unless));
    let changed_if = optional(table.changed_if.as_ref(), |pattern| line_of_output(check, pattern));
    Some((unless?, changed_if?))
}

/// Complains about what decides by itself whether anything is done.
fn alone(check: &mut Check<'_>, table: &OperationTable, key: &str, text: &At<String>) {
    let job = table.job.as_ref().is_some_and(|job| job.value);
    let beside = [
        ("wait", table.wait.is_some(), "a wait changes nothing, and asks until it is answered"),
        ("job", job, "what a job comes to is not known when it is started; let its command look"),
        ("inputs", table.inputs.is_some(), "`inputs` says whether there is anything to do"),
        ("migrate", table.migrate.is_some(), "`pending` says whether there is anything to do"),
    ];
    for (other, _, why) in beside.iter().filter(|(_, stands, _)| *stands) {
        check.problem(text.span(), format!("`{key}` has no meaning beside `{other}`"), format!("{why}; leave it out"));
    }
}

fn line_of_output(check: &mut Check<'_>, text: &At<String>) -> Option<String> {
    let pattern = check.line("changed_if", text)?;
    if let Some(fault) = pattern::fault(&pattern) {
        check.problem(text.span(), format!("`changed_if` {}", fault.what), fault.hint);
        return None;
    }
    Some(pattern)
}

/// Takes a directory: of the release, absolute, from `~/`, or what a name of templates comes to.
pub(super) fn directory(check: &mut Check<'_>, table: &OperationTable, cwd: &At<String>) -> Option<String> {
    if table.wait.as_ref().is_some_and(|wait| wait.value.job.is_some()) {
        let hint = "the job has a directory of its own; leave `cwd` out".to_owned();
        check.problem(cwd.span(), "`cwd` has no meaning beside a wait for a job", hint);
    }
    let path = check.line("cwd", cwd)?;
    let known: Vec<&str> = TEMPLATE_NAMES.iter().copied().filter(|name| !NOT_THERE.contains(name)).collect();
    filled(check, cwd.span(), "cwd", &path, &known)?;
    match path.chars().next() {
        Some('{') if path.split('/').any(|part| part == "..") => {
            let hint = "write the path it leads to, such as \"{{ shared_path }}/media\"".to_owned();
            check.problem(cwd.span(), format!("`cwd`: the path {path:?} has `..` in it"), hint);
            None
        }
        Some('{') => Some(path),
        Some('~' | '/') if path.len() == 1 => Some(path),
        Some('~') if !path.starts_with("~/") => {
            check.problem(
                cwd.span(),
                format!("`cwd`: {path:?} names another user's home"),
                "write the whole path".to_owned(),
            );
            None
        }
        Some('/' | '~') => outside(check, "cwd", cwd),
        _ => check.inside_release("cwd", cwd),
    }
}
