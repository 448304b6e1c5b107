//! A deploy that is heard while it goes on.

use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::site::{Done, within};

/// How long a disturbed deploy may take to end. Generous: only one that hangs takes that long.
const PATIENCE: u64 = 90;

/// A deploy under way, heard as it goes.
pub(super) struct Deploy {
    pub(super) relm: Child,
    /// How many events it has told.
    told: Arc<AtomicUsize>,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

impl Deploy {
    pub(super) fn listen(mut relm: Child) -> Self {
        // Read beside it, so that it never waits for a reader.
        let (stdout, mut stderr) = (relm.stdout.take().expect("a pipe"), relm.stderr.take().expect("a pipe"));
        let told = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&told);
        let hear = move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.fold(String::new(), |text, line| {
                count.fetch_add(1, Ordering::Relaxed);
                text + &line + "\n"
            })
        };
        let stderr = std::thread::spawn(move || std::io::read_to_string(&mut stderr).expect("UTF-8"));
        Self { relm, told, stdout: std::thread::spawn(hear), stderr }
    }

    /// Waits until it has told so many events, or is over.
    pub(super) fn await_event(&mut self, count: usize) {
        let end = Instant::now() + Duration::from_secs(PATIENCE);
        while self.told.load(Ordering::Relaxed) < count && !self.is_over() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn is_over(&mut self) -> bool {
        self.relm.try_wait().expect("a status").is_some()
    }

    /// Waits for its end, which must come.
    pub(super) fn end(mut self, context: &str) -> Done {
        let ended = within(PATIENCE, || self.is_over());
        if !ended {
            self.relm.kill().expect("a kill");
        }
        let code = self.relm.wait().expect("an end").code();
        let (stdout, stderr) = (self.stdout.join().expect("text"), self.stderr.join().expect("text"));
        let done = Done { code, stdout, stderr };
        assert!(ended, "{context}: relm does not end\n{}{}", done.stdout, done.stderr);
        done
    }
}
