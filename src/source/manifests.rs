//! The manifests of trees that were frozen here, or that a host had: what a host's tree holds is known without asking.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::release::{Manifest, hex};

/// How many are kept: those used last.
const KEPT: usize = 100;

/// A damaged or hostile file must not fill this machine's memory.
const LONGEST: u64 = 256 << 20;

/// Manifests in relm's cache directory, each in a file named after its tree. One that is damaged or gone is not known.
#[derive(Debug, Clone)]
pub struct Manifests {
    directory: PathBuf,
}

impl Manifests {
    /// The manifests in relm's cache directory.
    pub fn new(cache: &Path) -> Self {
        Self { directory: cache.join("manifests") }
    }

    /// The manifest of a tree, if it is known.
    pub fn get(&self, tree: &str) -> Option<Manifest> {
        let path = self.path(tree)?;
        let file = fs::File::open(&path).ok()?;
        let manifest = read(&file, tree);
        // What is used is kept, and what is damaged makes room for what is whole.
        let _ = if manifest.is_some() { file.set_modified(SystemTime::now()) } else { fs::remove_file(path) };
        manifest
    }

    /// Keeps a manifest. Whoever cannot keep it asks a host next time.
    pub fn keep(&self, manifest: &Manifest, tree: &str) {
        let _ = self.try_keep(manifest, tree);
    }

    fn try_keep(&self, manifest: &Manifest, tree: &str) -> io::Result<()> {
        let Some(path) = self.path(tree).filter(|path| !path.exists()) else { return Ok(()) };
        fs::create_dir_all(&self.directory)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        let text = zstd::encode_all(manifest.to_text().as_bytes(), 3)?;
        file.write_all(&text)?;
        file.persist(path).map_err(|error| error.error)?;
        self.prune()
    }

    fn prune(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            files.push((entry.metadata()?.modified()?, entry.path()));
        }
        files.sort();
        let old = files.len().saturating_sub(KEPT);
        files.drain(..old).try_for_each(|(_, path)| fs::remove_file(path))
    }

    fn path(&self, tree: &str) -> Option<PathBuf> {
        let is_hash = tree.len() == 64 && tree.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then(|| self.directory.join(tree))
    }
}

/// Reads a manifest if it is that of `tree`.
fn read(file: &fs::File, tree: &str) -> Option<Manifest> {
    let mut text = String::new();
    zstd::Decoder::new(file).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    (hex(&Sha256::digest(text.as_bytes())) == tree).then(|| Manifest::parse(&text).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::{Entry, Kind};

    fn manifest(n: u64) -> Manifest {
        let entry = Entry { mode: 0o644, kind: Kind::File { size: n, sha256: format!("{n:064x}") } };
        Manifest { entries: [("a file".to_owned(), entry)].into() }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let cache = tempfile::tempdir().unwrap();
        let manifests = Manifests::new(cache.path());
        let (one, tree) = (manifest(1), manifest(1).hash());
        assert_eq!(manifests.get(&tree), None);
        manifests.keep(&one, &tree);
        assert_eq!(manifests.get(&tree), Some(one));
        assert_eq!(manifests.get("../../etc/passwd"), None);
    }

    #[test]
    fn a_damaged_one_is_not_known() {
        let cache = tempfile::tempdir().unwrap();
        let manifests = Manifests::new(cache.path());
        let tree = manifest(1).hash();
        manifests.keep(&manifest(1), &tree);
        let path = cache.path().join("manifests").join(&tree);
        let whole = fs::read(&path).unwrap();
        let other = zstd::encode_all(manifest(2).to_text().as_bytes(), 3).unwrap();
        for damaged in [&whole[..whole.len() / 2], b"", b"no zstd", &other] {
            fs::write(&path, damaged).unwrap();
            assert_eq!(manifests.get(&tree), None);
        }
        manifests.keep(&manifest(1), &tree);
        assert!(manifests.get(&tree).is_some(), "it is kept anew");
    }

    #[test]
    fn those_used_last_are_kept() {
        let cache = tempfile::tempdir().unwrap();
        let manifests = Manifests::new(cache.path());
        let file = |n: u64| cache.path().join("manifests").join(manifest(n).hash());
        for n in 0..KEPT as u64 {
            manifests.keep(&manifest(n), &manifest(n).hash());
            let day = std::time::Duration::from_secs(86400 * (n + 1));
            fs::File::open(file(n)).unwrap().set_modified(SystemTime::UNIX_EPOCH + day).unwrap();
        }
        assert!(manifests.get(&manifest(0).hash()).is_some(), "used, and so the newest");
        manifests.keep(&manifest(999), &manifest(999).hash());
        assert_eq!(fs::read_dir(cache.path().join("manifests")).unwrap().count(), KEPT);
        assert!(file(0).exists() && file(999).exists() && !file(1).exists());
    }
}
