//! The steps of templates: filled in when a release is built, and taken to their places in the switch.

use super::{Payload, Site};
use crate::config::{Environment, FilledFile};
use crate::engine::Plan;
use crate::event::Phase;
use crate::operations::{PlaceFiles, WriteTemplates};
use crate::survey::ReleaseSeen;

/// What fills them in.
pub(super) fn write(env: &Environment, reference: &str, payload: &Payload) -> WriteTemplates {
    // Whoever has read the code has made sure that its templates can be filled in.
    let read = |file: &FilledFile| file.reading(payload.texts.get(file.lacks()?)?).ok();
    let files = env.templates.iter().map(|file| read(file).unwrap_or_else(|| file.clone()));
    let (app, reference, tree) = (env.app.clone(), reference.to_owned(), payload.tree.clone());
    WriteTemplates { files: files.collect(), app, reference, tree }
}

/// Adds what takes them to places outside of the release; on every host, because one that gets none may have had some. It
/// is left out where no release that anybody knows of has any.
pub(super) fn place(plan: Plan, site: Site<'_>) -> Plan {
    let had = |release: &ReleaseSeen| release.record.steps.iter().any(|step| step.name == "place_files");
    let mut seen = site.survey.hosts.iter().flat_map(|(_, seen)| &seen.releases);
    let wanted = site.env.templates.iter().any(FilledFile::is_outside) || seen.any(had);
    if wanted { plan.step(Phase::AfterFlip, PlaceFiles) } else { plan }
}
