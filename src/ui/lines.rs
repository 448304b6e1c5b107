//! What a command says, line by line with the host's name in front: the view of `relm run`.
//!
//! Here the output is the point, so it goes to standard output; what the hosts say on standard error and what failed
//! goes to standard error.

use std::io::Write;

use super::{Renderer, tame};
use crate::event::{Event, Stamped, StepInfo, Stream};

/// Shows the lines of one command on all its hosts.
#[derive(Debug)]
pub struct Lines<O, E> {
    out: O,
    err: E,
    width: usize,
    /// What one host alone says needs no name in front.
    is_bare: bool,
}

impl<O: Write, E: Write> Lines<O, E> {
    /// Writes to `out` and `err`.
    pub fn new(out: O, err: E) -> Self {
        Self { out, err, width: 0, is_bare: false }
    }

    /// Leaves the host's name out where there is one host: what it says may be meant for a file.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.is_bare = true;
        self
    }
}

impl<O: Write, E: Write> Renderer for Lines<O, E> {
    fn event(&mut self, Stamped { event, .. }: &Stamped) {
        let width = self.width;
        // A reader that has gone away is no reason to stop.
        let _ = match event {
            Event::RunStarted { steps, .. } => {
                let hosts = |step: &StepInfo| step.hosts.iter().map(|host| host.as_str().len()).max();
                self.is_bare &= steps.iter().all(|step| step.hosts.len() <= 1);
                self.width = steps.iter().filter_map(hosts).max().unwrap_or(0);
                Ok(())
            }
            Event::Output { stream: Stream::Stdout, line, cut, .. } if self.is_bare => {
                write!(self.out, "{}{}", tame(line), end(*cut)).and_then(|()| self.out.flush())
            }
            Event::Output { stream: Stream::Stderr, line, cut, .. } if self.is_bare => {
                write!(self.err, "{}{}", tame(line), end(*cut))
            }
            Event::Output { host, stream: Stream::Stdout, line, .. } => {
                writeln!(self.out, "{host:width$} | {}", tame(line)).and_then(|()| self.out.flush())
            }
            Event::Output { host, stream: Stream::Stderr, line, .. } => {
                writeln!(self.err, "{host:width$} | {}", tame(line))
            }
            Event::HostFailed { host, failure, .. } => writeln!(self.err, "{host:width$} ✘ {}", tame(&failure.what)),
            Event::Warning { message, .. } => writeln!(self.err, "warning: {}", tame(message)),
            Event::RunEnded { reason: Some(reason), .. } => writeln!(self.err, "{}", tame(reason)),
            _ => Ok(()),
        };
    }
}

/// A piece of a long line has none.
fn end(cut: bool) -> &'static str {
    if cut { "" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::event::Failure;
    use crate::fleet::HostName;

    #[test]
    fn each_stream_keeps_its_place_and_escapes_are_tamed() {
        let host = HostName::new("web1").expect("a name");
        let output = |stream, line: &str| {
            let (step, host) = ("run".into(), host.clone());
            Event::Output { step, host, stream, line: line.into(), cut: false }
        };
        let failure = Failure { what: "exited 3".into(), command: None, said: Vec::new() };
        let failed = Event::HostFailed { step: "run".into(), host: host.clone(), failure, seconds: 0.1 };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut lines = Lines::new(&mut out, &mut err);
        for event in [output(Stream::Stdout, "one\u{1b}[31m"), output(Stream::Stderr, "two"), failed] {
            lines.event(&Stamped { at: DateTime::UNIX_EPOCH, event });
        }
        assert!(String::from_utf8_lossy(&out).starts_with("web1 | one"));
        assert!(!out.contains(&0x1b));
        assert_eq!(String::from_utf8_lossy(&err), "web1 | two\nweb1 ✘ exited 3\n");
    }
}
