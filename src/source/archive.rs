//! An archive of this machine as a source, read as if a stranger had made it.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::error::SourceError;
use super::freeze::{Origin, Told};
use super::gather::{Gathering, last_component};
use super::untar::{self, Rules};
use super::unzip;

/// No release is larger, and a disk of this machine that takes it does not overflow at the first hostile file.
const LARGEST: u64 = 20 << 30;

/// What any archive may unpack to; below it the ratio says nothing (a log compresses a thousandfold).
const ALWAYS_ALLOWED: u64 = 1 << 30;

/// Deflate cannot do better than 1032 to 1; only layers and overlaps can.
const MOST_RATIO: u64 = 1000;

/// Memory that all names of an archive may take: more than a million of usual length.
const MOST_NAMES: usize = 512 << 20;

/// Ten times what a large application with its dependencies has; a million entries are 200 MB of memory.
const MOST_ENTRIES: usize = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Tar,
    Gzip,
    Zstd,
    Zip,
}

/// Reads the archive.
pub(super) fn freeze(path: &Path, strip: u32, gathering: &mut Gathering) -> Result<Told, SourceError> {
    let mut file = File::open(path).map_err(SourceError::read(path))?;
    let size = file.metadata().map_err(SourceError::read(path))?.len();
    let format = match by_name(path) {
        Some(format) => format,
        None => by_content(&mut file)
            .map_err(SourceError::read(path))?
            .ok_or_else(|| SourceError::UnknownArchive(path.to_owned()))?,
    };
    gathering.room = room(size);
    gathering.room_for_names = MOST_NAMES;
    let time = read(file, size, format, path, strip, gathering)?;
    let origin = Origin {
        source: last_component(path),
        reference: version(path),
        commit: None,
        added: Vec::new(),
        subject: None,
        note: None,
    };
    Ok(Told { origin, time })
}

fn read(
    file: File,
    size: u64,
    format: Format,
    path: &Path,
    strip: u32,
    gathering: &mut Gathering,
) -> Result<u64, SourceError> {
    let rules = Rules { origin: path, strip, below: b"", most: MOST_ENTRIES };
    let file = BufReader::new(file);
    let seen = match format {
        Format::Zip => return unzip::read(file, &rules, gathering),
        Format::Tar => untar::read(file, &rules, gathering),
        Format::Gzip => untar::read(Bounded::of(size, MultiGzDecoder::new(file)), &rules, gathering),
        Format::Zstd => {
            let stream = zstd::stream::read::Decoder::new(file).map_err(SourceError::read(path))?;
            untar::read(Bounded::of(size, stream), &rules, gathering)
        }
    }?;
    Ok(seen.newest)
}

fn room(size: u64) -> u64 {
    size.saturating_mul(MOST_RATIO).clamp(ALWAYS_ALLOWED, LARGEST)
}

/// A stream that may not unpack to more than its archive can be worth. What is left out, and what comes behind the last
/// entry, takes no room and still time.
struct Bounded<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Bounded<R> {
    fn of(size: u64, reader: R) -> Self {
        Self {
            reader,
            left: size.saturating_mul(MOST_RATIO).clamp(ALWAYS_ALLOWED, size.saturating_mul(4).max(2 * LARGEST)),
        }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other("it unpacks to far more than an archive of its size can hold")),
        }
        Ok(count)
    }
}

const ENDINGS: [(&str, Format); 5] = [
    (".tar", Format::Tar),
    (".tar.gz", Format::Gzip),
    (".tgz", Format::Gzip),
    (".tar.zst", Format::Zstd),
    (".zip", Format::Zip),
];

fn by_name(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    ENDINGS.into_iter().find_map(|(ending, format)| name.ends_with(ending).then_some(format))
}

/// The version in an archive's name, as release tools write it: `DDGC-0.941.tar.gz`, `shop-v2-rc1.zip`. Nothing where there
/// is none.
fn version(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let stem = ENDINGS.into_iter().find_map(|(ending, _)| {
        let at = name.len().checked_sub(ending.len())?;
        name.get(at..)?.eq_ignore_ascii_case(ending).then(|| &name[..at])
    })?;
    let behind = |at: usize| &stem[at + 1..];
    let is_version = |text: &str| text.strip_prefix('v').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit());
    stem.match_indices('-').map(|(at, _)| behind(at)).find(|text| is_version(text)).map(str::to_owned)
}

/// Downloads often have no telling name.
fn by_content(file: &mut File) -> io::Result<Option<Format>> {
    let mut start = Vec::new();
    file.by_ref().take(512).read_to_end(&mut start)?;
    file.rewind()?;
    let is_tar = start.get(257..262) == Some(b"ustar");
    Ok(match start.as_slice() {
        [0x1f, 0x8b, ..] => Some(Format::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Format::Zstd),
        [b'P', b'K', 3, 4, ..] => Some(Format::Zip),
        _ => is_tar.then_some(Format::Tar),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::process::Command;

    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::release::{Kind, hex};
    use crate::source::fixture::{Desk, awkward, paths, standing};
    use crate::source::{Frozen, Source};

    #[test]
    fn every_kind_is_read_by_name_and_by_content() {
        let desk = Desk::new();
        let root = desk.path("site");
        awkward(&root);
        let mut expected = standing(&root);
        expected.entries.get_mut("b/run").unwrap().mode = 0o755;
        for (name, making) in [
            ("a.tar", "tar cf \"$0\" ."),
            ("a.tar.gz", "tar czf \"$0\" ."),
            ("a.tgz", "tar cf - . | gzip -9 > \"$0\""),
            ("a.tar.zst", "tar cf - . | zstd -q > \"$0\""),
            ("a.zip", "zip -qry \"$0\" ."),
        ] {
            let path = desk.path(name);
            let mut command = Command::new("sh");
            let status = command.args(["-c", making]).arg(&path).current_dir(&root).status().unwrap();
            assert!(status.success(), "{name}");
            let nameless = desk.path("artifact");
            fs::copy(&path, &nameless).unwrap();
            for path in [path, nameless] {
                let source = || Source::Archive { path: path.clone(), strip: 0 };
                let frozen = desk.freeze(source()).unwrap();
                assert_eq!(frozen.manifest, expected, "{name}");
                assert_eq!(frozen.origin.source, last_component(&path));
                assert!(frozen.time > 1_700_000_000, "{name}: {}", frozen.time);
                let left = desk.freeze_without(source(), &["*", "!/a"]).unwrap();
                assert_eq!(paths(&left), ["a"]);
            }
        }
    }

    #[test]
    fn a_name_tells_the_version() {
        for (name, told) in [
            ("DDGC-0.941.tar.gz", Some("0.941")),
            ("my-shop-v2-rc1.ZIP", Some("v2-rc1")),
            ("web-2-go.tar", Some("2-go")),
            ("shop.tar.gz", None),
            ("shop-final.tgz", None),
            ("shop-1.2", None),
            ("-.zip", None),
        ] {
            assert_eq!(version(Path::new(name)).as_deref(), told, "{name}");
        }
    }

    #[test]
    fn a_cut_or_changed_archive_is_an_error() {
        let desk = Desk::new();
        let root = desk.path("site");
        awkward(&root);
        let noise: Vec<u8> = (0..300_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
        fs::write(root.join("noise"), noise).unwrap();
        for (name, making) in [
            ("a.tar.gz", "tar czf \"$0\" ."),
            ("a.tar.zst", "tar cf - . | zstd -q > \"$0\""),
            ("a.zip", "zip -qry \"$0\" ."),
        ] {
            let path = desk.path(name);
            let mut command = Command::new("sh");
            assert!(command.args(["-c", making]).arg(&path).current_dir(&root).status().unwrap().success());
            let whole = fs::read(&path).unwrap();
            let mut changed = whole.clone();
            changed[whole.len() / 2] ^= 0x55;
            let cut = |at: usize| whole[..at].to_vec();
            for bytes in [changed, cut(whole.len() - 1), cut(whole.len() / 2), cut(3), vec![]] {
                fs::write(&path, &bytes).unwrap();
                let source = Source::Archive { path: path.clone(), strip: 0 };
                let error = desk.freeze(source).unwrap_err().to_string();
                assert!(error.contains(name), "{name} of {}: {error}", bytes.len());
            }
        }
    }

    #[test]
    fn what_is_no_archive_is_told() {
        let desk = Desk::new();
        for content in ["", "hello", "\u{fd}7zXZ"] {
            let path = desk.path("artifact");
            fs::write(&path, content).unwrap();
            let error = desk.freeze(Source::Archive { path, strip: 0 }).unwrap_err().to_string();
            assert!(error.contains("artifact is no archive relm reads (.tar, "), "{error}");
        }
        let missing = Source::Archive { path: desk.path("none.tgz"), strip: 0 };
        let error = desk.freeze(missing).unwrap_err().to_string();
        assert!(error.starts_with("cannot read ") && error.contains("none.tgz"), "{error}");
    }

    #[test]
    fn the_room_grows_with_the_archive() {
        for (size, expected) in
            [(0, 1 << 30), (1 << 20, 1 << 30), (10 << 20, 10_000 << 20), (1 << 30, 20 << 30), (u64::MAX, 20 << 30)]
        {
            assert_eq!(room(size), expected, "{size}");
        }
    }

    #[test]
    fn a_stream_that_never_ends_is_given_up() {
        let mut bounded = Bounded { reader: io::repeat(0), left: 1 << 20 };
        let error = io::copy(&mut bounded, &mut io::sink()).unwrap_err().to_string();
        assert!(error.contains("far more than an archive of its size"), "{error}");
        for (size, left) in [(0, 1 << 30), (10 << 20, 10_000 << 20), (1 << 30, 40 << 30), (100 << 30, 400 << 30)] {
            assert_eq!(Bounded::of(size, io::empty()).left, left, "{size}");
        }
    }

    /// What is accepted names nothing outside, and is what stands in it.
    fn is_sound(frozen: &Frozen) {
        for (path, entry) in &frozen.manifest.entries {
            assert!(!path.contains('\0') && path.len() < 4096, "{path:?}");
            assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..") && part.len() <= 255), "{path:?}");
            let top = path.split('/').next().unwrap();
            assert!(![".relm", "python_env", ".relm-manifest"].contains(&top), "{path:?}");
            if let Some((parent, _)) = path.rsplit_once('/') {
                assert_eq!(frozen.manifest.entries[parent].kind, Kind::Directory, "{path:?}");
            }
            if let Kind::File { size, sha256 } = &entry.kind {
                assert!([0o644, 0o755].contains(&entry.mode));
                let mut content = Vec::new();
                frozen.spool.content(frozen.offsets[path], *size).read_to_end(&mut content).unwrap();
                assert_eq!((content.len() as u64, &hex(&Sha256::digest(&content))), (*size, sha256), "{path:?}");
            }
        }
    }

    /// Freezes bytes as an archive of this name.
    fn frozen(desk: &Desk, name: &str, bytes: &[u8]) -> Option<Frozen> {
        let path = desk.path(name);
        fs::write(&path, bytes).unwrap();
        desk.freeze(Source::Archive { path, strip: 0 }).inspect(is_sound).ok()
    }

    #[test]
    fn damaged_tars_are_refused_or_sound() {
        let desk = Desk::new();
        let words = [
            "../",
            "/etc/passwd",
            "\0",
            "ustar",
            "././@LongLink",
            "18 path=../../etc\n",
            "python_env/",
            "0000644\0",
            "77777777777",
        ];
        crate::tests::damaged("tar", &words, tars(), |bytes| {
            // Most damage is found by the sum of a header: made right again, it goes deeper.
            let mut mended = bytes.to_vec();
            for block in mended.chunks_exact_mut(512).filter(|block| block[257..262] == *b"ustar") {
                let mut header = tar::Header::new_gnu();
                header.as_mut_bytes().copy_from_slice(block);
                header.set_cksum();
                block.copy_from_slice(header.as_bytes());
            }
            for bytes in [bytes, &mended] {
                let plain = frozen(&desk, "a.tar", bytes).map(|frozen| frozen.manifest);
                let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                packed.write_all(bytes).unwrap();
                let packed = frozen(&desk, "a.tgz", &packed.finish().unwrap()).map(|frozen| frozen.manifest);
                assert_eq!(plain, packed);
            }
            let _ = frozen(&desk, "b.tgz", bytes);
            let _ = frozen(&desk, "b.tar.zst", bytes);
        });
    }

    #[test]
    fn damaged_zips_are_refused_or_sound() {
        let desk = Desk::new();
        let words = [
            "../",
            "/etc/passwd",
            "\0",
            "PK\u{1}\u{2}",
            "PK\u{3}\u{4}",
            "PK\u{5}\u{6}",
            "python_env/",
            "\\",
            "\u{7f}\u{7f}\u{7f}\u{7f}",
        ];
        let none = Just(b"PK\x05\x06".to_vec()).boxed();
        crate::tests::damaged("zip", &words, none, |bytes| drop(frozen(&desk, "a.zip", bytes)));
    }

    /// Archives of a few entries of every kind, under names that are right, odd or wrong.
    fn tars() -> BoxedStrategy<Vec<u8>> {
        use tar::EntryType;
        let kinds = vec![
            EntryType::Regular,
            EntryType::Directory,
            EntryType::Symlink,
            EntryType::Link,
            EntryType::Char,
            EntryType::Fifo,
            EntryType::XHeader,
            EntryType::GNULongName,
            EntryType::GNULongLink,
            EntryType::GNUSparse,
            EntryType::Continuous,
        ];
        let names =
            ["a", "a/b", "a/b/c", "./d", "d/", "../x", "/x", "a//b", ".relm/x", "python_env", "caf\u{e9}", "-rf"];
        let name = || prop::sample::select(names.to_vec());
        let entry = (prop::sample::select(kinds), name(), name(), ".{0,40}", any::<bool>());
        let made = prop::collection::vec(entry, 0..8).prop_map(|entries| {
            let mut tar = tar::Builder::new(Vec::new());
            for (kind, name, target, content, is_plain) in entries {
                let content = match kind {
                    EntryType::XHeader => format!("{} path={name}\n", name.len() + 9),
                    EntryType::GNULongName | EntryType::GNULongLink => format!("{name}\0"),
                    _ => content,
                };
                let mut header = tar::Header::new_gnu();
                header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
                header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
                header.set_entry_type(kind);
                header.set_mode(if is_plain { 0o644 } else { 0o755 });
                header.set_size(content.len() as u64);
                header.set_cksum();
                tar.append(&header, content.as_bytes()).unwrap();
            }
            tar.into_inner().unwrap()
        });
        made.boxed()
    }

    #[test]
    fn names_tell_the_format() {
        for (name, format) in [
            ("DDGC-0.940.tar.gz", Some(Format::Gzip)),
            ("a.TGZ", Some(Format::Gzip)),
            ("a.tar", Some(Format::Tar)),
            ("a.tar.zst", Some(Format::Zstd)),
            ("a.b.zip", Some(Format::Zip)),
            ("a.gz", None),
            ("artifact", None),
        ] {
            assert_eq!(by_name(Path::new(name)), format, "{name}");
        }
    }
}
