//! A way to a server on which everything can stop moving, without anybody being told.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// A port that leads to another.
#[derive(Debug)]
pub(crate) struct Road {
    port: u16,
    /// How many connections there were, and how many of the first of them stand still.
    begun: Arc<AtomicUsize>,
    frozen: Arc<AtomicUsize>,
    gone: Arc<AtomicBool>,
}

impl Road {
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let (begun, frozen, gone) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default(), Arc::default());
        let road = Self { port: own, begun: Arc::clone(&begun), frozen: Arc::clone(&frozen), gone: Arc::clone(&gone) };
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if gone.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let number = begun.fetch_add(1, Ordering::SeqCst) + 1;
                for (from, to) in [(near.try_clone(), far.try_clone()), (far.try_clone(), near.try_clone())] {
                    let (from, to) = (from.unwrap(), to.unwrap());
                    let (frozen, gone) = (Arc::clone(&frozen), Arc::clone(&gone));
                    std::thread::spawn(move || carry(from, to, number, &frozen, &gone));
                }
            }
        });
        road
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From here on nothing moves on the connections there are; new ones are as good as ever.
    pub(crate) fn freeze(&self) {
        self.frozen.store(self.begun.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, number: usize, frozen: &AtomicUsize, gone: &AtomicBool) {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut bytes).unwrap_or(0);
        while frozen.load(Ordering::SeqCst) >= number && !gone.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        if read == 0 || to.write_all(&bytes[..read]).is_err() {
            let _ = to.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}
