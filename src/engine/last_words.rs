//! The last lines a command said, for its failure.

use std::collections::VecDeque;

use crate::transport::Stream;

/// Lines that are kept.
const KEPT: usize = 20;

/// Characters of a line that are kept: a page of one line helps nobody.
const LONGEST: usize = 2000;

/// The last lines of both streams, in the order they were heard. The streams come by ways of their own, and many lines of
/// output may be heard after the one line of error that was said last: so each stream keeps its own.
#[derive(Debug, Default)]
pub(super) struct LastWords {
    heard: usize,
    stdout: VecDeque<(usize, String)>,
    stderr: VecDeque<(usize, String)>,
}

impl LastWords {
    /// Hears a line.
    pub(super) fn hear(&mut self, stream: Stream, line: &str) {
        let kept = if stream == Stream::Stdout { &mut self.stdout } else { &mut self.stderr };
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((self.heard, line.trim_end_matches('\n').chars().take(LONGEST).collect()));
        self.heard += 1;
    }

    /// The lines; where there are too many, output makes room for errors.
    pub(super) fn into_lines(mut self) -> Vec<String> {
        while self.stdout.len() + self.stderr.len() > KEPT && self.stdout.pop_front().is_some() {}
        let mut lines: Vec<_> = self.stdout.into_iter().chain(self.stderr).collect();
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_not_drowned_by_output_heard_after_it() {
        let mut words = LastWords::default();
        words.hear(Stream::Stdout, "first");
        words.hear(Stream::Stderr, "the error");
        (0..50).for_each(|line| words.hear(Stream::Stdout, &format!("line {line}")));
        let lines = words.into_lines();
        assert_eq!((lines.len(), lines[0].as_str(), lines[19].as_str()), (20, "the error", "line 49"));
    }

    #[test]
    fn the_order_is_that_of_hearing() {
        let mut words = LastWords::default();
        for (stream, line) in [(Stream::Stdout, "a"), (Stream::Stderr, "b"), (Stream::Stdout, "c")] {
            words.hear(stream, line);
        }
        assert_eq!(words.into_lines(), ["a", "b", "c"]);
    }
}
