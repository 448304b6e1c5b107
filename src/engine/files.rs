//! Asks a host for files of a release. Reads only.

use std::collections::BTreeMap;

use super::Machine;
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

/// Arguments in pairs: `hash`, or anything else for the text, and the place. Of a file that others may not read nothing leaves
/// the host but a hash: a template of an earlier release may have written a secret there. Then files that are there and that
/// releases brought, and whether anything stood there before: those of services in `rendered`, all of which are in the release;
/// and those at places outside of it, if nobody has edited them. See `place_files.sh`.
const STANDING: &str = r#"while [ $# -gt 0 ]; do
  case $2 in /*) file=$2 ;; "~"/*) file=$HOME/${2#??} ;; *) file=$release/$2 ;; esac
  if [ -d "${file%/*}" ] && [ ! -x "${file%/*}" ]; then echo unknown
  elif [ ! -e "$file" ]; then echo nothing
  elif [ ! -f "$file" ] || [ ! -r "$file" ] || [ "$(wc -c <"$file")" -gt 4194304 ]; then echo unknown
  else
    how=$1
    case $(stat -L -c %a -- "$file" 2>/dev/null) in *[4567]) ;; *) how=hash ;; esac
    if [ "$how" = hash ]; then printf 'hash '; sha256sum <"$file" | cut -d ' ' -f 1
    else printf 'text '; gzip -c <"$file" | base64 | tr -d '\n'; echo
    fi
  fi
  shift 2
done
printf '%s\n' "$rendered" | while read -r service; do
  for file in "$release/services/$service"/*; do
    [ -z "$service" ] || [ ! -f "$file" ] || printf 'brought-none services/%s/%s\n' "$service" "${file##*/}"
  done
done
cd -- "$base/.relm" 2>/dev/null || exit 0
cat outside/ledger outside@*/ledger 2>/dev/null | while read -r hash stood key; do
  case $key in
    home/*) place='~'/${key#home/} file=$HOME/${key#home/} ;;
    *) place=/${key#root/} file=$place ;;
  esac
  if [ -e "$file" ] || [ -L "$file" ]; then
    if [ -r "$file" ] && [ "$hash" != "$(sha256sum <"$file" | cut -d ' ' -f 1)" ]; then continue; fi
  elif [ "$stood" = none ]; then
    continue
  fi
  printf 'brought-%s %s\n' "$stood" "$place"
done"#;

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// Nothing.
    Nothing,
    /// A text.
    Text(String),
    /// Something with this SHA-256.
    Hash(String),
    /// Something that cannot be read, or that is no text.
    Unknown,
}

/// What stands on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// At the places asked for, in their order.
    pub places: Vec<Stands>,
    /// Places that files were brought to or written at, and whether something else stood there before.
    pub brought: Vec<(String, bool)>,
}

/// What stands at some places of a machine: in its live release, absolute or from `~/`; only the hash of those with `true`, and
/// of what others may not read. And what services had files there, those that were `rendered`. Nothing if it does not answer.
pub async fn standing(machine: &Machine, places: &[(String, bool)], rendered: &[String]) -> Option<Standing> {
    let args = places.iter().flat_map(|(place, is_hash)| [if *is_hash { "hash" } else { "text" }, place.as_str()]);
    let release = machine.before.as_ref().map(|live| machine.layout.release(live)).unwrap_or_default();
    let script = Script::new(STANDING)
        .args(args)
        .set("release", release)
        .set("base", machine.layout.base())
        .set("rendered", rendered.join("\n"));
    let exit = machine.transport.capture(&script, Some(PATIENCE)).await.ok().filter(|exit| exit.status.success())?;
    let read = |line: &str| match line.split_once(' ') {
        Some(("hash", hash)) => Stands::Hash(hash.to_owned()),
        Some(("text", packed)) => unpacked(packed).map_or(Stands::Unknown, Stands::Text),
        _ if line == "nothing" => Stands::Nothing,
        _ => Stands::Unknown,
    };
    let mut lines = exit.stdout.lines();
    let stands: Vec<Stands> = lines.by_ref().take(places.len()).map(read).collect();
    let brought = lines.filter_map(|line| match line.split_once(' ')? {
        ("brought-was", place) => Some((place.to_owned(), true)),
        ("brought-none", place) => Some((place.to_owned(), false)),
        _ => None,
    });
    let brought = brought.collect();
    (stands.len() == places.len()).then_some(Standing { places: stands, brought })
}

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
