//! The steps of templates: filled in when a release is built, and taken to their places in the switch.

use super::{Payload, Site};
use crate::config::{Environment, FilledFile};
use crate::engine::{Operation as _, Plan};
use crate::event::Phase;
use crate::fleet::{Become, By};
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
    let is_known = |operation: &PlaceFiles| {
        let name = operation.name();
        let had = |release: &ReleaseSeen| release.record.steps.iter().any(|step| step.name == name);
        site.survey.hosts.iter().flat_map(|(_, seen)| &seen.releases).any(had)
    };
    let outside = || site.env.templates.iter().filter(|file| file.is_outside());
    let own = PlaceFiles::default();
    let wanted = outside().any(|file| file.becoming.is_none()) || is_known(&own);
    let plan = if wanted { plan.step(Phase::AfterFlip, own) } else { plan };
    let named = outside().find_map(|file| file.becoming.clone());
    let theirs = PlaceFiles { becoming: Some(named.clone().unwrap_or_else(|| as_root(site.env))) };
    if named.is_some() || is_known(&theirs) { plan.step(Phase::AfterFlip, theirs) } else { plan }
}

/// How one becomes root for files of older releases, of which the file says nothing any more.
fn as_root(env: &Environment) -> Become {
    let known = env.done_as_others().into_iter().map(|other| other.becoming).find(|becoming| becoming.user == "root");
    known.cloned().unwrap_or_else(|| Become { user: "root".to_owned(), by: By::Sudo, password: None })
}
