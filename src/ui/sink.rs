//! A writer that goes silent instead of failing.

use std::io::Write;

/// Writes until the first error and swallows everything after it.
#[derive(Debug)]
pub(super) struct Sink<W> {
    out: Option<W>,
}

impl<W: Write> Sink<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out: Some(out) }
    }

    /// Writes at once, so that what stands on the screen is never behind the run.
    pub(super) fn write(&mut self, text: &str) {
        let Some(out) = &mut self.out else { return };
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            self.out = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    struct Broken(u32);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            assert_eq!(self.0, 1, "written to after an error");
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn one_error_silences_it() {
        let mut sink = Sink::new(Broken(0));
        sink.write("a");
        sink.write("b");
    }
}
