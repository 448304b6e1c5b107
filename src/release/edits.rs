//! What is different between two trees: which files, how one manifest's text is made into the other's, and what has to be done
//! in a likeness of the one for it to become the other.

use std::fmt::Write as _;
use std::iter::Peekable;

use super::manifest::line;
use super::{Entry, Kind, Manifest, escape};

/// `sed` holds every command against every line. Beyond this many the whole text is quicker.
const MOST_WORK: usize = 20_000_000;

impl Manifest {
    /// Says whether a file of this tree has to be sent where `base` stands. What the text form escapes always is, so that
    /// no script need undo that.
    pub fn is_new(&self, path: &str, base: &Self) -> bool {
        let Some(Entry { kind: Kind::File { .. }, .. }) = self.entries.get(path) else { return false };
        Self::is_escaped(path) || self.entries.get(path) != base.entries.get(path)
    }

    /// Says whether the text form writes a path otherwise than it is.
    pub fn is_escaped(path: &str) -> bool {
        escape(path) != path
    }

    /// How many files have to be sent where `base` stands, and their bytes.
    pub fn lacking(&self, base: &Self) -> (usize, u64) {
        let new = self.entries.iter().filter(|(path, _)| self.is_new(path, base));
        let sizes = new.map(|(_, entry)| if let Kind::File { size, .. } = entry.kind { size } else { 0 });
        sizes.fold((0, 0), |(count, bytes), size| (count + 1, bytes.saturating_add(size)))
    }

    /// What has to be done in a likeness of `base`, made of its directories and of its files whose names the text form does not
    /// escape, before the files that are sent can be put into it.
    pub fn way_from<'a>(&'a self, base: &'a Self) -> Way<'a> {
        let is_directory = |tree: &Self, path: &str| {
            matches!(tree.entries.get(path), Some(Entry { kind: Kind::Directory, .. })) && !Self::is_escaped(path)
        };
        let was = base.entries.iter().rev().filter(|(path, _)| !Self::is_escaped(path));
        let goes = |kind: &Kind, path: &String, entry| match kind {
            Kind::File { .. } => self.entries.get(path) != Some(entry),
            Kind::Directory => !is_directory(self, path),
            Kind::Link { .. } => false,
        };
        let going: Vec<_> = was.filter(|(path, entry)| goes(&entry.kind, path, *entry)).collect();
        let (directories, files): (Vec<_>, Vec<_>) =
            going.into_iter().partition(|(_, entry)| entry.kind == Kind::Directory);
        let paths = |of: Vec<(&'a String, &'a Entry)>| of.into_iter().map(|(path, _)| path.as_str()).collect();
        let new = self.entries.keys().filter(|path| is_directory(self, path) && !is_directory(base, path));
        Way { files: paths(files), gone: paths(directories), made: new.map(String::as_str).collect() }
    }

    /// A script for `sed` that makes the text of `base` into this one's. Nothing if that is not worth it.
    pub fn edits(&self, base: &Self) -> Option<String> {
        let mut edits = Edits::default();
        let (mut old, mut new) = (base.entries.iter().peekable(), self.entries.iter().peekable());
        while let Some(side) = side(&mut old, &mut new) {
            let (gone, come) =
                (if side == Side::New { None } else { old.next() }, if side == Side::Old { None } else { new.next() });
            match (gone, come) {
                (gone, come) if gone == come => edits.keep(),
                (gone, come) => {
                    if gone.is_some() {
                        edits.delete();
                    }
                    if let Some((path, entry)) = come {
                        edits.added.push(line(path, entry));
                    }
                }
            }
        }
        edits.finish(base.entries.len())
    }
}

/// What has to be done in a likeness of one tree, in this order, for another tree's files to fit into it.
#[derive(Debug, PartialEq, Eq)]
pub struct Way<'a> {
    /// Files that go, or come in another form.
    pub files: Vec<&'a str>,
    /// Directories that go, the deepest first.
    pub gone: Vec<&'a str>,
    /// Directories that come.
    pub made: Vec<&'a str>,
}

#[derive(PartialEq)]
enum Side {
    Old,
    New,
    Both,
}

/// Which of two sorted sequences has the next path.
fn side<'a, I: Iterator<Item = (&'a String, &'a Entry)>>(old: &mut Peekable<I>, new: &mut Peekable<I>) -> Option<Side> {
    Some(match (old.peek(), new.peek()) {
        (None, None) => return None,
        (Some(_), None) => Side::Old,
        (None, Some(_)) => Side::New,
        (Some((old, _)), Some((new, _))) => match old.cmp(new) {
            std::cmp::Ordering::Less => Side::Old,
            std::cmp::Ordering::Greater => Side::New,
            std::cmp::Ordering::Equal => Side::Both,
        },
    })
}

#[derive(Default)]
struct Edits {
    script: String,
    commands: usize,
    /// Lines of the old text that have been passed.
    passed: usize,
    /// How many of the last of them go.
    going: usize,
    /// What comes before the next one that stays.
    added: Vec<String>,
}

impl Edits {
    fn keep(&mut self) {
        self.passed += 1;
        let at = self.passed;
        self.insert(at, 'i');
        self.close(at - 1);
    }

    fn delete(&mut self) {
        self.passed += 1;
        self.going += 1;
    }

    fn insert(&mut self, at: usize, command: char) {
        if self.added.is_empty() {
            return;
        }
        self.commands += 1;
        let lines: Vec<String> = self.added.drain(..).map(|line| line.replace('\\', "\\\\")).collect();
        let _ = writeln!(self.script, "{at}{command}\\\n{}", lines.join("\\\n"));
    }

    /// Takes out the run of lines that ends with line `last`.
    fn close(&mut self, last: usize) {
        match std::mem::take(&mut self.going) {
            0 => return,
            1 => _ = writeln!(self.script, "{last}d"),
            several => _ = writeln!(self.script, "{},{last}d", last + 1 - several),
        }
        self.commands += 1;
    }

    fn finish(mut self, lines: usize) -> Option<String> {
        self.insert(lines, 'a');
        self.close(lines);
        (lines > 0 && self.commands * lines <= MOST_WORK).then_some(self.script)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    /// The text that `sed` makes of another one.
    fn edited(sed: &[&str], script: &str, text: &str) -> String {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(script.as_bytes()).expect("written");
        let mut child = Command::new(sed[0])
            .args(&sed[1..])
            .arg("-f")
            .arg(file.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sed");
        let mut input = child.stdin.take().expect("an input");
        let text = text.to_owned();
        let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
        let output = child.wait_with_output().expect("an output");
        writer.join().expect("a thread").expect("read");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn agree(base: &Manifest, new: &Manifest) -> Result<(), TestCaseError> {
        let script = new.edits(base).expect("edits");
        for sed in [["sed"].as_slice(), &["busybox", "sed"]] {
            prop_assert_eq!(edited(sed, &script, &base.to_text()), new.to_text(), "{:?} {}", sed, script);
        }
        Ok(())
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let file = |(executable, n): (bool, u64)| Entry {
            mode: if executable { 0o755 } else { 0o644 },
            kind: Kind::File { size: n, sha256: format!("{n:064x}") },
        };
        prop_oneof![
            (any::<bool>(), 0_u64..3).prop_map(file),
            "[a-z\\\\\n\t ]{1,4}".prop_map(|target| Entry { mode: 0o777, kind: Kind::Link { target } }),
            Just(Entry { mode: 0o755, kind: Kind::Directory }),
        ]
    }

    fn tree(least: usize) -> impl Strategy<Value = BTreeMap<String, Entry>> {
        proptest::collection::btree_map("[ab\\\\\n\t\r é'\"$&/-]{1,3}", entry(), least..20)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn every_sed_makes_the_new_text(base in tree(1), new in tree(0), shared in tree(0)) {
            let with = |own: BTreeMap<String, Entry>| Manifest { entries: own.into_iter().chain(shared.clone()).collect() };
            let (base, new) = (with(base), with(new));
            agree(&base, &new)?;
            agree(&base, &base)?;
        }
    }

    #[test]
    fn the_way_to_another_tree_begins_with_what_is_deepest() {
        let file = |n: u32| Entry { mode: 0o644, kind: Kind::File { size: 1, sha256: format!("{n:064x}") } };
        let directory = |mode| Entry { mode, kind: Kind::Directory };
        let link = || Entry { mode: 0o777, kind: Kind::Link { target: "a".to_owned() } };
        let tree = |entries: &[(&str, Entry)]| Manifest {
            entries: entries.iter().map(|(path, entry)| ((*path).to_owned(), entry.clone())).collect(),
        };
        let base = tree(&[
            ("a", file(1)),
            ("b", directory(0o755)),
            ("b/c", directory(0o755)),
            ("b/c/d", file(2)),
            ("b/l", link()),
            ("e", directory(0o755)),
            ("e/\\", file(3)),
            ("same", file(4)),
        ]);
        let new = tree(&[
            ("a", directory(0o755)),
            ("a/b", file(1)),
            ("b", file(5)),
            ("e", directory(0o700)),
            ("l", directory(0o755)),
            ("n\\", directory(0o755)),
            ("same", file(4)),
        ]);
        let way = new.way_from(&base);
        assert_eq!(way, Way { files: vec!["b/c/d", "a"], gone: vec!["b/c", "b"], made: vec!["a", "l"] });
        assert_eq!(new.way_from(&new), Way { files: vec![], gone: vec![], made: vec![] });
    }

    /// Two manifests, one below the other.
    #[test]
    fn damaged_manifests_can_be_edited_like_others() {
        let words = ["====\n", "d 755 - - ", "l 777 - - a\tb\n", "\\n", "\\\\", " ", "é", "$", "a\\\n", "w /tmp/x"];
        let pieces = ["d 755 - - ", "a", "b", "l 777 - - ", "\t", "====", "\\\\", "/"];
        crate::tests::damaged("edits", &words, crate::tests::lines_of(&pieces), |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let Some((base, new)) = text.split_once("====\n") else { return };
            let (Ok(base), Ok(new)) = (Manifest::parse(base), Manifest::parse(new)) else { return };
            // No tree has a name with a zero byte.
            if base.entries.is_empty() || text.contains('\0') {
                return;
            }
            agree(&base, &new).expect("the same");
        });
    }

    fn large(files: usize) -> Manifest {
        let file = |n| Entry { mode: 0o644, kind: Kind::File { size: n, sha256: format!("{n:064x}") } };
        Manifest { entries: (0..files).map(|n| (format!("some directory/file {n:06}"), file(n as u64))).collect() }
    }

    #[test]
    fn a_small_change_of_a_large_tree_is_a_small_script() {
        let (base, mut new) = (large(25_000), large(25_000));
        for n in (0..25_000).step_by(1250) {
            new.entries.get_mut(&format!("some directory/file {n:06}")).expect("an entry").mode = 0o755;
        }
        agree(&base, &new).expect("the same");
        assert!(new.edits(&base).expect("edits").len() < 20 * 200);
        assert_eq!(new.edits(&new).as_deref(), Some(""));
    }

    #[test]
    fn what_would_keep_sed_busy_is_sent_whole() {
        let (base, mut new) = (large(25_000), large(25_000));
        for entry in new.entries.values_mut().step_by(2) {
            entry.mode = 0o755;
        }
        assert_eq!(new.edits(&base), None);
        assert_eq!(new.edits(&Manifest::default()), None, "there is no line to add to");
    }

    #[test]
    fn what_has_to_be_sent() {
        let file = |mode, n: u8| Entry { mode, kind: Kind::File { size: 1, sha256: format!("{n:064x}") } };
        let of = |entries: &[(&str, Entry)]| Manifest {
            entries: entries.iter().map(|(path, entry)| ((*path).to_owned(), entry.clone())).collect(),
        };
        let directory = Entry { mode: 0o755, kind: Kind::Directory };
        let base = of(&[
            ("same", file(0o644, 1)),
            ("content", file(0o644, 1)),
            ("mode", file(0o644, 1)),
            ("was a directory", directory.clone()),
            ("odd\n", file(0o644, 1)),
        ]);
        let new = of(&[
            ("same", file(0o644, 1)),
            ("content", file(0o644, 2)),
            ("mode", file(0o755, 1)),
            ("was a directory", file(0o644, 1)),
            ("odd\n", file(0o644, 1)),
            ("new", file(0o644, 1)),
            ("directory", directory),
        ]);
        let sent: Vec<&str> = new.entries.keys().map(String::as_str).filter(|path| new.is_new(path, &base)).collect();
        assert_eq!(sent, ["content", "mode", "new", "odd\n", "was a directory"]);
    }
}
