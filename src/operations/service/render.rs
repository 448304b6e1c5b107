//! Fills in a service's files for each host, into the release: a rollback brings the old ones back.

use super::super::write_templates::{Filled, Written, write};
use super::super::{refused, release, seeing};
use super::{File, Service};
use crate::engine::{Makes, On, Operation, Work};
use crate::fleet::Targets;
use crate::script::Script;

/// Writes a service's files to `services/NAME/` of the release.
#[derive(Debug)]
pub struct RenderService(
    /// The service.
    pub Service,
);

/// What the step left when it ran before goes: a template that was taken out must not stay.
const EMPTIED: &str = r#"umask 022
# Not through links, and not over what the code brings.
for place in "${directory%/*}" "$directory"; do
  if [ -L "$place" ]; then printf 'the code has a link at %s: no service files are written there\n' "$place" >&2; exit 1; fi
done
if grep -q "^d [0-7]* - - services/${directory##*/}\$" "$record/manifest" 2>/dev/null; then
  printf 'the code has services/%s of its own: the service needs another name\n' "${directory##*/}" >&2
  exit 1
fi
rm -rf -- "$directory" && mkdir -p -- "$directory" || exit"#;

impl RenderService {
    /// What each file comes to, by its place in the release.
    pub fn on_host(&self, on: &On<'_>) -> Vec<(String, Filled)> {
        let values = self.0.values(on);
        let filled = |file: &File| match file.template.render(&values) {
            Ok(text) => Filled::Text(text),
            Err(reason) => Filled::Unknown(format!("{}: {reason}", file.name)),
        };
        self.0.files.iter().map(|file| (place(&self.0.name, file), filled(file))).collect()
    }
}

fn place(service: &str, file: &File) -> String {
    format!("services/{service}/{}", file.name)
}

impl Operation for RenderService {
    fn name(&self) -> String {
        format!("render:{}", self.0.name)
    }

    fn targets(&self) -> Targets {
        self.0.hosts()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let Service { name, files, check, .. } = &self.0;
        let values = self.0.values(on);
        let places: Vec<String> = files.iter().map(|file| place(name, file)).collect();
        let mut written = Vec::new();
        for (file, place) in files.iter().zip(&places) {
            let mode = if file.executable { "0755" } else { "0644" };
            let check = check.as_deref().unwrap_or_default();
            match file.template.render(&values) {
                Ok(content) => {
                    written.push(Written { place, mode, owner: "", check: check.into(), content, taker: "" });
                }
                Err(reason) => return refused(&format!("{}: {reason}", file.name)),
            }
        }
        let release = release(on);
        let emptied = Script::new(EMPTIED)
            .set("directory", format!("{}/services/{name}", on.layout.release(release)))
            .set("record", on.layout.record(release));
        let work = write("service file", &written, on);
        // What its check sees is what its commands see.
        let written = if check.is_some() { seeing(work.script, on, &self.0.reference) } else { work.script };
        Work { script: emptied.then(&written), ..work }
    }

    fn makes(&self) -> Makes {
        Makes::Files
    }

    fn joins(&self) -> bool {
        true
    }
}
