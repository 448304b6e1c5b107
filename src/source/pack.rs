//! The archive a host unpacks: a gzip-compressed tar, equal for equal trees.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};
use tempfile::TempPath;

use crate::release::{Entry, Kind};

use super::error::SourceError;
use super::freeze::Frozen;

/// The `name` and `linkname` fields of a tar header; one byte stays free for readers that want a zero.
const HEADER_FIELD: usize = 99;

/// A packed tree. The file lives as long as one clone does: no host that is done takes it from one that still reads.
#[derive(Debug, Clone)]
pub struct Archive {
    /// The file.
    pub path: Arc<TempPath>,
    /// Its bytes.
    pub size: u64,
}

impl Frozen {
    /// Packs the wanted paths and the directories above them, for `gzip -dc | tar xpf -`. Blocks.
    pub fn archive(&self, wanted: &dyn Fn(&str) -> bool) -> Result<Archive, SourceError> {
        let file = self.scratch_file().map_err(SourceError::Scratch)?;
        self.pack(file.as_file(), wanted).map_err(SourceError::Scratch)?;
        let size = file.as_file().metadata().map_err(SourceError::Scratch)?.len();
        let path = Arc::new(file.into_temp_path());
        Ok(Archive { path, size })
    }

    fn scratch_file(&self) -> io::Result<tempfile::NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("relm-").suffix(".tar.gz");
        match &self.scratch {
            Some(directory) => builder.tempfile_in(directory),
            None => builder.tempfile(),
        }
    }

    fn pack(&self, file: &File, wanted: &dyn Fn(&str) -> bool) -> io::Result<()> {
        let gzip = GzEncoder::new(BufWriter::new(file), Compression::new(6));
        let mut tar = tar::Builder::new(gzip);
        // Byte order puts every directory before what it holds.
        for path in self.chosen(wanted) {
            self.append(&mut tar, path, &self.manifest.entries[path])?;
        }
        tar.into_inner()?.finish()?.flush()
    }

    fn chosen(&self, wanted: &dyn Fn(&str) -> bool) -> BTreeSet<&str> {
        let mut chosen = BTreeSet::new();
        for path in self.manifest.entries.keys().filter(|path| wanted(path)) {
            chosen.insert(path.as_str());
            chosen.extend(path.match_indices('/').map(|(at, _)| &path[..at]));
        }
        chosen
    }

    fn append<W: Write>(&self, tar: &mut tar::Builder<W>, path: &str, entry: &Entry) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_mode(entry.mode);
        header.set_mtime(self.time);
        header.set_size(0);
        match &entry.kind {
            Kind::Directory => {
                header.set_entry_type(EntryType::Directory);
                append(tar, header, path, io::empty())
            }
            Kind::Link { target } => {
                header.set_entry_type(EntryType::Symlink);
                // `set_link_name` would tidy the target; a link must stay what it is.
                let name = long_name(tar, EntryType::GNULongLink, target)?;
                header.as_old_mut().linkname[..name.len()].copy_from_slice(name);
                append(tar, header, path, io::empty())
            }
            Kind::File { size, .. } => {
                header.set_size(*size);
                append(tar, header, path, self.spool.content(self.offsets[path], *size))
            }
        }
    }
}

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    mut header: Header,
    path: &str,
    content: impl io::Read,
) -> io::Result<()> {
    let name = long_name(tar, EntryType::GNULongName, path)?;
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    tar.append(&header, content)
}

/// Returns what of a name goes into the header; a longer one travels whole before it, as GNU and busybox tar read it.
fn long_name<'a, W: Write>(tar: &mut tar::Builder<W>, kind: EntryType, name: &'a str) -> io::Result<&'a [u8]> {
    let bytes = name.as_bytes();
    if bytes.len() <= HEADER_FIELD {
        return Ok(bytes);
    }
    let with_zero = [bytes, b"\0"].concat();
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..13].copy_from_slice(b"././@LongLink");
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(with_zero.len() as u64);
    header.set_cksum();
    tar.append(&header, with_zero.as_slice())?;
    Ok(&bytes[..HEADER_FIELD])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use crate::source::fixture::{Desk, awkward, paths, standing, unpacked, write};
    use crate::source::{Archive, Source};

    const TARS: [&str; 2] = ["tar", "busybox tar"];

    fn bytes(archive: &Archive) -> Vec<u8> {
        fs::read(&*archive.path).unwrap()
    }

    #[test]
    fn both_tars_unpack_exactly_the_manifest() {
        let desk = Desk::new();
        let root = desk.path("site");
        awkward(&root);
        fs::create_dir_all(root.join("tmp/pids")).unwrap();
        let frozen = desk.freeze(Source::Directory(root)).unwrap();
        let archive = frozen.archive(&|_| true).unwrap();
        for tar in TARS {
            let there = unpacked(&archive, tar);
            assert_eq!(standing(there.path()), frozen.manifest, "{tar}");
        }
        assert_eq!(archive.size, bytes(&archive).len() as u64);
    }

    #[test]
    fn a_part_brings_the_directories_above_it() {
        let desk = Desk::new();
        let root = desk.path("site");
        for path in ["a/b/c", "a/b/d", "a/e", "f"] {
            write(&root.join(path), path);
        }
        let frozen = desk.freeze(Source::Directory(root)).unwrap();
        let archive = frozen.archive(&|path| path == "a/b/c").unwrap();
        let there = unpacked(&archive, "tar");
        let manifest = standing(there.path());
        let kept: Vec<_> = manifest.entries.keys().map(String::as_str).collect();
        assert_eq!(kept, ["a", "a/b", "a/b/c"]);
        assert_eq!(paths(&frozen), ["a", "a/b", "a/b/c", "a/b/d", "a/e", "f"]);
    }

    #[test]
    fn the_file_goes_with_its_last_clone() {
        let desk = Desk::new();
        write(&desk.path("site/a"), "a");
        let frozen = desk.freeze(Source::Directory(desk.path("site"))).unwrap();
        let archive = frozen.archive(&|_| true).unwrap();
        let (path, clone) = (archive.path.to_path_buf(), archive.clone());
        drop(archive);
        assert!(path.exists());
        drop(clone);
        assert!(!path.exists());
        drop(frozen);
        assert_eq!(fs::read_dir(desk.path("scratch")).unwrap().count(), 0);
    }

    #[derive(Debug, Clone)]
    enum Node {
        File(Vec<u8>, bool),
        Link(String),
        Directory(Vec<(String, Node)>),
    }

    fn node() -> impl Strategy<Value = Node> {
        let leaf = prop_oneof![
            (proptest::collection::vec(any::<u8>(), 0..2000), any::<bool>()).prop_map(|(c, x)| Node::File(c, x)),
            "[a-z./é\n ]{1,130}".prop_map(Node::Link),
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            proptest::collection::vec((name(), inner), 0..5).prop_map(Node::Directory)
        })
    }

    fn name() -> impl Strategy<Value = String> {
        "[a-zA-Z0-9 \n\t'\"$\\\\é日-]{1,60}"
    }

    fn plant(path: &std::path::Path, node: &Node) {
        use std::os::unix::fs::{PermissionsExt, symlink};
        match node {
            Node::File(content, executable) => {
                fs::write(path, content).unwrap();
                let mode = if *executable { 0o755 } else { 0o644 };
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            }
            Node::Link(target) => symlink(target, path).unwrap(),
            Node::Directory(nodes) => {
                fs::create_dir(path).unwrap();
                fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
                let nodes: std::collections::BTreeMap<_, _> = nodes.iter().cloned().collect();
                for (name, node) in &nodes {
                    plant(&path.join(name), node);
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_tree_arrives_as_it_was(nodes in proptest::collection::vec((name(), node()), 1..5)) {
            let desk = Desk::new();
            let root = desk.path("site");
            plant(&root, &Node::Directory(nodes));
            write(&root.join("one"), "so that it is not empty");
            let frozen = desk.freeze(Source::Directory(root.clone())).unwrap();
            prop_assert_eq!(&frozen.manifest, &standing(&root));
            let archive = frozen.archive(&|_| true).unwrap();
            let again = desk.freeze(Source::Directory(root)).unwrap().archive(&|_| true).unwrap();
            prop_assert!(bytes(&archive) == bytes(&again));
            for tar in TARS {
                let there = unpacked(&archive, tar);
                prop_assert_eq!(&standing(there.path()), &frozen.manifest, "{}", tar);
            }
            let packed = Source::Archive { path: archive.path.to_path_buf(), strip: 0 };
            prop_assert_eq!(&desk.freeze(packed).unwrap().manifest, &frozen.manifest);
        }
    }
}
