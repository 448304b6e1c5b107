//! Asks a host for files of a release. Reads only.

use std::collections::BTreeMap;

use super::manifest::{PATIENCE, unpacked};
use crate::release::{Layout, ReleaseName};
use crate::script::Script;
use crate::transport::Transport;

/// Output is text: a line a file, and an empty one for what is none or is large.
const FILES: &str = r#"cd -- "$release" || exit
for file; do
  if [ -f "./$file" ] && [ "$(wc -c <"./$file")" -le 4194304 ]; then gzip -c <"./$file" | base64 | tr -d '\n'; fi
  echo
done"#;

/// The texts of some files of a release, by their paths in it, as far as a host has them; nothing if it does not answer.
pub async fn files(
    transport: &dyn Transport,
    layout: &Layout,
    release: &ReleaseName,
    paths: &[String],
) -> Option<BTreeMap<String, String>> {
    let script = Script::new(FILES).args(paths).set("release", layout.release(release));
    let exit = transport.capture(&script, Some(PATIENCE)).await.ok().filter(|exit| exit.status.success())?;
    let found = paths.iter().zip(exit.stdout.lines()).filter(|(_, line)| !line.is_empty());
    found.map(|(path, line)| Some((path.clone(), unpacked(line)?))).collect()
}
