//! A small disk that can run full and turn read-only: a file system in memory, mounted where a host keeps its releases.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::site::within;

/// Room for a few hundred small releases and for what a deploy wants to have free.
const SIZE: &str = "size=96m";

/// A mounted disk; unmounted when dropped.
pub(crate) struct Disk {
    at: PathBuf,
    is_frozen: Cell<bool>,
}

impl Disk {
    /// Mounts a new disk, or says loudly that it may not.
    pub(crate) fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).expect("a directory");
        if run(Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(at)) {
            return Some(Self { at: at.to_owned(), is_frozen: Cell::default() });
        }
        let why = "only root may mount: no deploy was tested on a full or read-only disk";
        eprintln!("\n*** SKIPPED: {why} ***\n");
        None
    }

    /// Takes all the room there is.
    pub(crate) fn fill(&self) {
        let filler = self.at.join("filler");
        // It ends with an error when nothing fits any more.
        run(Command::new("dd").args(["if=/dev/zero", "bs=64k"]).arg(format!("of={}", filler.display())));
    }

    /// Forbids writing. The kernel takes nobody's open files away, so what is read-only is mounted over it.
    pub(crate) fn freeze(&self) {
        assert!(run(Command::new("mount").arg("--bind").arg(&self.at).arg(&self.at)), "no second mount");
        self.is_frozen.set(true);
        // Whoever is just writing there holds it up for an instant.
        let remount = || run(Command::new("mount").args(["-o", "remount,bind,ro"]).arg(&self.at));
        assert!(within(10, remount), "{} does not become read-only", self.at.display());
    }

    /// Takes both back.
    pub(crate) fn mend(&self) {
        if self.is_frozen.take() {
            self.unmount();
        }
        let _ = fs::remove_file(self.at.join("filler"));
    }

    fn unmount(&self) {
        assert!(run(Command::new("umount").arg("-l").arg(&self.at)), "{} stays mounted", self.at.display());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.mend();
        self.unmount();
    }
}

fn run(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
