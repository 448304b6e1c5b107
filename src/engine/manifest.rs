//! Asks a host for the manifest of a release. Reads only.

use std::io::Read as _;
use std::time::Duration;

use data_encoding::BASE64;
use flate2::read::GzDecoder;

use crate::release::{Layout, Manifest, ReleaseName};
use crate::script::Script;
use crate::transport::Transport;

/// A host that does not answer within this is not worth waiting for: its code can be sent without it.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A damaged or hostile file must not fill this machine's memory.
const LONGEST: u64 = 256 << 20;

/// Output is text.
const MANIFEST: &str = r#"gzip -c <"$record/manifest" | base64"#;

/// The manifest of a release whose tree is `tree`, as a host has it; nothing if it is not that or cannot be read.
pub async fn manifest(
    transport: &dyn Transport,
    layout: &Layout,
    release: &ReleaseName,
    tree: &str,
) -> Option<Manifest> {
    let script = Script::new(MANIFEST).set("record", layout.record(release));
    let exit = transport.capture(&script, Some(PATIENCE)).await.ok()?;
    Manifest::parse(&unpacked(&exit.stdout)?).ok().filter(|manifest| manifest.hash() == tree)
}

/// Text that came packed, and as text.
pub(super) fn unpacked(said: &str) -> Option<String> {
    let mut said = said.to_owned();
    said.retain(|c| !c.is_ascii_whitespace());
    let packed = BASE64.decode(said.as_bytes()).ok()?;
    let mut text = String::new();
    GzDecoder::new(packed.as_slice()).take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}
