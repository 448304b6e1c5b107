//! What was migrated by which release, as a host has written it down before it was begun.

use chrono::{DateTime, Utc};

use super::{HostSeen, Survey};
use crate::release::ReleaseName;

/// One migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The release it came with.
    pub release: ReleaseName,
    /// The operation that ran it.
    pub step: String,
    /// When it was begun, by the controller's clock. Older lines do not say.
    pub at: Option<DateTime<Utc>>,
    /// What the app calls it; nothing if the app did not say.
    pub name: String,
}

impl Migrated {
    /// Reads `RELEASE STEP@TIME NAME`. A line that is torn names nothing.
    pub(super) fn read(line: &str) -> Option<Self> {
        let (release, rest) = line.split_once(' ')?;
        let (step, name) = rest.split_once(' ')?;
        let (step, at) = step.split_once('@').map_or((step, None), |(step, at)| (step, Some(at)));
        let at = at.and_then(|at| DateTime::parse_from_rfc3339(at).ok()).map(|at| at.to_utc());
        let (release, name) = (ReleaseName::parse(release).ok()?, name.trim().to_owned());
        Some(Self { release, step: step.to_owned(), at, name })
    }

    fn is_like(&self, other: &Self) -> bool {
        (&self.release, &self.step, &self.name) == (&other.release, &other.step, &other.name)
    }
}

/// What has been migrated on any host, or begun to be, and `target` was not made for; each once, in the order it ran.
///
/// A name tells when a release was asked for, not when it went live: an older one that goes live later migrates later.
pub fn migrated_since(survey: &Survey, target: &ReleaseName) -> Vec<Migrated> {
    let mut known = survey.hosts.iter().filter_map(|(_, seen)| seen.release(target));
    let made = known.next().map(|release| release.record.created);
    let is_since = |seen: &HostSeen, migrated: &Migrated| {
        let later = match (migrated.at, made) {
            (Some(at), Some(made)) => at > made,
            _ => seen.went_live_after(&migrated.release, target),
        };
        migrated.release != *target && (migrated.release > *target || later)
    };
    let mut since: Vec<Migrated> = Vec::new();
    for (_, seen) in &survey.hosts {
        for migrated in seen.migrations.iter().filter(|migrated| is_since(seen, migrated)) {
            if !since.iter().any(|other| other.is_like(migrated)) {
                since.push(migrated.clone());
            }
        }
    }
    since.sort_by(|a, b| (a.at, &a.release).cmp(&(b.at, &b.release)));
    since
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_whole_or_not_at_all() {
        let read = |line: &str| Migrated::read(line).map(|read| (read.step, read.name));
        let name = "2026-11-20_14.30.05";
        let whole =
            Migrated::read(&format!("{name} migrate@2026-11-20T14:31:00.5+00:00 0002 add price")).expect("a line");
        assert_eq!((whole.step.as_str(), whole.name.as_str()), ("migrate", "0002 add price"));
        assert_eq!(whole.at.map(|at| at.timestamp()), Some(1_795_185_060));
        assert_eq!(read(&format!("{name} migrate 0002 add price")), Some(("migrate".into(), "0002 add price".into())));
        assert_eq!(read(&format!("{name} migrate ")), Some(("migrate".into(), String::new())));
        for torn in [name, "", "- migrate x", "2026 migrate x"] {
            assert_eq!(read(torn), None, "{torn:?}");
        }
    }
}
