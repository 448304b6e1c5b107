//! The one way from work to the screen.

use std::sync::mpsc;

use chrono::Utc;

use crate::event::{Event, Stamped};

/// Where events are sent. A listener that is slow or gone never stops a run: the queue has no end and a failed send
/// is nobody's failure.
#[derive(Debug, Clone)]
pub struct Events {
    sender: mpsc::Sender<Stamped>,
}

impl Events {
    /// A new queue and its listener's end.
    pub fn new() -> (Self, mpsc::Receiver<Stamped>) {
        let (sender, receiver) = mpsc::channel();
        (Self { sender }, receiver)
    }

    /// Sends an event, stamped with the controller's clock.
    pub fn send(&self, event: Event) {
        let _ = self.sender.send(Stamped { at: Utc::now(), event });
    }
}
