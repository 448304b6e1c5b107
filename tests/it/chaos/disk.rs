//! A small disk that can run full and turn read-only: a file system in memory, mounted where a host keeps its releases.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::site::within;

/// Room for a few hundred small releases and for what a deploy wants to have free.
const SIZE: &str = "size=96m";

/// A mounted disk; unmounted when dropped.
pub(crate) struct Disk {
    at: PathBuf,
}

impl Disk {
    /// Mounts a new disk, or says loudly that it may not.
    pub(crate) fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).expect("a directory");
        if run(Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(at)) {
            return Some(Self { at: at.to_owned() });
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

    /// Forbids writing. While somebody writes the kernel refuses, so it is tried for a while.
    pub(crate) fn freeze(&self) {
        within(1, || self.remount("ro"));
    }

    /// Takes both back.
    pub(crate) fn mend(&self) {
        assert!(within(10, || self.remount("rw")), "{} stays read-only", self.at.display());
        let _ = fs::remove_file(self.at.join("filler"));
    }

    fn remount(&self, how: &str) -> bool {
        run(Command::new("mount").arg("-o").arg(format!("remount,{how}")).arg(&self.at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run(Command::new("umount").arg("-l").arg(&self.at));
    }
}

fn run(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
