//! Power cuts: whatever a disk holds at any moment of a deploy, after a cut `current` is the old or the new release, and
//! whole; once relm has said that it is done, the new one.
//!
//! The host's directory is an ext4 in a file. What was written and not flushed is in the kernel's memory and not in that
//! file, so a copy of it is what a power cut would leave. A copy takes time, and blocks written meanwhile would make a
//! disk that never was: the file is read until two passes are equal. Cuts in the middle of a burst of writes are
//! therefore left to ext4's journal and not tried here.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use relm::release::{Kind, Manifest, hex};
use sha2::{Digest as _, Sha256};

use crate::site::{OnHost, Site, operation};

const CUTS: usize = 200;

/// A mounted ext4; unmounted whatever happens.
struct Mounted(PathBuf);

impl Mounted {
    fn new(image: &Path, at: &Path) -> Result<Self, String> {
        fs::create_dir_all(at).map_err(|error| error.to_string())?;
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(at))?;
        Ok(Self(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {said}")) }
}

/// A file with an ext4 in it, mounted.
fn disk(image: &Path, at: &Path) -> Result<Mounted, String> {
    fs::File::create(image).and_then(|file| file.set_len(24 << 20)).map_err(|error| error.to_string())?;
    run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(image))?;
    Mounted::new(image, at)
}

/// What a cut now would leave; nothing while the disk is too busy to be read twice alike.
fn cut(image: &Path) -> Option<Vec<u8>> {
    let mut before = fs::read(image).expect("an image");
    for _ in 0..5 {
        let now = fs::read(image).expect("an image");
        if now == before {
            return Some(now);
        }
        before = now;
    }
    None
}

/// Numbers without a pattern (xorshift), the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What may be live after a cut.
struct Allowed<'a> {
    before: Option<&'a str>,
    /// relm has said that the new release is live.
    is_done: bool,
    /// Which deploy it was: every second one has an operation before the flip.
    deploys: u32,
}

/// Starts the host again from what was left. Returns what is live.
fn assert_whole(bytes: &[u8], scratch: &Path, allowed: &Allowed<'_>) -> Option<String> {
    let image = scratch.join("cut.img");
    fs::write(&image, bytes).expect("an image");
    let mounted = Mounted::new(&image, &scratch.join("cut")).expect("a file system that can be mounted again");
    let host = OnHost { base: mounted.0.join("www/test") };
    records_are_whole(&host);
    let live = host.current();
    let Some(name) = &live else {
        assert!(allowed.before.is_none() && !allowed.is_done, "nothing is live");
        return None;
    };
    let is_new = allowed.before != Some(name);
    assert!(is_new || !allowed.is_done, "{name} is live again although relm said that another one is");
    let text = fs::read_to_string(host.record_file(name, "manifest")).expect("a manifest");
    let root = host.release(name);
    for (path, entry) in Manifest::parse(&text).expect("a whole manifest").entries {
        let there = fs::symlink_metadata(root.join(&path)).unwrap_or_else(|error| panic!("{name}: {path}: {error}"));
        match entry.kind {
            Kind::Directory => assert!(there.is_dir(), "{path}"),
            Kind::Link { target } => assert_eq!(fs::read_link(root.join(&path)).expect("a link"), Path::new(&target)),
            Kind::File { sha256, .. } => {
                let found = hex(&Sha256::digest(fs::read(root.join(&path)).expect("a file")));
                assert_eq!(found, sha256, "{name}: {path} is not what was uploaded");
            }
        }
    }
    // What the app's own operations made before the flip.
    let had_before = (allowed.deploys + u32::from(!is_new)) % 2 == 1;
    for made in ["made", "before"].iter().take(1 + usize::from(had_before)) {
        assert_eq!(fs::read_to_string(root.join(made)).expect("a file").trim_end(), name, "{made}");
    }
    assert_eq!(host.state(name), "complete");
    assert_eq!(host.record(name)["name"], name.as_str());
    assert!(host.record_file(name, "lived").metadata().expect("a mark").len() > 0);
    if allowed.is_done {
        assert!(host.record_file(name, "finished").metadata().expect("a mark").len() > 0);
        let history = fs::read_to_string(host.path(".relm/history.jsonl")).expect("a history");
        let last = history.lines().last().expect("a line");
        assert!(last.contains(name.as_str()) && last.contains("\"done\""), "{last}");
        assert_eq!(fs::read_to_string(root.join("said")).expect("a file").trim_end(), name);
    }
    live
}

/// Also of the release that was just being made: one record that cannot be read keeps everything from being cleaned.
fn records_are_whole(host: &OnHost) {
    let Ok(entries) = fs::read_dir(host.path(".relm/releases")) else { return };
    for name in entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("utf-8")) {
        if !name.starts_with('.') {
            assert_eq!(host.record(&name)["name"], name.as_str());
            let state = fs::read_to_string(host.record_file(&name, "state")).expect("a state");
            assert!(state.starts_with("building ") || state.starts_with("complete "), "{name}: {state:?}");
        }
    }
}

/// Operations that write their release's name. Without one before the flip, everything has to be flushed when the
/// release is complete; what one writes has to be flushed after that.
fn settings(with_before: bool) -> String {
    let write = |name: &str, phase: &str| operation(name, phase, "", &format!("echo $RELM_RELEASE > {name}"));
    // Others flush too, and with that the file system commits every rename so far, also of what was not flushed.
    let other = operation("other", "prepare", "", "echo > ../../log/other; sync ../../log/other; sleep 0.1");
    let release = "[release]\nkeep = 2\nshared_dirs = [\"media\"]\n".to_owned() + &other + &write("made", "prepare");
    let before = if with_before { write("before", "before_flip") } else { String::new() };
    release + &before + &write("said", "finish")
}

/// A directory that is fast to flush, where there is one.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory")
}

/// A site whose one host has a disk of its own, and the directory with that disk; nothing where that cannot be.
fn site() -> Option<(Site, tempfile::TempDir, Mounted)> {
    let site = Site::new("web1", "");
    let scratch = scratch();
    let image = scratch.path().join("disk.img");
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let mounted = if is_root { disk(&image, &site.path("hosts/web1")) } else { Err("this is not root".to_owned()) };
    match mounted {
        Ok(mounted) => Some((site, scratch, mounted)),
        Err(reason) => {
            assert!(!is_root || std::env::var_os("CI").is_none(), "no file system can be mounted: {reason}");
            eprintln!("\n!!! NOT TESTED: power cuts. They need root and loop devices: {reason}\n");
            None
        }
    }
}

#[test]
fn a_power_cut_leaves_the_old_release_or_the_new_one_whole() {
    let Some((site, scratch, _mounted)) = site() else { return };
    let image = scratch.path().join("disk.img");
    let seed = std::env::var("RELM_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").subsec_nanos();
    let seed = seed.unwrap_or_else(|| u64::from(now())) | 1;
    println!("seed {seed} (RELM_SEED)");
    let mut random = Random(seed);
    let (mut cuts, mut deploys, mut disks, mut old_ones) = (0, 0, HashSet::new(), 0);
    let mut live: Option<String> = None;
    while cuts < CUTS {
        deploys += 1;
        site.configure(&settings(deploys % 2 == 1));
        for at in 0..40 {
            site.write(&format!("code/{}/{at}.txt", at % 5), format!("{deploys} {at} {}", "x".repeat(at * 300)));
        }
        site.write(&format!("code/only-in-{deploys}"), "");
        let mut child = site.start("deploy");
        let mut left = Vec::new();
        while child.try_wait().expect("a process").is_none() {
            std::thread::sleep(Duration::from_millis(random.below(30)));
            left.extend(cut(&image).map(|bytes| (bytes, false)));
        }
        // Before anything else could flush what is still in memory.
        left.push((cut(&image).expect("a disk at rest"), true));
        crate::site::Done::from(child.wait_with_output().expect("an end")).ends(0);
        let mut lived = BTreeSet::new();
        cuts += left.len();
        for (bytes, is_done) in left {
            let mut hasher = DefaultHasher::new();
            (&bytes, is_done, deploys).hash(&mut hasher);
            if disks.insert(hasher.finish()) {
                let allowed = Allowed { before: live.as_deref(), is_done, deploys };
                let found = assert_whole(&bytes, scratch.path(), &allowed);
                old_ones += usize::from(found == live);
                lived.extend(found);
            }
        }
        let new = site.live();
        let known: BTreeSet<String> = live.iter().chain([&new]).cloned().collect();
        assert!(lived.is_subset(&known), "{lived:?} were live, and only {known:?} can be");
        live = Some(new);
    }
    println!("{cuts} cuts in {deploys} deploys, {} different disks, {old_ones} with the old release", disks.len());
    assert!(deploys >= 2 && old_ones > 0, "the cuts came too late");
}
