//! Fills in a service's files for each host, into the release: a rollback brings the old ones back.

use super::super::write_templates::{Written, write};
use super::super::{refused, release};
use super::Service;
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
        let places: Vec<String> = files.iter().map(|file| format!("services/{name}/{}", file.name)).collect();
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
        Work { script: emptied.then(&work.script), ..work }
    }

    fn makes(&self) -> Makes {
        Makes::Files
    }

    fn joins(&self) -> bool {
        true
    }
}
