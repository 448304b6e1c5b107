//! What a release's tree holds: every path with its mode, size and content hash.
//!
//! The text form is one line an entry, sorted by path, so that equal trees have equal text and one hash:
//!
//! ```text
//! d 755 - - static
//! f 644 1204 9f86d0…  static/app.css
//! l 777 - - static/latest -> app.css      (path, a tab, the target)
//! ```
//!
//! In paths and targets a backslash, a newline, a tab and a carriage return stand escaped (`\\`, `\n`, `\t`, `\r`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A file, with its size in bytes and the SHA-256 of its content in hexadecimal.
    File {
        /// Bytes.
        size: u64,
        /// 64 lower-case hexadecimal digits.
        sha256: String,
    },
    /// A symbolic link and its target.
    Link {
        /// As `readlink` prints it.
        target: String,
    },
}

/// One path of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Permission bits: `0o644`, `0o755`.
    pub mode: u32,
    /// What it is.
    pub kind: Kind,
}

/// Says why a text is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the manifest is damaged")]
pub struct ManifestError {
    line: usize,
}

/// A tree's paths, relative, without a leading `./`, sorted by their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Path to entry.
    pub entries: BTreeMap<String, Entry>,
}

impl Manifest {
    /// Writes the text form.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (path, entry) in &self.entries {
            let _ = writeln!(text, "{}", line(path, entry));
        }
        text
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let lines = text.lines().enumerate();
        let entries = lines.map(|(at, line)| parse_line(line).ok_or(ManifestError { line: at + 1 }));
        Ok(Self { entries: entries.collect::<Result<_, _>>()? })
    }

    /// The SHA-256 of the text form, in hexadecimal: the identity of the tree.
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.to_text().as_bytes()))
    }

    /// How many files there are.
    pub fn files(&self) -> usize {
        self.entries.values().filter(|entry| matches!(entry.kind, Kind::File { .. })).count()
    }

    /// Bytes of all files together.
    pub fn size(&self) -> u64 {
        self.entries
            .values()
            .map(|entry| if let Kind::File { size, .. } = entry.kind { size } else { 0 })
            .fold(0, u64::saturating_add)
    }
}

/// One entry in the text form.
pub(super) fn line(path: &str, entry: &Entry) -> String {
    let (mode, path) = (entry.mode, escape(path));
    match &entry.kind {
        Kind::Directory => format!("d {mode:o} - - {path}"),
        Kind::File { size, sha256 } => format!("f {mode:o} {size} {sha256} {path}"),
        Kind::Link { target } => format!("l {mode:o} - - {path}\t{}", escape(target)),
    }
}

/// Writes a hash as `sha256sum` does, in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a path or a target so that it stays on one line.
pub fn escape(path: &str) -> String {
    path.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
}

/// Reads a path or a target as it stands in a manifest's text form.
pub fn unescape(text: &str) -> Option<String> {
    let mut path = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        path.push(match c {
            '\\' => match chars.next()? {
                '\\' => '\\',
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                _ => return None,
            },
            other => other,
        });
    }
    Some(path)
}

fn parse_line(line: &str) -> Option<(String, Entry)> {
    let mut fields = line.splitn(5, ' ');
    let (kind, mode, size, sha256, rest) =
        (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let mode = u32::from_str_radix(mode, 8).ok()?;
    let (path, kind) = match kind {
        "d" => (unescape(rest)?, Kind::Directory),
        "f" => {
            let is_hash = sha256.len() == 64 && sha256.chars().all(|c| c.is_ascii_hexdigit());
            (unescape(rest)?, Kind::File { size: size.parse().ok()?, sha256: is_hash.then(|| sha256.to_owned())? })
        }
        "l" => {
            let (path, target) = rest.split_once('\t')?;
            (unescape(path)?, Kind::Link { target: unescape(target)? })
        }
        _ => return None,
    };
    Some((path, Entry { mode, kind }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry() -> impl Strategy<Value = Entry> {
        let kind = prop_oneof![
            Just(Kind::Directory),
            (any::<u64>(), "[0-9a-f]{64}").prop_map(|(size, sha256)| Kind::File { size, sha256 }),
            "\\PC+".prop_map(|target| Kind::Link { target }),
        ];
        (0_u32..0o1000, kind).prop_map(|(mode, kind)| Entry { mode, kind })
    }

    proptest! {
        #[test]
        fn text_and_back(entries in proptest::collection::btree_map("[a-z\\\\\n\t\r é'\"$-]{1,12}", entry(), 0..8)) {
            let manifest = Manifest { entries };
            prop_assert_eq!(Manifest::parse(&manifest.to_text()), Ok(manifest));
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC*") {
            let _ = Manifest::parse(&text);
        }
    }

    /// A hash stands for one tree: what is read from a text and written again reads the same.
    #[test]
    fn damaged_manifests_are_refused_or_read_whole() {
        let words = [
            "d 755 - - ",
            "f 644 1 ",
            "l 777 - - a\tb",
            "\\n",
            "\\",
            "\t",
            " ",
            "../",
            "/",
            "18446744073709551616",
            "\r",
        ];
        let hash = "0000000000000000000000000000000000000000000000000000000000000000 ";
        let pieces = ["d ", "f ", "l ", "755 ", "- ", "7 ", "\\\\", "\t", "a/b", hash];
        crate::tests::damaged("manifest", &words, crate::tests::lines_of(&pieces), |bytes| {
            let text = String::from_utf8_lossy(bytes);
            if let Ok(manifest) = Manifest::parse(&text) {
                assert!(manifest.entries.len() <= text.lines().count());
                let written = manifest.to_text();
                assert_eq!(Manifest::parse(&written).as_ref(), Ok(&manifest), "{written:?}");
                assert_eq!(written.lines().count(), manifest.entries.len(), "an entry a line");
                let _ = manifest.size();
            }
        });
    }
}
