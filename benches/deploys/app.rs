//! The application that is deployed: the same bytes every time, 2,000 files and about 20 MB, one in a hundred changed from
//! one version to the next.

use std::fs;
use std::path::Path;

pub(crate) const FILES: usize = 2_000;

/// Most of the bytes lie in a few files that nothing compresses: pictures.
const PICTURES: usize = 12;
const PICTURE: usize = 1 << 20;

pub(crate) fn write(directory: &Path, version: u64) {
    for n in 0..FILES {
        let path = directory.join(format!("app/part{:02}/module_{n}.py", n / 50));
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text(n, if n % 100 == 0 { version } else { 0 })).expect("a file");
    }
    fs::create_dir_all(directory.join("static")).expect("a directory");
    for n in 0..PICTURES {
        let mut random = Random(n as u64 + 1);
        let bytes: Vec<u8> = (0..PICTURE / 8).flat_map(|_| random.next().to_le_bytes()).collect();
        fs::write(directory.join(format!("static/picture{n}.jpg")), bytes).expect("a file");
    }
}

/// About 4 KB of something that reads like a program.
fn text(n: usize, version: u64) -> String {
    let mut random = Random(n as u64 + 1000);
    let mut text = format!("# module {n}, version {version}\n");
    for _ in 0..60 {
        let (name, value) = (random.next() % 997, random.next() % 100_000);
        let line =
            format!("def answer_{name}(request, account):\n    return account.total({value}) + request.item_{name}\n");
        text.push_str(&line);
    }
    text
}

/// Xorshift: good enough for bytes that no archiver makes smaller.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
