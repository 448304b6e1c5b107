//! Who acts, and from which machine.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use chrono::{DateTime, Utc};

use crate::operations::Actor;
use crate::release::Consents;
use crate::secret;

/// The person's login.
pub(super) fn login() -> String {
    static LOGIN: OnceLock<String> = OnceLock::new();
    let named = || ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    let asked = || named().or_else(|| output(Command::new("id").arg("-un"))).unwrap_or_else(|| "unknown".to_owned());
    LOGIN.get_or_init(asked).clone()
}

/// Who acts where a machine does it for them: CI has a login and no person.
const NAMED: &str = "RELM_USER";

/// The one who acts, for records: whom `RELM_USER` names, else their git identity if they have one, else their login.
pub(super) fn actor(task: &str, directory: &Path, message: Option<&str>, at: DateTime<Utc>) -> Actor {
    let said =
        output(Command::new("git").args(["config", "--get-regexp", r"^user\.(name|email)$"]).current_dir(directory));
    let said = said.unwrap_or_default();
    // The last one counts, as for git itself.
    let git = |key| said.lines().rev().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).map(str::trim);
    let named = std::env::var(NAMED).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let by = match (named, git("user.name"), git("user.email")) {
        (named, ..) if !named.is_empty() => named,
        (_, Some(name), Some(email)) => format!("{name} <{email}>"),
        (_, Some(name), None) => name.to_owned(),
        _ => login(),
    };
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    let machine = machine.or_else(|| output(&mut Command::new("hostname"))).unwrap_or_else(|| "unknown".to_owned());
    let (message, consents) = (message.map(str::to_owned), Consents::default());
    Actor { task: task.to_owned(), by, login: login(), machine, message, consents, at }
}

fn output(command: &mut Command) -> Option<String> {
    for variable in secret::hidden() {
        command.env_remove(variable);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
