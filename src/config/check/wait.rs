//! Waits: a check run again and again until it succeeds, with an end to the patience.

use std::time::Duration;

use super::super::file::{OnTimeoutText, OperationTable, PhaseText, WaitTable};
use super::super::placed::At;
use super::super::{OnTimeout, Wait};
use super::Check;
use super::operations::time_limit;

const EVERY: Duration = Duration::from_secs(5);

/// A pause that grows faster than this is a mistake of writing.
const STEEPEST: i64 = 100;

/// What an operation does: the text for `sh`, and how it is repeated if it is a wait.
pub(super) fn work(check: &mut Check<'_>, table: &OperationTable) -> Option<(String, Option<Wait>)> {
    match (&table.run, &table.wait) {
        (Some(run), None) => Some((check.command("run", run)?, None)),
        (None, Some(wait)) => {
            beside(check, table);
            of_phase(check, wait, table.phase);
            let (command, patience) = (&wait.value, patience(check, &wait.value));
            let command = match (&command.check, &command.job) {
                (Some(command), None) => check.command("check", command),
                (None, Some(job)) => Some(format!("job {}", job.value)),
                _ if check.lost.iter().any(|lost| lost.ends_with("wait.check") || lost.ends_with("wait.job")) => None,
                _ => {
                    let hint = "write one of check = \"./index-is-ready\" and job = \"preindex\"".to_owned();
                    check.problem(wait.span(), "a wait has a `check` or a `job`, and not both", hint);
                    None
                }
            };
            Some((command?, Some(patience?)))
        }
        (Some(run), Some(wait)) => {
            let hint = "an operation runs a command or waits for one; write two operations".to_owned();
            check.problem(wait.span(), "`wait` stands beside `run`", hint);
            check.command("run", run);
            patience(check, &wait.value);
            None
        }
        (None, None) => {
            let is_lost = |key: &str| check.lost.iter().any(|lost| lost.ends_with(&format!("operations.{key}")));
            if let Some(name) = table.name.as_ref().filter(|_| !is_lost("run") && !is_lost("wait")) {
                let hint = "write it like this: run = \"python_env/bin/python manage.py migrate --noinput\"".to_owned();
                check.problem(name.span(), format!("operation {:?} has neither `run` nor `wait`", name.value), hint);
            }
            None
        }
    }
}

/// Complains about keys that mean nothing for a wait.
fn beside(check: &mut Check<'_>, table: &OperationTable) {
    if let Some(timeout) = &table.timeout {
        check.problem(timeout.span(), "`timeout` has no meaning beside `wait`", "`max` is a wait's limit".to_owned());
    }
    if let Some(undo) = &table.undo {
        let hint = "a wait changes nothing that could be taken back; leave `undo` out".to_owned();
        check.problem(undo.span(), "`undo` has no meaning beside `wait`", hint);
    }
}

/// A wait belongs where nothing is held up by it.
fn of_phase(check: &mut Check<'_>, wait: &At<WaitTable>, phase: Option<PhaseText>) {
    let fails = wait.value.on_timeout.is_some_and(|text| matches!(text, OnTimeoutText::Fail));
    let reason = match phase {
        None | Some(PhaseText::Prepare) => return,
        Some(PhaseText::AfterFlip) if fails => return,
        Some(PhaseText::AfterFlip) => {
            "a paused switch would leave hosts on different releases; write on_timeout = \"fail\", and a wait in vain \
             puts them back"
        }
        Some(PhaseText::BeforeFlip) => "it would hold a half-switched fleet; wait in `prepare`",
        Some(PhaseText::Check) => "checks are made once, before a release is begun; wait in `prepare`",
        Some(PhaseText::Finish) => "the new release is live by then; wait in `prepare`, or in a `run` of your own",
    };
    check.problem(wait.span(), "an operation cannot wait in this phase", reason.to_owned());
}

fn patience(check: &mut Check<'_>, table: &WaitTable) -> Option<Wait> {
    let every = table.every.as_ref().map_or(Some(EVERY), |every| time_limit(check, every));
    let max = table.max.as_ref().and_then(|max| time_limit(check, max));
    let factor = table.factor.as_ref().map_or(Some(1), |factor| growth(check, factor));
    if let (Some(text), Some(every), Some(max)) = (&table.every, every, max)
        && every > max
    {
        check.problem(text.span(), "`every` is longer than `max`", "the first pause would be the last".to_owned());
    }
    let on_timeout = match table.on_timeout {
        Some(OnTimeoutText::Fail) => OnTimeout::Fail,
        Some(OnTimeoutText::Pause) | None => OnTimeout::Pause,
    };
    Some(Wait { every: every?, factor: factor?, max: max?, on_timeout })
}

pub(super) fn growth(check: &mut Check<'_>, factor: &At<i64>) -> Option<u32> {
    let growth = u32::try_from(factor.value).ok().filter(|_| (1..=STEEPEST).contains(&factor.value));
    if growth.is_none() {
        let hint = format!("a whole number from 1, which keeps the pauses equal, to {STEEPEST}");
        check.problem(factor.span(), format!("`factor` cannot be {}", factor.value), hint);
    }
    growth
}
