//! Code for a release: the source the file or the command line names, frozen and packed.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use flate2::{Compression, write::GzEncoder};

use super::complaint::Complaint;
use super::session;
use crate::config::Environment;
use crate::source::{Archive, Origin, Places, Source, Wanted};
use crate::tasks::Payload;
use crate::tasks::deploy::SourceArgs;

/// Frozen code with the files that hold it; they vanish with it.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) origin: Origin,
    pub(super) payload: Payload,
    _archive: Archive,
}

/// Freezes and packs a source.
pub(super) async fn freeze(wanted: Wanted) -> Result<Code, Complaint> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| session::home().join(".cache"), Into::into);
    let places = Places { cache: cache.join("relm"), scratch: None };
    let frozen = tokio::task::spawn_blocking(move || pack(&wanted, &places)).await;
    frozen.map_err(|error| Complaint::failed(format!("freezing the source failed: {error}")))?
}

fn pack(wanted: &Wanted, places: &Places) -> Result<Code, Complaint> {
    let frozen = wanted.freeze(places)?;
    let archive = frozen.archive(&|_| true)?;
    let text = frozen.manifest.to_text();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    let manifest = packed.map_err(|error| Complaint::failed(format!("cannot pack the manifest: {error}")))?;
    let payload = Payload {
        archive: Arc::new(archive.path.to_path_buf()),
        archive_size: archive.size,
        manifest: manifest.into(),
        unpacked: frozen.manifest.size(),
        tree: frozen.manifest.hash(),
    };
    Ok(Code { origin: frozen.origin.clone(), payload, _archive: archive })
}

/// The source that `args` or else the environment names.
pub(super) fn wanted(env: &Environment, args: &SourceArgs) -> Result<Wanted, Complaint> {
    let mut wanted = env.source.clone();
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| Complaint::usage(format!("{}: {error}", path.display())))
    };
    if let Some(dir) = &args.dir {
        wanted.source = Source::Directory(absolute(dir)?);
    } else if let Some(archive) = &args.archive {
        let strip = if let Source::Archive { strip, .. } = wanted.source { strip } else { 0 };
        wanted.source = Source::Archive { path: absolute(archive)?, strip };
    } else if let Some(wish) = &args.reference {
        let Source::Git { reference, .. } = &mut wanted.source else {
            return Err(Complaint::usage(format!(
                "the source of {} is no git repository, so --ref means nothing",
                env.name
            )));
        };
        *reference = Some(wish.clone());
    }
    Ok(wanted)
}
