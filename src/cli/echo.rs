//! The terminal without its echo, while something is typed that nobody should see. When relm ends, or a signal comes that it hears, the echo is back.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::sync::{Mutex, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// How the terminal was, while it is otherwise.
static BEFORE: Mutex<Option<(File, Termios)>> = Mutex::new(None);

/// A terminal that shows nothing of what is typed. Dropped, it does again.
pub(super) struct Hidden(File);

impl Hidden {
    /// Takes the echo away from the terminal that relm was started on, and asks there.
    pub(super) fn asking(prompt: &str) -> std::io::Result<Self> {
        let mut terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut hidden = before.clone();
        // Ctrl-C stays a signal, and the end of the line is seen.
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some((terminal.try_clone()?, before));
        let hides = Self(terminal.try_clone()?);
        tcsetattr(&terminal, OptionalActions::Now, &hidden)?;
        terminal.write_all(prompt.as_bytes())?;
        Ok(hides)
    }

    /// What reads one line of it. Blocks.
    pub(super) fn reader(&self) -> std::io::Result<impl FnOnce() -> Option<String> + Send + 'static> {
        let terminal = self.0.try_clone()?;
        Ok(move || {
            let mut line = Vec::new();
            BufReader::new(terminal).read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            String::from_utf8(line.strip_suffix(b"\r").unwrap_or(line).to_vec()).ok()
        })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        back();
    }
}

/// Gives the terminal its echo back, if it was taken.
pub(super) fn back() {
    if let Some((terminal, before)) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = tcsetattr(&terminal, OptionalActions::Now, &before);
    }
}
