//! Why a lock was not taken.

use std::fmt::Write as _;

use crate::fleet::HostName;
use crate::release::{Holder, LockSeen};

/// Says why a lock was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another run holds it, or what one began still runs.
    #[error("{}", held(host, seen))]
    Held {
        /// Where.
        host: HostName,
        /// By whom.
        seen: Box<LockSeen>,
    },
    /// A person has taken it across runs.
    #[error("{} has taken {} since {}{}", .holder.by, .holder.env, .holder.since.format("%Y-%m-%d %H:%M UTC"), reason(.holder))]
    TakenBy {
        /// Who.
        holder: Box<Holder>,
    },
    /// Two hosts of the file are one place.
    #[error("{other} and {host} lead to one and the same directory, {directory}: it would be switched twice")]
    Same {
        /// The one that could not be locked.
        host: HostName,
        /// The one that is.
        other: HostName,
        /// In the host's words.
        directory: String,
    },
    /// The host cannot say.
    #[error("{host} cannot be locked: {reason}")]
    Unable {
        /// The host.
        host: HostName,
        /// In its own words.
        reason: String,
    },
}

fn held(host: &HostName, seen: &LockSeen) -> String {
    let Some(holder) = &seen.holder else { return format!("{host} is held by another run") };
    let mut text = format!(
        "{host} is held: {} runs {} on {} from {} (process {}) since {}{}",
        holder.by,
        holder.task,
        holder.env,
        holder.machine,
        holder.pid,
        holder.since.format("%Y-%m-%d %H:%M:%S UTC"),
        reason(holder)
    );
    if seen.gone {
        text.push_str("; its connection is closed");
        text.push_str(if seen.running.is_empty() { ", and it will be free in a moment" } else { ", and it waits for" });
    }
    for (group, step) in seen.running.iter().filter(|_| seen.gone) {
        let _ = write!(text, " {step} (process {group} on {host})");
    }
    text
}

fn reason(holder: &Holder) -> String {
    holder.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default()
}
