//! Code for a release: the source the file or the command line names, frozen, and packed for each host.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;

use super::complaint::Complaint;
use super::ground::Ground;
use super::session;
use crate::config::Environment;
use crate::engine;
use crate::fleet::HostName;
use crate::operations::Parcel;
use crate::release::{Manifest, ReleaseName};
use crate::source::{Frozen, Manifests, Origin, Packing, Places, Source, Wanted};
use crate::survey::{ReleaseSeen, Survey};
use crate::tasks::deploy::SourceArgs;
use crate::tasks::{Payload, base};
use crate::transport::LazyFile;
use crate::ui::text;

/// What an entry may take on a disk beyond its bytes.
const BLOCK: u64 = 4096;

/// Frozen code; what it was made from need not be there any more.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) origin: Origin,
    pub(super) payload: Payload,
    frozen: Arc<Frozen>,
    manifests: Manifests,
    /// Manifests of trees that hosts have.
    known: BTreeMap<String, Arc<Manifest>>,
}

/// Where relm may write on this machine.
pub(super) fn places() -> Places {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| session::home().join(".cache"), Into::into);
    Places { cache: cache.join("relm"), scratch: None }
}

/// Freezes a source.
pub(super) async fn freeze(wanted: Wanted) -> Result<Code, Complaint> {
    let places = places();
    let frozen = tokio::task::spawn_blocking(move || try_freeze(&wanted, &places)).await;
    frozen.map_err(|error| Complaint::failed(format!("freezing the source failed: {error}")))?
}

fn try_freeze(wanted: &Wanted, places: &Places) -> Result<Code, Complaint> {
    let frozen = wanted.freeze(places)?;
    let (tree, manifests) = (frozen.manifest.hash(), Manifests::new(&places.cache));
    manifests.keep(&frozen.manifest, &tree);
    let unpacked = frozen.manifest.size() + frozen.manifest.entries.len() as u64 * BLOCK;
    let payload = Payload { unpacked, tree, ..Payload::default() };
    let (origin, frozen) = (frozen.origin.clone(), Arc::new(frozen));
    Ok(Code { origin, payload, frozen, manifests, known: BTreeMap::new() })
}

impl Code {
    /// The tree it comes to.
    pub(super) fn manifest(&self) -> &Manifest {
        &self.frozen.manifest
    }

    /// Reads the templates that stand in it, and refuses those that cannot be filled in.
    pub(super) fn read_templates(&mut self, env: &Environment) -> Result<(), Complaint> {
        for (file, path) in env.templates.iter().filter_map(|file| Some((file, file.lacks()?))) {
            let refused = |reason: &str| {
                Complaint::refused(format!("the template {path} of {}: {reason}", self.origin.source))
                    .next(format!("mend it, or `src` of the template for {} in Releases.toml", file.dest))
            };
            let text = self.frozen.text(path).ok_or_else(|| refused("there is no such text"))?;
            file.reading(&text).map_err(|reason| refused(&reason))?;
            self.payload.texts.insert(path.to_owned(), text);
        }
        Ok(())
    }

    /// The branch, tag or commit it was taken from, else what it was made of.
    pub(super) fn reference(&self) -> String {
        self.origin.reference.clone().unwrap_or_else(|| self.origin.source.clone())
    }

    /// The text of a file, if it is one, and not large.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.frozen.text(path)
    }

    /// Decides what is sent to each host, by what stands there. `about` is a release that is gone on with.
    pub(super) async fn address(&mut self, ground: &Ground, about: Option<&ReleaseName>) {
        self.learn(ground, about).await;
        let is_known = |tree: &str| self.known.contains_key(tree);
        let bases = base::choose(&ground.survey, about, &self.payload.tree, is_known);
        let mut archives = BTreeMap::new();
        let mut archive = |tree: Option<&str>, packing| {
            let make = || Arc::new(self.archive(tree.and_then(|tree| self.known.get(tree)), packing));
            Arc::clone(archives.entry((tree.map(str::to_owned), packing)).or_insert_with(make))
        };
        let parcels = ground.survey.hosts.iter().map(|(host, seen)| {
            let packing = if seen.has_zstd { Packing::Zstd } else { Packing::Gzip };
            let base = bases.get(host);
            let parcel = Parcel {
                base: base.map(|base| base.name.clone()),
                lacking: archive(base.map(|base| base.record.tree.as_str()), packing),
                whole: archive(None, packing),
                unpack: packing.command(),
                fetch: Arc::default(),
            };
            (host.clone(), parcel)
        });
        self.payload.parcels = Arc::new(parcels.collect());
    }

    /// Packs what is to be sent first, so that no host has to wait for it.
    pub(super) fn pack_ahead(&self) {
        for parcel in self.payload.parcels.values() {
            let archive = Arc::clone(&parcel.lacking);
            // Whoever sends it hears of a failure.
            tokio::spawn(async move { archive.make().await });
        }
    }

    fn archive(&self, base: Option<&Arc<Manifest>>, packing: Packing) -> LazyFile {
        let (frozen, base) = (Arc::clone(&self.frozen), base.cloned());
        LazyFile::new(move || frozen.pack(base.as_deref(), packing).map_err(|error| error.to_string()))
    }

    /// Reads the manifests of what stands on hosts from the cache; what is not there is asked of a host each. No more of
    /// them than are needed: those of large trees fill memory.
    async fn learn(&mut self, ground: &Ground, about: Option<&ReleaseName>) {
        let survey = &ground.survey;
        for (_, release) in self.unknown(survey, about) {
            self.read(&release.record.tree);
        }
        let answers = self.unknown(survey, about).into_iter().map(|(host, release)| async move {
            let (_, transport) = ground.connections.hosts.iter().find(|(other, _)| other.name == *host)?;
            let (layout, tree) = (&survey.host(host)?.layout, &release.record.tree);
            Some((tree.clone(), engine::manifest(transport.as_ref(), layout, &release.name, tree).await?))
        });
        for (tree, manifest) in join_all(answers).await.into_iter().flatten() {
            self.manifests.keep(&manifest, &tree);
            self.known.insert(tree, Arc::new(manifest));
        }
        for (host, _) in self.unknown(survey, about) {
            for release in survey.host(host).map(|seen| seen.releases.as_slice()).unwrap_or_default() {
                self.read(&release.record.tree);
            }
        }
    }

    fn unknown<'s>(&self, survey: &'s Survey, about: Option<&ReleaseName>) -> Vec<(&'s HostName, &'s ReleaseSeen)> {
        base::unknown(survey, about, &self.payload.tree, |tree| self.known.contains_key(tree))
    }

    fn read(&mut self, tree: &str) {
        if let (false, Some(manifest)) = (self.known.contains_key(tree), self.manifests.get(tree)) {
            self.known.insert(tree.to_owned(), Arc::new(manifest));
        }
    }

    /// What would be sent, a sentence for each group of hosts that lack the same.
    pub(super) fn told(&self, ground: &Ground) -> Vec<String> {
        let mut groups: BTreeMap<Option<&ReleaseName>, Vec<&HostName>> = BTreeMap::new();
        for (host, parcel) in self.payload.parcels.iter() {
            groups.entry(parcel.base.as_ref()).or_default().push(host);
        }
        let manifest = &self.frozen.manifest;
        let all = text::count(manifest.files(), "file");
        let sentence = |(base, hosts): (Option<&ReleaseName>, Vec<&HostName>)| {
            let names = hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let seen = base.and_then(|base| ground.survey.host(hosts[0])?.release(base));
            let Some((base, known)) = base.zip(seen.and_then(|seen| self.known.get(&seen.record.tree))) else {
                return format!("{names}: {all} would be sent, {} before compression", text::size(manifest.size()));
            };
            let (count, bytes) = manifest.lacking(known);
            let bytes = text::size(bytes);
            format!("{names}: {count} of {all} would be sent, {bytes} before compression; {base} has the rest")
        };
        groups.into_iter().map(sentence).collect()
    }
}

/// What the file names as the source and is not there, in a sentence. A deploy may name another.
pub(super) fn absent(env: &Environment) -> Option<String> {
    let (path, option) = match &env.source.source {
        Source::Archive { path, .. } => (path, "--archive"),
        Source::Directory(path) => (path, "--dir"),
        Source::Git { .. } => return None,
    };
    let is_lacking = || format!("{} is not there: a deploy needs it, or another one by {option}", path.display());
    (!path.exists()).then(is_lacking)
}

/// The source that `args` or else the environment names.
pub(super) fn wanted(env: &Environment, args: &SourceArgs) -> Result<Wanted, Complaint> {
    let mut wanted = env.source.clone();
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| Complaint::usage(format!("{}: {error}", path.display())))
    };
    if let Some(dir) = &args.dir {
        wanted.source = Source::Directory(absolute(dir)?);
        wanted.patches.clear();
    } else if let Some(archive) = &args.archive {
        let strip = if let Source::Archive { strip, .. } = wanted.source { strip } else { 0 };
        wanted.source = Source::Archive { path: absolute(archive)?, strip };
        wanted.patches.clear();
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
