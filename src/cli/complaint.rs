//! Any error as a person sees it: what is wrong, what is behind it, what to type next; and its exit code.

use std::fmt::Write as _;

use super::out;
use super::retype::retyped;
use crate::config::{EnvError, Problems};
use crate::engine::ClaimError;
use crate::fleet::{HostName, Scope};
use crate::source::SourceError;
use crate::tasks::{Refusal, relm};
use crate::transport::{ConnectError, ConnectErrorKind};
use crate::ui::Table;

/// An error on its way to the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    /// What the process exits with.
    pub(super) code: u8,
    message: String,
    /// Printed as it is, below the message.
    details: String,
    next: Vec<String>,
}

impl Complaint {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: String::new(), next: Vec::new() }
    }

    /// Something failed; nothing live changed.
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::new(1, message)
    }

    /// Typed wrong, or `Releases.toml` is wrong.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(2, message)
    }

    /// Refused before anything changed.
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::new(3, message)
    }

    /// A signal came before anything was changed.
    pub(super) fn interrupted() -> Self {
        Self::interrupted_after(None)
    }

    /// A signal came when this was done, if anything was.
    pub(super) fn interrupted_after(done: Option<&str>) -> Self {
        let message = done.map_or_else(
            || "interrupted before anything was changed".to_owned(),
            |done| format!("interrupted: {done}"),
        );
        Self::new(130, message)
    }

    /// What was waited for did not come; nothing was begun.
    pub(super) fn paused(refusal: Refusal, again: &str) -> Self {
        let refused = Self::from(refusal);
        let mut next = vec![again.to_owned()];
        next.extend(refused.next);
        Self { code: 75, next, ..refused }
    }

    /// Adds something to type next.
    pub(super) fn next(mut self, next: impl Into<String>) -> Self {
        self.next.push(next.into());
        self
    }

    /// Adds a line below the message.
    pub(super) fn beside(mut self, line: &str) -> Self {
        let _ = writeln!(self.details, "  {line}");
        self
    }

    /// The sentence, for machines.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Commands to type next.
    pub(super) fn next_commands(&self) -> &[String] {
        &self.next
    }

    /// Prints it on standard error.
    pub(super) fn print(&self) {
        let red = anstyle::AnsiColor::Red.on_default().bold();
        if self.message.is_empty() {
            // An excerpt of Releases.toml, in colours; what draws it shows control characters as signs.
            out::raw(&self.details);
        } else {
            out::raw(format!("{red}error:{red:#} "));
            out::note(format!("{}\n{}", self.message, self.details));
        }
        self.next.iter().for_each(|next| Self::hint(next));
    }

    /// Prints what to type next.
    pub(super) fn hint(next: &str) {
        let bold = anstyle::Style::new().bold();
        out::raw(format!("{bold}next{bold:#}   "));
        out::note(format!("{next}\n"));
    }

    /// Secrets that are not there, each with its reason.
    pub(super) fn secrets(missing: &[(String, String)]) -> Self {
        if let [(name, reason)] = missing {
            return Self::usage(format!("the secret {name} is missing: {reason}; no host was touched"));
        }
        let mut complaint = Self::usage(format!("{} secrets are missing; no host was touched", missing.len()));
        for (name, reason) in missing {
            let _ = writeln!(complaint.details, "  {name}: {reason}");
        }
        complaint
    }

    /// Hosts that cannot be reached, each once.
    pub(super) fn unreachable(env: &Scope, errors: &[(HostName, ConnectError)]) -> Self {
        let message = match errors {
            [(host, error)] => format!("{host}: {error}"),
            _ => format!("{} hosts cannot be used", errors.len()),
        };
        let mut complaint = Self::refused(message);
        for (host, error) in errors {
            if errors.len() > 1 {
                let _ = writeln!(complaint.details, "  {host}: {error}");
            }
            for detail in &error.details {
                let _ = writeln!(complaint.details, "    {detail}");
            }
            if error.kind == ConnectErrorKind::UnknownHostKey {
                complaint.next.push(format!("{} trust {} {host}", relm(), env.env));
            }
        }
        complaint
    }
}

impl From<Refusal> for Complaint {
    fn from(refusal: Refusal) -> Self {
        let details = refusal.table.map(|(header, rows)| {
            let table = rows.into_iter().fold(Table::new(header), Table::row);
            table.render(false).lines().fold(String::new(), |text, line| text + "  " + line + "\n")
        });
        Self { code: 3, message: refusal.reason, details: details.unwrap_or_default(), next: refusal.next }
    }
}

impl From<Problems> for Complaint {
    fn from(problems: Problems) -> Self {
        let colour = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        Self { details: problems.render(colour), ..Self::new(2, "") }
    }
}

impl From<EnvError> for Complaint {
    fn from(error: EnvError) -> Self {
        match &error {
            EnvError::Unknown { hint: Some(hint), .. } | EnvError::UnknownComponent { hint: Some(hint), .. } => {
                Self::usage(format!("{error}; {hint}"))
            }
            EnvError::EnvMissing { name, known } => {
                let meant = known.iter().map(|words| retyped(name, words));
                meant.fold(Self::usage(error.to_string()), Self::next)
            }
            _ => Self::usage(error.to_string()),
        }
    }
}

impl From<SourceError> for Complaint {
    fn from(error: SourceError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<ClaimError> for Complaint {
    fn from(error: ClaimError) -> Self {
        Self::failed(error.to_string())
    }
}
