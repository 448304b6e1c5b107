//! Sends the code: one compressed archive for all hosts that lack the same, unpacked on each as it arrives. What a host
//! has in an earlier release is copied there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::release;
use crate::engine::{Makes, Obstacle, On, Operation, Reading, Work};
use crate::fleet::HostName;
use crate::release::ReleaseName;
use crate::script::Script;
use crate::transport::{Input, LazyFile};

/// What is sent to one host.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The release there that has the rest; without one everything is sent.
    pub base: Option<ReleaseName>,
    /// What it lacks, as a compressed tar.
    pub lacking: Arc<LazyFile>,
    /// Everything.
    pub whole: Arc<LazyFile>,
    /// The command there that unpacks both: `gzip`, `zstd`.
    pub unpack: &'static str,
    /// Where it can fetch what it lacks by itself, once that is there.
    pub fetch: Arc<OnceLock<Fetch>>,
}

/// An archive that hosts can fetch.
#[derive(Clone)]
pub struct Fetch {
    /// Its SHA-256.
    pub sum: String,
    /// Makes a link that can be used for a while. It is a secret.
    pub link: Arc<dyn Fn() -> String + Send + Sync>,
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch").field("sum", &self.sum).finish_non_exhaustive()
    }
}

/// By host.
pub type Parcels = Arc<BTreeMap<HostName, Parcel>>;

/// Unpacks the source's archive in the release's directory.
#[derive(Debug)]
pub struct UploadCode {
    /// What is sent.
    pub parcels: Parcels,
    /// The hash of the tree's manifest.
    pub tree: String,
}

/// The program text.
const UPLOAD: &str = concat!(
    include_str!("manifest_paths.sh"),
    include_str!("ahead_comes.sh"),
    include_str!("take_ahead.sh"),
    include_str!("upload_code.sh")
);
const FETCH: &str = include_str!("fetch_code.sh");

/// What a host does of its own while relm reads what it has told: behind the question that is asked when the lock is taken.
pub fn copy_ahead() -> Script {
    Script::new(concat!(include_str!("manifest_paths.sh"), include_str!("copy_ahead.sh")))
}

/// `text`, which begins with [`UPLOAD`], for one host: with what it lacks or with everything.
pub(super) fn upload(text: &'static str, parcels: &Parcels, tree: &str, on: &On<'_>, everything: bool) -> Work {
    let Some(parcel) = parcels.get(&on.host.name) else {
        return Work::ours(Script::new("printf 'there is no code to send in this run\\n' >&2; exit 1"));
    };
    let name = release(on);
    let (input, base) = if everything { (&parcel.whole, None) } else { (&parcel.lacking, parcel.base.as_ref()) };
    let place = |base: Option<String>| base.unwrap_or_default();
    let script = Script::new(text)
        .set("base", on.layout.base())
        .set("release", on.layout.release(name))
        .set("record", on.layout.record(name))
        .set("tree", tree)
        .set("unpack", parcel.unpack)
        .set("from", place(base.map(|base| on.layout.release(base))))
        .set("from_record", place(base.map(|base| on.layout.record(base))));
    Work { script, input: Input::File(Arc::clone(input)), time_limit: None, reading: Reading::Ours, command: None }
}

/// The same where the host fetches what would be sent: the link travels in its place.
fn fetching(fetch: &Fetch, upload: Work, on: &On<'_>) -> Work {
    let script = Script::new(FETCH).set("record", on.layout.record(release(on))).set("sum", &fetch.sum);
    let link = format!("{}\n", (fetch.link)());
    Work { script: script.then(&upload.script), input: Input::Bytes(link.into()), ..upload }
}

impl Operation for UploadCode {
    fn name(&self) -> String {
        Makes::CODE_STEP.to_owned()
    }

    fn work(&self, on: &On<'_>) -> Work {
        let upload = upload(UPLOAD, &self.parcels, &self.tree, on, false);
        match self.parcels.get(&on.host.name).and_then(|parcel| parcel.fetch.get()) {
            Some(fetch) => fetching(fetch, upload, on),
            None => upload,
        }
    }

    fn instead(&self, on: &On<'_>, obstacle: Obstacle) -> Option<Work> {
        Some(upload(UPLOAD, &self.parcels, &self.tree, on, obstacle == Obstacle::Base))
    }

    /// Whatever it builds on, the same comes of it.
    fn definition(&self, _on: &On<'_>) -> String {
        self.tree.clone()
    }

    fn joins(&self) -> bool {
        true
    }

    fn lacks_code(&self) -> bool {
        self.parcels.is_empty()
    }

    fn reads(&self) -> bool {
        true
    }
}
