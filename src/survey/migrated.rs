//! What was migrated by which release, as a host has written it down before it was begun.

use super::Survey;
use crate::release::ReleaseName;

/// One migration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Migrated {
    /// The release it came with.
    pub release: ReleaseName,
    /// The operation that ran it.
    pub step: String,
    /// What the app calls it; nothing if the app did not say.
    pub name: String,
}

impl Migrated {
    /// Reads `RELEASE STEP NAME`. A line that is torn names nothing.
    pub(super) fn read(line: &str) -> Option<Self> {
        let (release, rest) = line.split_once(' ')?;
        let (step, name) = rest.split_once(' ')?;
        Some(Self { release: ReleaseName::parse(release).ok()?, step: step.to_owned(), name: name.trim().to_owned() })
    }
}

/// What releases newer than `target` have migrated on any host, or have begun to; each once.
pub fn migrated_since(survey: &Survey, target: &ReleaseName) -> Vec<Migrated> {
    let mut since: Vec<Migrated> = Vec::new();
    for migrated in survey.hosts.iter().flat_map(|(_, seen)| &seen.migrations) {
        if migrated.release > *target && !since.contains(migrated) {
            since.push(migrated.clone());
        }
    }
    since.sort_by(|a, b| a.release.cmp(&b.release));
    since
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_whole_or_not_at_all() {
        let read = |line: &str| Migrated::read(line).map(|read| (read.step, read.name));
        let name = "2026-11-20_14.30.05";
        assert_eq!(read(&format!("{name} migrate 0002 add price")), Some(("migrate".into(), "0002 add price".into())));
        assert_eq!(read(&format!("{name} migrate ")), Some(("migrate".into(), String::new())));
        for torn in [name, "", "- migrate x", "2026 migrate x"] {
            assert_eq!(read(torn), None, "{torn:?}");
        }
    }
}
