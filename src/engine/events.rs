//! The one way from work to the screen.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use chrono::Utc;

use crate::event::{Event, Stamped};

/// How many lines of output wait to be shown. A command that never stops talking must not fill this machine's memory.
const WAITING: usize = 20_000;
/// Bytes of a long line that count as one more.
const LONG: usize = 256;

/// What an event adds to the queue.
fn weight(event: &Event) -> usize {
    if let Event::Output { line, .. } = event { 1 + line.len() / LONG } else { 1 }
}

/// Where events are sent. A listener that is slow or gone never stops a deploy: what tells of the run waits in a queue
/// without an end, and output that a listener cannot keep up with is left out. Where the output is the point, as in
/// `relm run`, the hosts wait for the listener instead.
#[derive(Debug, Clone)]
pub struct Events {
    sender: mpsc::Sender<Stamped>,
    waiting: Arc<AtomicUsize>,
    left_out: Arc<AtomicUsize>,
    patient: bool,
}

/// The listener's end.
#[derive(Debug)]
pub struct Heard {
    receiver: mpsc::Receiver<Stamped>,
    waiting: Arc<AtomicUsize>,
}

impl Events {
    /// A new queue and its listener's end. With `patient`, no line is left out.
    pub fn new(patient: bool) -> (Self, Heard) {
        let (sender, receiver) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let events = Self { sender, waiting: Arc::clone(&waiting), left_out: Arc::default(), patient };
        (events, Heard { receiver, waiting })
    }

    /// Sends an event, stamped with the controller's clock.
    pub fn send(&self, event: Event) {
        let is_output = matches!(event, Event::Output { .. });
        if is_output && self.patient {
            self.wait_for_listener();
        } else if is_output && self.is_full() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.waiting.fetch_add(weight(&event), Ordering::Relaxed);
        let _ = self.sender.send(Stamped { at: Utc::now(), event });
    }

    fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= WAITING
    }

    /// Holds this thread, and lets another do the runtime's other work meanwhile: a signal must still be heard.
    fn wait_for_listener(&self) {
        if self.is_full() {
            tokio::task::block_in_place(|| {
                while self.is_full() {
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
    }

    /// How many lines of output were left out.
    pub(super) fn left_out(&self) -> usize {
        self.left_out.load(Ordering::Relaxed)
    }
}

impl Heard {
    /// The next event, or why there is none within `patience`.
    pub fn within(&self, patience: Duration) -> Result<Stamped, mpsc::RecvTimeoutError> {
        let event = self.receiver.recv_timeout(patience)?;
        self.waiting.fetch_sub(weight(&event.event), Ordering::Relaxed);
        Ok(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Stream;
    use crate::fleet::HostName;

    #[test]
    fn long_lines_nobody_hears_are_left_out_sooner() {
        for (length, at_most) in [(0, WAITING), (64 << 10, 100)] {
            let (events, heard) = Events::new(false);
            let host = HostName::new("web1").expect("a name");
            let line = "x".repeat(length);
            for _ in 0..=at_most {
                let (step, host, line) = ("talk".to_owned(), host.clone(), line.clone());
                events.send(Event::Output { step, host, stream: Stream::Stdout, line, cut: false });
            }
            assert!(events.left_out() > 0, "{length}");
            while heard.within(Duration::ZERO).is_ok() {}
            assert_eq!(events.waiting.load(Ordering::Relaxed), 0, "what is heard makes room");
        }
    }
}
