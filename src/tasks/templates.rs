//! The steps of templates: filled in when a release is built, and taken to their places in the switch.

use super::Site;
use crate::config::{self, Environment};
use crate::engine::Plan;
use crate::event::Phase;
use crate::operations::{FilledFile, PlaceFiles, WriteTemplates};
use crate::survey::ReleaseSeen;

/// What fills them in.
pub(super) fn write(env: &Environment, reference: &str) -> WriteTemplates {
    let file = |file: &config::FilledFile| FilledFile {
        dest: file.dest.clone(),
        template: file.template.clone(),
        mode: file.mode.clone(),
        owner: file.owner.clone(),
        targets: file.targets.clone(),
        check: file.check.clone(),
        secrets: file.secrets.clone(),
    };
    WriteTemplates {
        files: env.templates.iter().map(file).collect(),
        app: env.app.clone(),
        reference: reference.to_owned(),
    }
}

/// Adds what takes them to places outside of the release; on every host, because one that gets none may have had some. It
/// is left out where no release that anybody knows of has any.
pub(super) fn place(plan: Plan, site: Site<'_>) -> Plan {
    let had = |release: &ReleaseSeen| release.record.steps.iter().any(|step| step.name == "place_files");
    let mut seen = site.survey.hosts.iter().flat_map(|(_, seen)| &seen.releases);
    let wanted = site.env.templates.iter().any(config::FilledFile::is_outside) || seen.any(had);
    if wanted { plan.step(Phase::AfterFlip, PlaceFiles) } else { plan }
}
