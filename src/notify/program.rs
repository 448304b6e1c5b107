//! A program that reads what is told on its standard input.

use std::io::{Read as _, Seek as _};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::child::Group;
use crate::secret;

/// Bytes that are read of what it says.
const SAID: u64 = 64 << 10;

/// Takes away the variables that hold secrets.
pub(super) fn without_hidden(command: &mut Command) {
    for variable in secret::hidden() {
        command.env_remove(variable);
    }
}

/// Runs it to its end, or ends it with all it has started.
pub(super) async fn run(mut command: Command, input: String, limit: Duration) -> Result<(), String> {
    // A file, not a pipe: what it leaves behind in the background may hold a pipe open for ever.
    let mut said = tempfile::tempfile().map_err(|error| error.to_string())?;
    let stderr = said.try_clone().map_err(|error| error.to_string())?;
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(stderr).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("it could not be started: {error}"))?;
    let group = Group::led_by(child.id());
    let Ok(status) = tokio::time::timeout(limit, finish(&mut child, &input)).await else {
        group.kill();
        return Err(format!("it had not ended within {} s", limit.as_secs()));
    };
    group.has_ended();
    let status = status.map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(());
    }
    let mut words = Vec::new();
    let _ = said.rewind().and_then(|()| said.take(SAID).read_to_end(&mut words));
    let words = String::from_utf8_lossy(&words);
    let last = words.lines().rev().map(str::trim).find(|line| !line.is_empty());
    Err(last.map_or_else(|| status.to_string(), |last| format!("{status}: {last}")))
}

async fn finish(child: &mut Child, input: &str) -> std::io::Result<std::process::ExitStatus> {
    if let Some(mut stdin) = child.stdin.take() {
        // It need not read what it does not care for.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    child.wait().await
}
