//! Can anything begin on these hosts? Asked by every task that changes one, and shown by `relm check`.

use super::{Refusal, Site, command};
use crate::survey::{Current, HostSeen, IS_GONE, Survey};

/// Room a release's tree may need beyond its files' bytes: blocks, a virtualenv, a build.
const SPARE_KILOBYTES: u64 = 10 << 10;

/// Files that a small release has; a full disk of small files is full all the same.
const SPARE_FILES: u64 = 1000;

/// What is wrong with one host, a sentence each; nothing if a task can begin there. `needed` bytes are to be built there;
/// without it nothing is, and a full disk is no obstacle: going back and cleaning are what helps then.
pub(super) fn troubles(seen: &HostSeen, needed: Option<u64>) -> Vec<String> {
    let mut troubles = Vec::new();
    if !seen.missing_tools.is_empty() {
        troubles.push(format!("it lacks {}", seen.missing_tools.join(", ")));
    }
    if let Current::Foreign(what) = &seen.current {
        let link = seen.layout.current();
        // Somebody has removed the live release. Nothing is served any more, so there is nothing to be careful of.
        let way = if what.ends_with(IS_GONE) {
            format!("rm {link} there, then deploy or roll back --to")
        } else {
            another_way(&link)
        };
        troubles.push(format!("{link} {what}: {way}"));
    }
    if let Some(free) = seen.free_files.filter(|free| needed.is_some() && *free < SPARE_FILES) {
        troubles
            .push(format!("its disk has room for {free} more files (df -i), and {SPARE_FILES} are needed at least"));
    }
    let needed = needed.map_or(0, |bytes| bytes / 1024 + SPARE_KILOBYTES);
    if let Some(free) = seen.free_kilobytes.filter(|free| *free < needed) {
        troubles.push(format!("its disk has {} MB free, and {} MB are needed", free / 1024, needed / 1024));
    }
    troubles.extend(seen.damage.iter().filter(|damage| damage.ends_with("cannot be written")).cloned());
    troubles
}

/// What must stand in `shared/` before a release is built and does not, a sentence each.
pub(super) fn lacking(seen: &HostSeen) -> impl Iterator<Item = String> {
    let put = |file: &String| format!("the shared file {file} is missing: put it at {}/{file}", seen.layout.shared());
    seen.lacks.iter().map(put)
}

/// What to do where something else serves from relm's place.
fn another_way(link: &str) -> String {
    format!("give [release] another `root`, or mv {link} {link}.before once nothing serves from it")
}

/// Refuses if any host is silent or a release that takes so many bytes cannot be built there.
pub(super) fn require_ready_to_build(site: Site<'_>, bytes: u64) -> Result<(), Refusal> {
    require(site, |seen| troubles(seen, Some(bytes)).into_iter().chain(lacking(seen)).collect())
}

/// Refuses if any host is silent or cannot take what is to come.
pub(super) fn require_ready(site: Site<'_>, needed: Option<u64>) -> Result<(), Refusal> {
    require(site, |seen| troubles(seen, needed))
}

fn require(site: Site<'_>, troubles: impl Fn(&HostSeen) -> Vec<String>) -> Result<(), Refusal> {
    let silent = site.survey.silent.iter().map(|(host, reason)| vec![host.to_string(), reason.clone()]);
    let unfit = site
        .survey
        .hosts
        .iter()
        .flat_map(|(host, seen)| troubles(seen).into_iter().map(move |trouble| vec![host.to_string(), trouble]));
    let rows: Vec<Vec<String>> = silent.chain(unfit).collect();
    let Some(first) = rows.first() else { return Ok(()) };
    let reason = match rows.len() {
        1 => format!("{} is not ready: {}", first[0], first[1]),
        _ => "some hosts are not ready".to_owned(),
    };
    let is_foreign = |seen: &HostSeen| matches!(&seen.current, Current::Foreign(what) if !what.ends_with(IS_GONE));
    let foreign = site.survey.hosts.iter().map(|(_, seen)| seen).find(|seen| is_foreign(seen));
    // `relm check` would only repeat what that trouble is.
    let next = foreign.map_or_else(|| command("check", site.env), |seen| another_way(&seen.layout.current()));
    Err(Refusal::new(reason).table(vec!["host", "trouble"], rows).next(next))
}

/// Refuses if any host is silent.
pub(super) fn require_answers(survey: &Survey) -> Result<(), Refusal> {
    let rows: Vec<Vec<String>> =
        survey.silent.iter().map(|(host, reason)| vec![host.to_string(), reason.clone()]).collect();
    let Some(first) = rows.first() else { return Ok(()) };
    let reason = format!("{} does not answer: {}", first[0], first[1]);
    Err(Refusal::new(reason).table(vec!["host", "trouble"], rows))
}
