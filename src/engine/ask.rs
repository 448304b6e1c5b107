//! A question to one host, outside of any run. Reads only.

use std::time::Duration;

use super::{Machine, On};
use crate::fleet::Scope;
use crate::script::Script;

/// Runs the script that `question` makes for the machine, and returns what it said, or why it did not.
pub async fn ask(
    machine: &Machine,
    env: &Scope,
    limit: Duration,
    question: impl Fn(&On<'_>) -> Script,
) -> Result<String, String> {
    let script = question(&machine.on(env, None)).apart();
    let exit = machine.transport.capture(&script, Some(limit)).await.map_err(|error| error.to_string())?;
    let exit = machine.masked(exit);
    match exit.stderr.lines().last() {
        _ if exit.status.success() => Ok(exit.stdout),
        Some(last) => Err(last.to_owned()),
        None => Err(exit.status.to_string()),
    }
}
