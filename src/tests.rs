//! What unit tests of several rooms share: trying what foreign hands may have made, damaged in many ways, for a while.

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::release::hex;

/// Longer than any single try may take on a busy machine: what takes time by the square of its input takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A piece of damage.
#[derive(Debug, Clone)]
enum Damage {
    Set(Index, u8),
    Flip(Index, u8),
    CutOff(Index),
    CutOut(Index, Index),
    Insert(Index, Vec<u8>),
    Double(Index, Index, Index),
    Splice(Index, Vec<u8>, Index),
}

impl Damage {
    fn of(words: Vec<Vec<u8>>, corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Self> {
        let index = any::<Index>;
        let odd = prop::sample::select(vec![0, 1, 9, 10, 13, 27, 32, 0x7f, 0x80, 0x9b, 0xff]);
        let (word, other) = (prop::sample::select(words), prop::sample::select(corpus));
        prop_oneof![
            (index(), prop_oneof![odd, any::<u8>()]).prop_map(|(at, byte)| Self::Set(at, byte)),
            (index(), 0_u8..8).prop_map(|(at, bit)| Self::Flip(at, bit)),
            index().prop_map(Self::CutOff),
            (index(), index()).prop_map(|(from, to)| Self::CutOut(from, to)),
            (index(), word).prop_map(|(at, word)| Self::Insert(at, word)),
            (index(), index(), index()).prop_map(|(from, to, at)| Self::Double(from, to, at)),
            (index(), other, index()).prop_map(|(at, other, from)| Self::Splice(at, other, from)),
        ]
    }

    fn done_to(self, mut bytes: Vec<u8>) -> Vec<u8> {
        let place = |index: Index, length: usize| index.index(length + 1);
        let length = bytes.len();
        match self {
            Self::Set(at, byte) if length > 0 => bytes[at.index(length)] = byte,
            Self::Flip(at, bit) if length > 0 => bytes[at.index(length)] ^= 1 << bit,
            Self::Set(..) | Self::Flip(..) => {}
            Self::CutOff(at) => bytes.truncate(place(at, length)),
            Self::CutOut(from, to) => {
                let (from, to) = (place(from, length), place(to, length));
                bytes.drain(from.min(to)..from.max(to).min(from.min(to) + 64));
            }
            Self::Insert(at, word) => drop(bytes.splice(place(at, length)..place(at, length), word)),
            Self::Double(from, to, at) => {
                let (from, to) = (place(from, length), place(to, length));
                let piece = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(place(at, length)..place(at, length), piece);
            }
            Self::Splice(at, other, from) => {
                bytes.truncate(place(at, length));
                bytes.extend_from_slice(&other[place(from, other.len())..]);
            }
        }
        bytes
    }
}

/// Holds `property` against every file of `tests/corpus/TARGET`, and then for `RELM_FUZZ_SECONDS` (2 if that is not set)
/// against what comes of damaging them, and of putting `words` into them. `fresh` makes more that is whole.
///
/// What fails is made as small as may be and kept in the corpus.
pub(crate) fn damaged(target: &str, words: &[&str], fresh: BoxedStrategy<Vec<u8>>, property: impl Fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target);
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    let corpus: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).expect("a file")).collect();
    for (file, bytes) in files.iter().zip(&corpus) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| property(bytes))) {
            eprintln!("it was {}", file.display());
            resume_unwind(panic);
        }
    }
    let words = words.iter().map(|word| word.as_bytes().to_vec()).chain([b"\n".to_vec()]).collect();
    let whole = prop_oneof![3 => prop::sample::select(corpus.clone()), 1 => fresh];
    let tries = (whole, prop::collection::vec(Damage::of(words, corpus), 0..6))
        .prop_map(|(whole, damage)| damage.into_iter().fold(whole, |bytes, one| one.done_to(bytes)));
    let fails = |bytes: &[u8]| {
        let begun = Instant::now();
        let failed = catch_unwind(AssertUnwindSafe(|| property(bytes))).is_err();
        failed || begun.elapsed() > PATIENCE
    };
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let seconds = env::var("RELM_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2.0);
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < end {
        let mut tree = tries.new_tree(&mut runner).expect("a try");
        if fails(&tree.current()) {
            keep(&folder, &smallest(&mut tree, fails));
        }
    }
}

/// Shrinks what fails for a while.
fn smallest(tree: &mut impl ValueTree<Value = Vec<u8>>, fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let (mut smallest, end) = (tree.current(), Instant::now() + PATIENCE);
    while Instant::now() < end {
        if fails(&tree.current()) {
            smallest = tree.current();
            if !tree.simplify() {
                break;
            }
        } else if !tree.complicate() {
            break;
        }
    }
    smallest
}

fn keep(folder: &std::path::Path, bytes: &[u8]) -> ! {
    use sha2::Digest as _;
    let name = &hex(&sha2::Sha256::digest(bytes))[..12];
    let file = folder.join(format!("found-{name}"));
    fs::write(&file, bytes).expect("a file");
    panic!("this fails, and is kept in {}:\n{}", file.display(), bytes.escape_ascii());
}

/// Lines made of these pieces: what is nearly right finds more than noise does.
pub(crate) fn lines_of(pieces: &[&'static str]) -> BoxedStrategy<Vec<u8>> {
    let piece = prop::sample::select(pieces.to_vec());
    let line = prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n").into_bytes()).boxed()
}
