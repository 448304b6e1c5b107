//! Fills in a service's files for each host, into the release: a rollback brings the old ones back.

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

/// Each argument of three: `x` for a program, the name, the text. What the step left when it ran before goes: a template that
/// was taken out must not stay.
const RENDER: &str = r#"umask 022
# Not through links, and not over what the code brings.
for place in "${directory%/*}" "$directory"; do
  if [ -L "$place" ]; then printf 'the code has a link at %s: no service files are written there\n' "$place" >&2; exit 1; fi
done
if grep -q "^d [0-7]* - - services/${directory##*/}\$" "$record/manifest" 2>/dev/null; then
  printf 'the code has services/%s of its own: the service needs another name\n' "${directory##*/}" >&2
  exit 1
fi
rm -rf -- "$directory" && mkdir -p -- "$directory" || exit
while [ "$#" -gt 0 ]; do
  printf '%s' "$3" >"$directory/$2" || exit
  if [ -n "$1" ]; then chmod 755 -- "$directory/$2" || exit; fi
  shift 3
done"#;

impl Operation for RenderService {
    fn name(&self) -> String {
        format!("render:{}", self.0.name)
    }

    fn targets(&self) -> Targets {
        self.0.hosts()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let Service { name, files, .. } = &self.0;
        let values = self.0.values(on);
        let mut args = Vec::new();
        for file in files {
            match file.template.render(&values) {
                Ok(text) => args.extend([if file.executable { "x" } else { "" }.to_owned(), file.name.clone(), text]),
                Err(reason) => {
                    return super::super::refused(&format!("{}: {reason}", file.name));
                }
            }
        }
        let release = super::super::release(on);
        let directory = format!("{}/services/{name}", on.layout.release(release));
        let script =
            Script::new(RENDER).args(args).set("directory", directory).set("record", on.layout.record(release));
        Work::ours(script)
    }

    fn makes(&self) -> Makes {
        Makes::Files
    }

    fn joins(&self) -> bool {
        true
    }
}
