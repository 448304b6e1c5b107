//! The archive a host unpacks: a compressed tar, equal for equal trees.
//!
//! It holds every link of the tree, the files that the host has not, and the directories above them: the host makes the
//! others. And the tree's manifest, or what makes it out of one that the host has, and a likeness of that one's tree into this.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use flate2::write::GzEncoder;
use tar::{EntryType, Header};

use crate::release::{Entry, Kind, Manifest};

use super::error::SourceError;
use super::freeze::Frozen;

/// The `name` and `linkname` fields of a tar header; one byte stays free for readers that want a zero.
const HEADER_FIELD: usize = 99;

/// Where the manifest stands in an archive; no tree may have a file of that name, or of one that goes on with a dot.
const MANIFEST: &str = ".relm-manifest";

/// What an archive is compressed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Packing {
    /// Every host can unpack it.
    Gzip,
    /// Several times as quick to pack and unpack, and smaller.
    Zstd,
}

impl Packing {
    /// The command of a host that unpacks it.
    pub fn command(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

impl Frozen {
    /// Packs what a host lacks that has the tree of `base`, or everything, for `gzip -dc | tar xpf -`. The file has no
    /// name, and is gone with its last handle. Blocks.
    pub fn pack(&self, base: Option<&Manifest>, packing: Packing) -> Result<File, SourceError> {
        let file = match &self.scratch {
            Some(directory) => tempfile::tempfile_in(directory),
            None => tempfile::tempfile(),
        };
        let packed = file.and_then(|file| {
            let to = BufWriter::with_capacity(64 << 10, &file);
            match packing {
                Packing::Gzip => {
                    self.pack_into(GzEncoder::new(to, flate2::Compression::new(6)), base)?.finish()?.flush()?;
                }
                Packing::Zstd => {
                    let mut zstd = zstd::Encoder::new(to, 3)?;
                    zstd.include_checksum(true)?;
                    self.pack_into(zstd, base)?.finish()?.flush()?;
                }
            }
            Ok(file)
        });
        packed.map_err(SourceError::Scratch)
    }

    fn pack_into<W: Write>(&self, compressed: W, base: Option<&Manifest>) -> io::Result<W> {
        let mut tar = tar::Builder::new(compressed);
        let edits = base.and_then(|base| Some((base, self.manifest.edits(base)?)));
        if let Some((base, _)) = &edits {
            let way = self.manifest.way_from(base);
            for (what, paths) in [("files", way.files), ("gone", way.gone), ("made", way.made)] {
                if !paths.is_empty() {
                    let text: String = paths.iter().flat_map(|path| ["./", path, "\0"]).collect();
                    self.append_text(&mut tar, &format!("{MANIFEST}.{what}"), &text)?;
                }
            }
        }
        let text = edits.map_or_else(|| self.manifest.to_text(), |(_, edits)| edits);
        self.append_text(&mut tar, MANIFEST, &text)?;
        let sent = self.sent(base);
        // Byte order puts every directory before what it holds.
        for (path, entry) in self.manifest.entries.iter().filter(|(path, _)| sent.contains(path.as_str())) {
            self.append(&mut tar, path, entry)?;
        }
        tar.into_inner()
    }

    /// Adds a file of relm's own.
    fn append_text<W: Write>(&self, tar: &mut tar::Builder<W>, name: &str, text: &str) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_mtime(self.time);
        header.set_size(text.len() as u64);
        append(tar, header, name, text.as_bytes())
    }

    /// The paths that travel. With each goes every directory above it: what tar makes of its own accord is open to everybody.
    fn sent(&self, base: Option<&Manifest>) -> BTreeSet<&str> {
        let mut sent = BTreeSet::new();
        for (path, entry) in &self.manifest.entries {
            let travels = base.is_none_or(|base| match entry.kind {
                Kind::File { .. } => self.manifest.is_new(path, base),
                Kind::Link { .. } => true,
                Kind::Directory => Manifest::is_escaped(path),
            });
            if travels {
                let above = path.match_indices('/').map(|(end, _)| &path[..end]);
                sent.extend(above.chain([path.as_str()]));
            }
        }
        sent
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
    use std::io::Read as _;

    use proptest::prelude::*;

    use crate::source::fixture::{Desk, awkward, bytes, standing, unpacked, write};
    use crate::source::{Packing, Source};

    const TARS: [&str; 2] = ["tar", "busybox tar"];
    const PACKINGS: [Packing; 2] = [Packing::Gzip, Packing::Zstd];

    #[test]
    fn both_tars_unpack_exactly_the_manifest() {
        let desk = Desk::new();
        let root = desk.path("site");
        awkward(&root);
        fs::create_dir_all(root.join("tmp/pids")).unwrap();
        let frozen = desk.freeze(Source::Directory(root)).unwrap();
        for packing in PACKINGS {
            let archive = frozen.pack(None, packing).unwrap();
            for tar in TARS {
                let (there, text) = unpacked(&archive, packing, tar);
                assert_eq!(standing(there.path()), frozen.manifest, "{tar}");
                assert_eq!(text, frozen.manifest.to_text(), "{tar}");
            }
        }
    }

    #[test]
    fn what_a_base_has_is_left_out() {
        let desk = Desk::new();
        let root = desk.path("site");
        for path in ["a/b/c", "a/b/d", "a/e", "f", "odd\n"] {
            write(&root.join(path), path);
        }
        std::os::unix::fs::symlink("f", root.join("link")).unwrap();
        let base = desk.freeze(Source::Directory(root.clone())).unwrap().manifest;
        write(&root.join("a/b/d"), "changed");
        write(&root.join("g"), "new");
        fs::remove_file(root.join("a/e")).unwrap();
        let frozen = desk.freeze(Source::Directory(root)).unwrap();
        let (there, edits) = unpacked(&frozen.pack(Some(&base), Packing::Zstd).unwrap(), Packing::Zstd, "tar");
        let found = standing(there.path());
        let sent: Vec<&str> = found.entries.keys().map(String::as_str).collect();
        assert_eq!(sent, ["a", "a/b", "a/b/d", "g", "link", "odd\n"]);
        assert_eq!(Some(edits), frozen.manifest.edits(&base));
        let same = frozen.pack(Some(&frozen.manifest), Packing::Zstd).unwrap();
        assert!(bytes(&same).len() < 500, "{}", bytes(&same).len());
    }

    #[test]
    fn an_archive_leaves_nothing_behind() {
        let desk = Desk::new();
        write(&desk.path("site/a"), "a");
        let frozen = desk.freeze(Source::Directory(desk.path("site"))).unwrap();
        let archive = frozen.pack(None, Packing::Gzip).unwrap();
        assert_eq!(fs::read_dir(desk.path("scratch")).unwrap().count(), 0, "it has no name");
        drop(frozen);
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(bytes(&archive).as_slice()).read_to_end(&mut text).unwrap();
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
            let again = desk.freeze(Source::Directory(root)).unwrap();
            for packing in PACKINGS {
                let archive = frozen.pack(None, packing).unwrap();
                prop_assert!(bytes(&archive) == bytes(&again.pack(None, packing).unwrap()));
                for tar in TARS {
                    let (there, _) = unpacked(&archive, packing, tar);
                    prop_assert_eq!(&standing(there.path()), &frozen.manifest, "{}", tar);
                }
            }
        }
    }
}
