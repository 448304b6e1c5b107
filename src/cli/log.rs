//! The log of a run on this machine: its events, the very lines of `--json`. One that cannot be written stops nothing.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::{NaiveDateTime, Utc};

use super::change::{Change, Show};
use super::session;
use crate::engine::Plan;
use crate::event::{Event, Stamped};
use crate::fleet::Scope;
use crate::ui::{json_line, text};

/// Logs that are kept of each task of an environment; the oldest go. Small runs, of which there may be many, take no place
/// from deploys.
const KEPT: usize = 200;

/// Bytes beyond which what hosts say is left out.
const MOST: u64 = 64_000_000;

/// The time in a log's name, by which logs stand in their order.
const TIME: &str = "%Y-%m-%d_%H.%M.%S";
const TIME_LENGTH: usize = 19;

/// A log that is being written.
pub(super) struct Log {
    pub(super) path: PathBuf,
    file: File,
    written: u64,
    left_out: usize,
    failed: Option<String>,
}

/// Where logs are: `RELM_LOG_DIR`, or below what programs keep of their own.
pub(super) fn directory() -> PathBuf {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("RELM_LOG_DIR").unwrap_or_else(|| {
        // Whoever wrote XDG's rules wants a relative one to be passed over.
        let state = named("XDG_STATE_HOME").filter(|path| path.is_absolute());
        state.unwrap_or_else(|| session::home().join(".local/state")).join("relm/logs")
    })
}

/// The logs in `directory`, oldest first. What has another name is not a log.
pub(super) fn all(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut logs: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| is_log(path)).collect();
    logs.sort();
    logs
}

fn is_log(path: &Path) -> bool {
    let name = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let Some((time, rest)) = name.split_at_checked(TIME_LENGTH) else { return false };
    let is_jsonl = path.extension().is_some_and(|extension| extension == "jsonl");
    is_jsonl && rest.starts_with('-') && NaiveDateTime::parse_from_str(time, TIME).is_ok()
}

impl Change<'_> {
    /// The log of a run that has something to do. What `run` and `manage` print is data, and nobody's but the reader's.
    pub(super) fn log(&self, plan: &Plan) -> Result<Option<Log>, String> {
        let has_work = plan.steps.iter().any(|step| step.left().next().is_some());
        if self.show != Show::Steps || !has_work {
            return Ok(None);
        }
        Log::open(&plan.task, &plan.env).map(Some)
    }
}

impl Log {
    /// Begins the log of a run, and removes the oldest ones; or says why there is none.
    pub(super) fn open(task: &str, env: &Scope) -> Result<Self, String> {
        let directory = directory();
        let reason = |path: &Path, error: &std::io::Error| format!("no log is written: {}: {error}", path.display());
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
        made.map_err(|error| reason(&directory, &error))?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        let about: String = format!("{task}-{env}").chars().map(|c| if is_plain(c) { c } else { '.' }).collect();
        let start = format!("{}-{about}", Utc::now().format(TIME));
        // Somebody else's run may have begun in the same second.
        let names = (1..100).map(|n| if n == 1 { format!("{start}.jsonl") } else { format!("{start}~{n}.jsonl") });
        for path in names.map(|name| directory.join(name)) {
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => {
                    remove_oldest(&directory, &about);
                    return Ok(Self { path, file, written: 0, left_out: 0, failed: None });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(reason(&path, &error)),
            }
        }
        Err(format!("no log is written: {} is full of others of this second", directory.display()))
    }

    /// Writes an event down. After the first error there is nothing more to try.
    pub(super) fn write(&mut self, event: &Stamped) {
        if self.failed.is_some() {
            return;
        }
        if self.written > MOST && matches!(event.event, Event::Output { .. } | Event::Progress { .. }) {
            self.left_out += 1;
            return;
        }
        let line = json_line(event);
        match self.file.write_all(line.as_bytes()) {
            Ok(()) => self.written += line.len() as u64,
            Err(error) => self.failed = Some(format!("{}: {error}", self.path.display())),
        }
    }

    /// What somebody should know who will read it, once.
    pub(super) fn trouble(&mut self) -> Option<String> {
        match (&self.failed, self.left_out) {
            (Some(reason), _) => Some(format!("the log is not whole: {reason}")),
            (None, 0) => None,
            (None, number) => {
                Some(format!("the log is long enough: it lacks {} of hosts", text::count(number, "line")))
            }
        }
    }
}

/// What stands in a log's name behind the time, without the number of those of the same second.
fn about(path: &Path) -> &str {
    let name = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let about = name.get(TIME_LENGTH + 1..).unwrap_or_default();
    about.split('~').next().unwrap_or_default()
}

/// Whoever else removes one of them has done it for us.
fn remove_oldest(directory: &Path, of: &str) {
    let logs: Vec<PathBuf> = all(directory).into_iter().filter(|path| about(path) == of).collect();
    for path in logs.iter().take(logs.len().saturating_sub(KEPT)) {
        let _ = fs::remove_file(path);
    }
}
