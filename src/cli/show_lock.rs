//! Who holds an environment, as people and programs read it.

use super::args::Common;
use super::out;
use crate::release::Holder;
use crate::tasks::lock::Report;

/// A run and the person who has taken it, and what still runs.
pub(super) fn lock(report: &Report, common: &Common) {
    if common.json {
        return out::json(report);
    }
    if let Some(holder) = &report.taken {
        out::line(format!("{} is taken by {}", report.env, who(holder)));
    }
    match &report.holder {
        Some(holder) => out::line(format!(
            "{} runs {} on {} (process {} on {})",
            who(holder),
            holder.task,
            report.env,
            holder.pid,
            holder.machine
        )),
        None if report.taken.is_none() => out::line(format!("{} is free", report.env)),
        None => {}
    }
    for line in &report.hosts {
        if line.seen.gone {
            out::line(format!("{}: the connection of that run is closed", line.host));
        }
        for (group, step) in &line.seen.running {
            out::line(format!("{}: {step} runs (process {group})", line.host));
        }
        if let Some(trouble) = &line.trouble {
            out::note(format!("{}: {trouble}\n", line.host));
        }
    }
}

/// A person, since when and why.
pub(super) fn who(holder: &Holder) -> String {
    let reason = holder.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} since {}{reason}", holder.by, holder.since.format("%Y-%m-%d %H:%M:%S UTC"))
}
