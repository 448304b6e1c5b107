//! What is asked before code goes live that is older than the schema it meets.

use crate::release::ReleaseName;
use crate::survey::{Migrated, Survey, migrated_since};

/// Code that goes back meets a schema that does not: somebody has to know that it can.
pub(super) fn question(survey: &Survey, target: &ReleaseName) -> Option<String> {
    let name = |migrated: &Migrated| match migrated.name.as_str() {
        "" => format!("{} ({})", migrated.step, migrated.release),
        name => format!("{name} ({}, {})", migrated.step, migrated.release),
    };
    let names: Vec<String> = migrated_since(survey, target).iter().map(name).collect();
    (!names.is_empty()).then(|| {
        format!(
            "since {target} there ran, or were begun, and are not taken back: {}. Can {target} run on that?",
            names.join("; ")
        )
    })
}
