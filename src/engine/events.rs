//! The one way from work to the screen.

use std::sync::Arc;

use chrono::Utc;
use tokio::sync::mpsc;

use crate::event::{Event, Stamped};

/// Where events are sent. A listener that is slow or gone never stops a run: the queue has no end and a failed send
/// is nobody's failure.
#[derive(Debug, Clone)]
pub struct Events {
    sender: Arc<mpsc::UnboundedSender<Stamped>>,
}

impl Events {
    /// A new queue and its listener's end.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Stamped>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender: Arc::new(sender) }, receiver)
    }

    /// Sends an event, stamped with the controller's clock.
    pub fn send(&self, event: Event) {
        let _ = self.sender.send(Stamped { at: Utc::now(), event });
    }
}
