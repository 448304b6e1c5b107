//! Git where nobody waits long for a server, and nobody is asked anything.

use std::io::{Read as _, Seek as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::SourceError;
use super::git::Git;
use crate::child::Group;

/// A server that takes longer is not waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Fetches what the repository around `directory` follows. `own_ssh` says that the person has set up git's way to ssh, which
/// is left as it is. Blocks.
pub fn fetch(directory: &Path, own_ssh: bool) -> Result<(), String> {
    let git = Git::default();
    let mut fetch = git.command();
    fetch.arg("-C").arg(directory);
    let own = git.command().arg("-C").arg(directory).args(["config", "core.sshCommand"]).output();
    if !own_ssh && !own.is_ok_and(|own| own.status.success()) {
        fetch.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
    }
    fetch.args(["fetch", "--quiet"]);
    within(fetch, PATIENCE)
}

/// Runs git to its end, or ends it with all it has started; it can ask nobody anything.
pub(super) fn within(mut command: Command, limit: Duration) -> Result<(), String> {
    let cannot = |error: std::io::Error| format!("git could not be run: {error}");
    let mut said = tempfile::tempfile().map_err(cannot)?;
    let stderr = said.try_clone().map_err(cannot)?;
    let mut child = command.process_group(0).stdout(Stdio::null()).stderr(stderr).spawn().map_err(cannot)?;
    let group = Group::led_by(child.id());
    let end = Instant::now() + limit;
    let status = loop {
        match child.try_wait().map_err(cannot)? {
            Some(status) => break status,
            None if Instant::now() > end => {
                group.kill();
                let _ = child.wait();
                return Err(format!("git had not ended within {} s", limit.as_secs()));
            }
            None => sleep(Duration::from_millis(10)),
        }
    };
    group.has_ended();
    if status.success() {
        return Ok(());
    }
    let mut words = String::new();
    let _ = said.rewind().and_then(|()| said.read_to_string(&mut words));
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Err(if lines.is_empty() { status.to_string() } else { lines.join("; ") })
}

/// Pauses between attempts to reach a server.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// What git says of a network that may be better in a moment. Of a server that says no, it says something else.
const PASSING: [&str; 11] = [
    "could not resolve",
    "failed to connect",
    "connection refused",
    "connection reset",
    "connection timed out",
    "operation timed out",
    "network is unreachable",
    "early eof",
    "unexpected disconnect",
    "unexpectedly closed",
    "returned error: 50",
];

/// Does what needs the network up to three times.
pub(super) fn again<T>(attempt: impl Fn() -> Result<T, SourceError>) -> Result<T, SourceError> {
    let is_passing = |words: &str| PASSING.iter().any(|passing| words.to_lowercase().contains(passing));
    for pause in PAUSES {
        match attempt() {
            Err(SourceError::Git { words, .. }) if is_passing(&words) => sleep(pause),
            done => return done,
        }
    }
    attempt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_ended_with_all_it_started() {
        let mut sh = Command::new("sh");
        sh.args(["-c", "sleep 600 & wait"]);
        let begun = Instant::now();
        let ended = within(sh, Duration::from_millis(200));
        assert_eq!(ended, Err("git had not ended within 0 s".to_owned()));
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
