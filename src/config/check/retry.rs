//! Commands that are tried several times.

use std::time::Duration;

use super::super::Retry;
use super::super::file::{OperationTable, RetryTable};
use super::super::placed::At;
use super::Check;
use super::operations::time_limit;
use super::wait::growth;

const EVERY: Duration = Duration::from_secs(5);

/// Whoever tries more often waits for something.
const MOST: i64 = 100;

/// How often an operation's command is tried, if more than once.
pub(super) fn retry(check: &mut Check<'_>, table: &OperationTable) -> Option<Retry> {
    let retry = table.retry.as_ref()?;
    if table.wait.is_some() {
        let hint = "a wait repeats its check until `max` has passed; leave `retry` out".to_owned();
        check.problem(retry.span(), "`retry` has no meaning beside `wait`", hint);
    }
    attempts(check, &retry.value)
}

fn attempts(check: &mut Check<'_>, table: &RetryTable) -> Option<Retry> {
    let times = table.times.as_ref().and_then(|times| most(check, times));
    let every = table.every.as_ref().map_or(Some(EVERY), |every| time_limit(check, every));
    let factor = table.factor.as_ref().map_or(Some(1), |factor| growth(check, factor));
    Some(Retry { times: times?, every: every?, factor: factor? })
}

fn most(check: &mut Check<'_>, times: &At<i64>) -> Option<u32> {
    let most = u32::try_from(times.value).ok().filter(|_| (2..=MOST).contains(&times.value));
    if most.is_none() {
        let hint = format!("a whole number from 2 to {MOST}, the first attempt included");
        check.problem(times.span(), format!("`times` cannot be {}", times.value), hint);
    }
    most
}
