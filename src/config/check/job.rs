//! Jobs: operations that go on by themselves, and waits for them.

use std::ops::RangeInclusive;

use super::super::file::{OperationTable, PhaseText};
use super::super::placed::At;
use super::super::suggest::did_you_mean;
use super::Check;

/// Whether an operation is a job; complains about what a job cannot have.
pub(super) fn is_job(check: &mut Check<'_>, table: &OperationTable) -> bool {
    let Some(job) = table.job.as_ref().filter(|job| job.value) else { return false };
    let OperationTable { wait, retry, inputs, migrate, timeout, .. } = table;
    let beside = [
        (
            "wait",
            wait.as_ref().map(At::span),
            "the wait is an operation of its own: wait = { job = \"…\", max = \"…\" }",
        ),
        ("retry", retry.as_ref().map(At::span), "nobody is there to try it again; a resumed run starts it anew"),
        ("inputs", inputs.as_ref().map(At::span), "whether it succeeds is not known yet; leave `inputs` out"),
        ("migrate", migrate.as_ref().map(At::span), "whether it succeeds is not known yet; leave `job` out"),
        ("timeout", timeout.as_ref().map(At::span), "a job has all the time it needs; `max` is a wait's limit"),
    ];
    for (key, span, hint) in beside {
        if let Some(span) = span {
            check.problem(span, format!("`{key}` has no meaning beside `job`"), hint.to_owned());
        }
    }
    if table.phase.is_some_and(|phase| !matches!(phase, PhaseText::Prepare)) {
        let hint = "start it in `prepare`; behind that nobody could say what became of it".to_owned();
        check.problem(job.span(), "an operation cannot be a job in this phase", hint);
    }
    true
}

/// What a log must hold at least, so that it says anything, and what no disk holds.
const LOGS: RangeInclusive<u64> = 4 << 10..=1 << 40;

/// How much is kept of what a job says, in bytes.
pub(super) fn log_max(check: &mut Check<'_>, table: &OperationTable, text: &At<String>) -> Option<u64> {
    if !table.job.as_ref().is_some_and(|job| job.value) {
        let hint = "only what a job says is kept on the host; leave `log_max` out".to_owned();
        check.problem(text.span(), "`log_max` has no meaning without `job = true`", hint);
    }
    let size = size(&text.value).filter(|size| LOGS.contains(size));
    if size.is_none() {
        let hint = "such as \"512KiB\", \"64MiB\" or \"1GiB\"; from 4KiB to 1024GiB".to_owned();
        check.problem(text.span(), format!("{:?} is no size of a log", text.value), hint);
    }
    size
}

/// Reads a whole number of one unit.
fn size(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let bytes = match unit.trim_start() {
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(bytes)
}

/// The operation whose job a wait is for: one of those `above` it.
pub(super) fn awaited<'t>(
    check: &mut Check<'_>,
    table: &OperationTable,
    above: &[&'t OperationTable],
) -> Option<&'t OperationTable> {
    let name = table.wait.as_ref()?.value.job.as_ref()?;
    if let Some(roles) = &table.roles {
        let hint = "it waits where the job runs; leave `roles` out".to_owned();
        check.problem(roles.span(), "`roles` has no meaning beside a wait for a job", hint);
    }
    let is_job = |other: &&&OperationTable| other.job.as_ref().is_some_and(|job| job.value);
    let jobs: Vec<(&str, &OperationTable)> =
        above.iter().filter(is_job).filter_map(|other| Some((other.name.as_ref()?.value.as_str(), *other))).collect();
    if let Some((_, job)) = jobs.iter().find(|(job, _)| *job == name.value) {
        return Some(job);
    }
    if !check.lost.iter().any(|lost| lost.contains("operations")) {
        let known: Vec<&str> = jobs.iter().map(|(job, _)| *job).collect();
        let hint = did_you_mean(&name.value, &known);
        let hint = hint.unwrap_or_else(|| "write an operation with job = true above this one".to_owned());
        check.problem(name.span(), format!("no operation above this one is a job {:?}", name.value), hint);
    }
    None
}
