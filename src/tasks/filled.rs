//! What files that are filled in would change on the hosts (`[[templates]]`, those of services, and those that are a secret): what
//! they come to, against what stands there.

use serde::Serialize;
use similar::TextDiff;

use super::{Payload, building, serving, templates};
use crate::config::Environment;
use crate::engine::{On, Operation as _, Stands};
use crate::fleet::{Fleet, HostName};
use crate::operations::{Filled, PlaceFiles, RenderService, WriteSecrets, WriteTemplates, sha256};
use crate::survey::{HostSeen, Survey};

/// A file that would be another one, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilledChange {
    /// Inside the release, absolute or from `~/`.
    pub place: String,
    /// Where the very same would come of it.
    pub hosts: Vec<HostName>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What would come of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// Another text.
    Changed {
        /// In the unified form.
        diff: String,
    },
    /// Something else; nothing more is told, because there is a secret in it.
    Secret,
    /// Something else; nothing more is told, because others may not read what stands there.
    Hidden,
    /// It goes: no template is for it any more.
    Gone,
    /// What stood there before any template comes back: none is for it any more.
    Restored,
    /// Nobody can tell.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// All that is filled in, or written, for each host.
#[derive(Debug)]
pub struct Wanted {
    secrets: WriteSecrets,
    templates: WriteTemplates,
    services: Vec<RenderService>,
}

/// What is filled in for a release that is made of this.
pub fn wanted(env: &Environment, reference: &str, payload: &Payload) -> Wanted {
    Wanted {
        secrets: building::secret_files(env),
        templates: templates::write(env, reference, payload),
        services: serving::renders(env, reference).collect(),
    }
}

impl Wanted {
    /// What each file comes to on a host of `fleet`, by its place.
    pub fn on_host(&self, on: &On<'_>, fleet: &Fleet) -> Vec<(String, Filled)> {
        let of_services = self.services.iter().filter(|render| render.0.runs_on(fleet, on.host));
        let of_services = of_services.flat_map(|render| render.on_host(on));
        self.secrets.on_host(on).into_iter().chain(self.templates.on_host(on)).chain(of_services).collect()
    }
}

/// The services that have files in the release which is live on a host: it was planned that steps wrote them.
pub fn rendered(seen: Option<&HostSeen>) -> Vec<String> {
    let live = seen.and_then(|seen| seen.release(seen.live()?));
    let steps = live.map(|release| release.record.steps.as_slice()).unwrap_or_default();
    steps.iter().filter_map(|step| step.name.strip_prefix("render:")).map(str::to_owned).collect()
}

/// What would come of one file; nothing if it stays as it is.
pub fn compare(place: &str, stands: Stands, comes: Filled) -> Option<What> {
    let changed = |before: &str, after: &str| {
        let diff = TextDiff::from_lines(before, after);
        let diff = diff.unified_diff().header(&format!("{place} now"), place).to_string();
        Some(What::Changed { diff })
    };
    let unknown = |reason: &str| Some(What::Unknown { reason: reason.to_owned() });
    match (stands, comes) {
        (_, Filled::Unknown(reason)) => unknown(&reason),
        (Stands::Text(before), Filled::Text(after)) if before == after => None,
        (Stands::Text(before), Filled::Text(after)) => changed(&before, &after),
        (Stands::Nothing, Filled::Text(after)) => changed("", &after),
        (Stands::Hash(before), Filled::Hash(after)) if before == after => None,
        (Stands::Nothing | Stands::Hash(_), Filled::Hash(_)) => Some(What::Secret),
        (Stands::Hash(before), Filled::Text(after)) if before == sha256(&after) => None,
        (Stands::Hash(_), Filled::Text(_)) => Some(What::Hidden),
        _ => unknown("what stands there cannot be read"),
    }
}

/// Says whether anything is filled in, or was for what is live.
pub fn is_any(env: &Environment, survey: &Survey) -> bool {
    let writes = !env.templates.is_empty() || !env.secret_files.is_empty();
    writes
        || env.services.iter().any(|service| !service.files.is_empty())
        || survey.hosts.iter().any(|(_, seen)| !rendered(Some(seen)).is_empty())
        || were_brought(survey)
}

/// Says whether any release has brought files to places outside of it.
fn were_brought(survey: &Survey) -> bool {
    let step = PlaceFiles::default().name();
    let steps = survey.hosts.iter().flat_map(|(_, seen)| &seen.releases).flat_map(|release| &release.record.steps);
    steps.map(|step| &step.name).any(|name| name.split(':').next() == Some(&step))
}

/// What comes of places that files were brought to or written at, but for those that this release has files for.
pub fn let_go(brought: Vec<(String, bool)>, kept: &[&str]) -> Vec<(String, What)> {
    let left = brought.into_iter().filter(|(place, _)| !kept.contains(&place.as_str()));
    left.map(|(place, had_other)| (place, if had_other { What::Restored } else { What::Gone })).collect()
}

/// Hosts of which the same is to be told together, in the order in which they come.
pub fn together(all: impl IntoIterator<Item = (String, HostName, What)>) -> Vec<FilledChange> {
    let mut groups: Vec<FilledChange> = Vec::new();
    for (place, host, what) in all {
        match groups.iter_mut().find(|group| group.place == place && group.what == what) {
            Some(group) => group.hosts.push(host),
            None => groups.push(FilledChange { place, hosts: vec![host], what }),
        }
    }
    groups
}

impl FilledChange {
    /// A line, and below it the difference where that can be shown.
    pub fn lines(&self) -> Vec<String> {
        let hosts = self.hosts.iter().map(HostName::as_str).collect::<Vec<_>>().join(" ");
        let (words, diff) = match &self.what {
            What::Changed { diff } => ("would change".to_owned(), diff.as_str()),
            What::Secret => ("would change; there is a secret in it".to_owned(), ""),
            What::Hidden => ("would change; not shown, because others may not read what stands there".to_owned(), ""),
            What::Gone => ("would be taken away, because no template is for it any more,".to_owned(), ""),
            What::Restored => {
                ("would be as it was before any template, because none is for it any more,".to_owned(), "")
            }
            What::Unknown { reason } => (format!("cannot be compared: {reason}"), ""),
        };
        let line = format!("{} {words} on {hosts}", self.place);
        std::iter::once(line).chain(diff.lines().map(|line| format!("  {line}"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_told_against_what_stands() {
        let text = |text: &str| Filled::Text(text.to_owned());
        let stands = |text: &str| Stands::Text(text.to_owned());
        assert_eq!(compare("x", stands("a\n"), text("a\n")), None);
        let Some(What::Changed { diff }) = compare("x", stands("a\nb\n"), text("a\nc\n")) else { panic!("no diff") };
        assert_eq!(diff, "--- x now\n+++ x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        assert!(matches!(compare("x", Stands::Nothing, text("a\n")), Some(What::Changed { .. })));
        let hash = |hash: &str| Filled::Hash(hash.to_owned());
        assert_eq!(compare("x", Stands::Hash("1".to_owned()), hash("1")), None);
        assert_eq!(compare("x", Stands::Hash("1".to_owned()), hash("2")), Some(What::Secret));
        assert_eq!(compare("x", Stands::Nothing, hash("2")), Some(What::Secret));
        let hidden = |text: &str| Stands::Hash(sha256(text));
        assert_eq!(compare("x", hidden("a\n"), text("a\n")), None);
        assert_eq!(compare("x", hidden("password = hunter2\n"), text("a\n")), Some(What::Hidden));
        assert!(matches!(compare("x", Stands::Unknown, text("a")), Some(What::Unknown { .. })));
        assert!(matches!(compare("x", Stands::Unknown, hash("a")), Some(What::Unknown { .. })));
        let unknown = Filled::Unknown("not so".to_owned());
        assert_eq!(compare("x", Stands::Nothing, unknown), Some(What::Unknown { reason: "not so".to_owned() }));
    }
}
