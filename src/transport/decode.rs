//! Takes a script's output apart: noise before it, its own bytes part by part, the mark of its end.

use std::collections::VecDeque;

use crate::secret::Mask;

/// What is kept of a stream. Beyond this the beginning is forgotten.
const KEPT: usize = 4 << 20;
/// A line longer than this is handed on in pieces.
const LONGEST_LINE: usize = 64 << 10;
/// More parts than a script has. A host that tells of more tells lies, and they are not kept.
const MOST_PARTS: usize = 1000;
/// What parts may have said that are not taken yet, because the other stream has not told of them. Of what comes after that
/// the last line is kept.
const MOST_WAITING: usize = 4 * KEPT;
/// The status of a part whose mark does not tell it: nobody but our own scripts writes marks.
const UNTOLD: u32 = 1;

/// Why the host has nothing to say of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It was never begun, or it ended without a mark.
    Missing,
    /// It could not be unpacked.
    Unread,
}

/// Reads one stream of one script.
#[derive(Debug)]
pub(super) struct Decoder {
    token: Vec<u8>,
    line: Vec<u8>,
    /// A mark stands after a newline of its own. An empty line may be that newline, so it waits for what follows.
    empty_line_waits: bool,
    in_body: bool,
    /// A piece of a long line was handed on, and its end is yet to come.
    is_cut: bool,
    body: Vec<u8>,
    /// The parts that have ended and were not asked for yet: how, and what they said.
    parts: VecDeque<(u32, String)>,
    /// Which part is being heard.
    part: usize,
    group: Option<u32>,
    status: Option<u32>,
    taken: u64,
    refusal: Option<Refusal>,
    /// The last line that was none of the script's.
    noise: String,
    /// The beginning of a line, and whether an empty one waited, when the connection was lost.
    held: Option<(Vec<u8>, bool)>,
    /// The script's own bytes as they are, where they are data: those that were not asked for yet, and whether a newline
    /// waits behind them that may be the mark's.
    data: Option<(Vec<u8>, bool)>,
}

impl Decoder {
    /// A decoder for standard output, where the script's own bytes begin after its `group` mark: what a login shell's
    /// start-up files print before is not the script's.
    pub(super) fn after_mark(token: &str) -> Self {
        Self::new(token, false)
    }

    /// A decoder for standard error, which has only an end mark.
    pub(super) fn from_start(token: &str) -> Self {
        Self::new(token, true)
    }

    /// The same where the script's own bytes are data: none of it is a line, is kept as text, or is changed.
    pub(super) fn of_data(token: &str) -> Self {
        Self { data: Some((Vec::new(), false)), ..Self::after_mark(token) }
    }

    fn new(token: &str, in_body: bool) -> Self {
        Self {
            token: token.as_bytes().to_vec(),
            line: Vec::new(),
            empty_line_waits: false,
            in_body,
            is_cut: false,
            body: Vec::new(),
            parts: VecDeque::new(),
            part: 0,
            group: None,
            status: None,
            taken: 0,
            refusal: None,
            noise: String::new(),
            held: None,
            data: None,
        }
    }

    /// Waits for the host to say that the script's output goes on: what comes before that is not the script's.
    pub(super) fn await_again(&mut self) {
        if self.in_body {
            self.held = Some((std::mem::take(&mut self.line), self.empty_line_waits));
            self.in_body = false;
        } else {
            self.line.clear();
        }
    }

    /// Says whether nothing of the script's has been heard over this connection.
    pub(super) fn waits(&self) -> bool {
        !self.in_body
    }

    /// The process group of the script, once it has started.
    pub(super) fn group(&self) -> Option<u32> {
        self.group
    }

    /// The last line that came before the script's own bytes: what the host ran instead may have said it.
    pub(super) fn noise(&self) -> &str {
        &self.noise
    }

    /// The exit status, once the end mark has been seen.
    pub(super) fn status(&self) -> Option<u32> {
        self.status
    }

    /// How many bytes have been taken since the script began, its first mark included: where to go on in a copy.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Takes bytes and calls `on_line` for each line they complete, without secrets and with the number of the part that
    /// said it. A line has its end; what has none is a piece, and more of its line follows.
    pub(super) fn take(&mut self, bytes: &[u8], mask: &Mask, on_line: &mut dyn FnMut(usize, &str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.status.is_some() {
                return; // A background process that still writes is not the script.
            }
            self.line.extend_from_slice(piece);
            if self.in_body {
                self.taken += piece.len() as u64;
            }
            if piece.ends_with(b"\n") || self.line.len() > LONGEST_LINE {
                // Of a line that is handed on in pieces, what may be the beginning of a secret, or is that of a character, waits
                // for the rest of it.
                let open_end = || mask.open_end(&self.line).max(open_character(&self.line));
                let waits = if piece.ends_with(b"\n") { 0 } else { open_end() };
                let rest = self.line.split_off(self.line.len() - waits);
                let line = std::mem::replace(&mut self.line, rest);
                self.take_line(&line, mask, on_line);
            }
        }
    }

    fn take_line(&mut self, line: &[u8], mask: &Mask, on_line: &mut dyn FnMut(usize, &str)) {
        if line.starts_with(&self.token) && !(self.in_body && self.is_cut) {
            return self.take_mark(line);
        }
        if !self.in_body {
            let shown = String::from_utf8_lossy(&line[..line.len().min(200)]);
            self.noise = shown.trim().replace(char::is_control, " ");
            return;
        }
        if let Some((data, newline_waits)) = &mut self.data {
            if std::mem::replace(newline_waits, line.ends_with(b"\n")) {
                data.push(b'\n');
            }
            data.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
            return;
        }
        if self.empty_line_waits {
            self.keep(b"\n", mask, on_line);
        }
        // The end of a line that was handed on in pieces is no empty one.
        self.empty_line_waits = line == b"\n" && !self.is_cut;
        if !self.empty_line_waits {
            self.keep(line, mask, on_line);
        }
    }

    fn take_mark(&mut self, line: &[u8]) {
        let mark = String::from_utf8_lossy(&line[self.token.len()..]);
        let mut words = mark.split_whitespace();
        let (word, number) = (words.next(), words.next().and_then(|number| number.parse().ok()));
        match word {
            Some("group") => {
                self.group = number;
                self.in_body = true;
                // The mark stands on a line of its own, after a newline of its own.
                self.taken = 1 + line.len() as u64;
            }
            Some("part") => {
                self.end_last_line();
                self.part += 1;
                let mut text = self.take_text();
                if self.parts.iter().map(|(_, text)| text.len()).sum::<usize>() > MOST_WAITING {
                    text = text.lines().next_back().unwrap_or_default().chars().take(LONGEST_LINE / 4).collect();
                }
                if self.parts.len() < MOST_PARTS {
                    self.parts.push_back((number.unwrap_or(UNTOLD), text));
                }
            }
            Some("end") => {
                self.end_last_line();
                self.status = number;
            }
            Some("missing") => self.refusal = Some(Refusal::Missing),
            Some("unread") => self.refusal = Some(Refusal::Unread),
            Some("again") => {
                if let Some((begun, waits)) = self.held.take() {
                    (self.line, self.in_body) = (begun, true);
                    self.empty_line_waits = waits;
                    return;
                }
            }
            _ => {}
        }
        self.empty_line_waits = false;
    }

    /// Without a waiting empty line the mark's newline ended the last, unfinished line.
    fn end_last_line(&mut self) {
        if !self.empty_line_waits && self.body.ends_with(b"\n") {
            self.body.pop();
        }
    }

    fn keep(&mut self, line: &[u8], mask: &Mask, on_line: &mut dyn FnMut(usize, &str)) {
        self.body.extend_from_slice(line);
        if self.body.len() > 2 * KEPT {
            self.body.drain(..self.body.len() - KEPT);
        }
        self.is_cut = !line.ends_with(b"\n");
        let mut text = String::from_utf8_lossy(&mask.apply(line)).into_owned();
        if !self.is_cut {
            text.truncate(text.trim_end_matches(['\n', '\r']).len());
            text.push('\n');
        }
        on_line(self.part, &text);
    }

    /// The data that has come since this was last asked for.
    pub(super) fn take_data(&mut self) -> Vec<u8> {
        self.data.as_mut().map(|(data, _)| std::mem::take(data)).unwrap_or_default()
    }

    /// Says whether a part has ended that was not taken yet.
    pub(super) fn has_part(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The oldest part that has ended: its status and what it said.
    pub(super) fn take_part(&mut self) -> Option<(u32, String)> {
        self.parts.pop_front()
    }

    /// All that was kept of the stream since the last part ended, as text.
    pub(super) fn take_text(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.body)).into_owned()
    }

    /// The same with a last line that has not ended.
    pub(super) fn take_all(&mut self) -> String {
        let rest = std::mem::take(&mut self.line);
        self.take_text() + &String::from_utf8_lossy(&rest)
    }

    /// Says whether the host could not unpack the script, and has not begun it.
    pub(super) fn is_unread(&self) -> bool {
        self.refusal == Some(Refusal::Unread)
    }

    /// Says whether the host has said that there is nothing to hear of this script.
    pub(super) fn is_missing(&self) -> bool {
        self.refusal == Some(Refusal::Missing)
    }
}

/// How many bytes at the end are the beginning of a character that goes on.
fn open_character(line: &[u8]) -> usize {
    let last = &line[line.len().saturating_sub(3)..];
    let Some(at) = last.iter().rposition(|byte| byte & 0xC0 != 0x80) else { return 0 };
    let open = &last[at..];
    let whole = match open[0] {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => 1,
    };
    if open.len() < whole { open.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::secret::{Secret, Secrets};

    /// A line that is short enough is handed on with its end.
    fn whole(line: &str) -> String {
        line.strip_suffix('\n').expect("a whole line").to_owned()
    }

    fn decode(output: &[u8], cut: usize) -> (Vec<String>, String, Option<u32>) {
        let mut decoder = Decoder::after_mark("tok");
        let mut lines = Vec::new();
        for piece in output.chunks(cut) {
            decoder.take(piece, Mask::nothing(), &mut |_, line| lines.push(whole(line)));
        }
        let status = decoder.status();
        (lines, decoder.take_text(), status)
    }

    #[test]
    fn noise_before_and_after_is_dropped() {
        let (lines, text, status) = decode(b"welcome!\n\ntok group 7\none\ntwo\n\ntok end 3\nlate\n", 5);
        assert_eq!(
            (lines.as_slice(), text.as_str(), status),
            (&["one".to_owned(), "two".to_owned()][..], "one\ntwo\n", Some(3))
        );
    }

    #[test]
    fn a_last_line_without_an_end_stays_so() {
        let (lines, text, status) = decode(b"\ntok group 7\nhalf\ntok end 0\n", 99);
        assert_eq!((lines, text, status), (vec!["half".to_owned()], "half".to_owned(), Some(0)));
    }

    #[test]
    fn parts_that_the_other_stream_never_tells_of_take_little_memory() {
        let mut decoder = Decoder::after_mark("tok");
        let megabyte = [[b'x'; 1 << 10].as_slice(), b"\n"].concat().repeat(1 << 10);
        let part = [megabyte.as_slice(), b"\ntok part 0\n"].concat();
        decoder.take(b"\ntok group 7\n", Mask::nothing(), &mut |_, _| {});
        for _ in 0..50 {
            decoder.take(&part, Mask::nothing(), &mut |_, _| {});
        }
        let parts: Vec<_> = std::iter::from_fn(|| decoder.take_part()).collect();
        let bytes: usize = parts.iter().map(|(_, text)| text.len()).sum();
        assert!(parts.len() == 50 && bytes < MOST_WAITING + (4 << 20), "{} parts, {bytes} bytes", parts.len());
    }

    #[test]
    fn parts_have_their_own_lines_and_words() {
        let (mut decoder, mut lines) = (Decoder::after_mark("tok"), Vec::new());
        let said = b"\ntok group 7\none\n\ntok part 0\n\ntok part 90\nhalf\ntok part 3\nafter\n\ntok end 3\n";
        for piece in said.chunks(3) {
            decoder.take(piece, Mask::nothing(), &mut |part, line| lines.push((part, whole(line))));
        }
        assert_eq!(lines, [(0, "one".to_owned()), (2, "half".to_owned()), (3, "after".to_owned())]);
        let parts: Vec<_> = std::iter::from_fn(|| decoder.take_part()).collect();
        assert_eq!(parts, [(0, "one\n".to_owned()), (90, String::new()), (3, "half".to_owned())]);
        assert_eq!((decoder.take_text().as_str(), decoder.status()), ("after\n", Some(3)));
    }

    #[test]
    fn a_secret_is_taken_out_wherever_output_is_cut() {
        let secret = Secret::new("correct-horse".to_owned()).expect("a secret");
        let secrets = Secrets::new(BTreeMap::from([("KEY".to_owned(), secret)]));
        // The second one stands where the first piece of a long line ends.
        let long = "x".repeat(LONGEST_LINE - 5);
        let output = format!("\ntok group 1\na correct-horse b\n{long}correct-horse{long}\n\ntok end 0\n");
        for cut in [1, 7, 4096, LONGEST_LINE, output.len()] {
            let (mut decoder, mut heard) = (Decoder::after_mark("tok"), String::new());
            for piece in output.as_bytes().chunks(cut) {
                decoder.take(piece, secrets.mask(), &mut |_, line| heard += line.trim_end());
            }
            assert_eq!(heard, format!("a [KEY] b{long}[KEY]{long}"), "in pieces of {cut}");
        }
    }

    #[test]
    fn a_long_line_comes_in_pieces_that_make_it_up() {
        // A character stands where the first piece ends, and what looks like a mark begins the second.
        for (start, more) in [(LONGEST_LINE, "ö€🎉"), (LONGEST_LINE + 1, "tok end 3"), (LONGEST_LINE + 1, "")] {
            let line = "x".repeat(start) + more;
            let output = format!("\ntok group 1\n{line}\n\nnext\n\ntok end 0\n");
            for cut in [1, 4096, output.len()] {
                let (mut decoder, mut heard) = (Decoder::after_mark("tok"), Vec::new());
                for piece in output.as_bytes().chunks(cut) {
                    decoder.take(piece, Mask::nothing(), &mut |_, line| heard.push(line.to_owned()));
                }
                assert!(heard.concat() == format!("{line}\n\nnext\n"), "{more:?} in pieces of {cut}");
                assert_eq!(decoder.status(), Some(0));
                assert!(cut > 1 || heard.len() > 3, "{more:?} came whole");
            }
        }
    }

    #[test]
    fn data_comes_as_it_is_in_whatever_pieces() {
        let noise: Vec<u8> =
            (0..300_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2] % 23 + 3).collect();
        let cases: [&[u8]; 7] = [b"", b"\n", b"\n\n", b"a", b"\xff\r\n\0\n", b"a\nto ken\n\n", &noise];
        for data in cases {
            let said = [b"welcome\n\ntok group 7\n".as_slice(), data, b"\ntok end 3\nlate"].concat();
            for cut in [1, 7, 4096, said.len()] {
                let (mut decoder, mut heard) = (Decoder::of_data("tok"), Vec::new());
                for piece in said.chunks(cut) {
                    decoder.take(piece, Mask::nothing(), &mut |_, line| panic!("a line: {line}"));
                    heard.extend(decoder.take_data());
                }
                assert!(heard == data, "{} bytes in pieces of {cut}", data.len());
                assert_eq!((decoder.group(), decoder.status(), decoder.take_text().as_str()), (Some(7), Some(3), ""));
            }
        }
    }

    #[test]
    fn what_is_said_between_two_connections_is_not_the_script_s() {
        let (mut decoder, mut lines) = (Decoder::from_start("tok"), Vec::new());
        let mut take = |decoder: &mut Decoder, text: &[u8]| {
            decoder.take(text, Mask::nothing(), &mut |_, line| lines.push(whole(line)));
        };
        take(&mut decoder, b"one\ntw");
        decoder.await_again();
        take(&mut decoder, b"welcome\n\ntok again\n");
        assert_eq!(decoder.taken(), 6, "only the script's own bytes count");
        take(&mut decoder, b"o\n\ntok end 0\n");
        assert_eq!(decoder.status(), Some(0));
        assert_eq!(lines, ["one", "two"]);
    }

    /// All that a decoder tells of a stream.
    #[derive(Debug, PartialEq)]
    struct Told {
        lines: Vec<(usize, String)>,
        parts: Vec<(u32, String)>,
        text: String,
        group: Option<u32>,
        status: Option<u32>,
        taken: u64,
        noise: String,
        refused: (bool, bool),
    }

    fn told(bytes: &[u8], cut: usize) -> Told {
        let (mut decoder, mut lines) = (Decoder::after_mark("tok"), Vec::new());
        for piece in bytes.chunks(cut) {
            decoder.take(piece, Mask::nothing(), &mut |part, line| lines.push((part, whole(line))));
        }
        Told {
            lines,
            parts: std::iter::from_fn(|| decoder.take_part()).collect(),
            text: decoder.take_text(),
            group: decoder.group(),
            status: decoder.status(),
            taken: decoder.taken(),
            noise: decoder.noise().to_owned(),
            refused: (decoder.is_missing(), decoder.is_unread()),
        }
    }

    /// However a stream arrives in pieces, the same is heard; and nothing before the script or behind its end is.
    #[test]
    fn damaged_streams_are_heard_the_same_in_any_pieces() {
        let words = [
            "\ntok group 7\n",
            "\ntok part 0\n",
            "\ntok end 0\n",
            "\ntok again\n",
            "\ntok missing\n",
            "tok",
            "\n\n",
            "\r",
        ];
        let pieces = ["tok ", "group ", "end ", "part ", "1", "4294967296", "x", "again", "unread"];
        crate::tests::damaged("frames", &words, crate::tests::lines_of(&pieces), |bytes| {
            let whole = told(bytes, usize::MAX);
            for cut in [1, 2, 3, 7, 64] {
                assert_eq!(told(bytes, cut), whole, "in pieces of {cut}");
            }
            assert!(whole.taken <= bytes.len() as u64 + 1 && whole.parts.len() <= MOST_PARTS);
            assert!(whole.noise.len() <= 600 && !whole.noise.contains(char::is_control));
            // A byte that is no UTF-8 becomes a sign of three.
            assert!(whole.text.len() <= 3 * bytes.len());
            if !bytes.windows(3).any(|word| word == b"tok") {
                assert_eq!(whole.lines, []);
            }
            if whole.status.is_some() {
                let after = told(&[bytes, b"\n\ntok part 0\nmore\n\ntok end 9\n"].concat(), usize::MAX);
                assert_eq!(after, whole, "it had ended");
            }
        });
    }

    /// Whoever talks without an end, or tells of parts without an end, fills no memory.
    #[test]
    fn what_is_kept_of_a_stream_is_bounded() {
        let mut decoder = Decoder::after_mark("tok");
        let mut take = |bytes: &[u8]| {
            let mut longest = 0;
            decoder.take(bytes, Mask::nothing(), &mut |_, line| longest = longest.max(line.len()));
            assert!(longest <= 2 * LONGEST_LINE, "{longest}");
            assert!(decoder.body.len() <= 2 * KEPT + LONGEST_LINE && decoder.parts.len() <= MOST_PARTS);
        };
        take(b"\ntok group 7\n");
        let (long, short) = (vec![b'x'; 32 << 10], b"y\n".repeat(16 << 10));
        for _ in 0..400 {
            take(&long);
            take(&short);
        }
        take(&b"\ntok part 0\n".repeat(2000));
    }

    proptest! {
        #[test]
        fn any_output_comes_through(body in "[a\n]{0,20}", cut in 1_usize..7) {
            let output = format!("\ntok group 1\n{body}\ntok end 0\n");
            let (lines, text, status) = decode(output.as_bytes(), cut);
            prop_assert_eq!(status, Some(0));
            prop_assert_eq!(&text, &body);
            prop_assert_eq!(lines, body.lines().map(str::to_owned).collect::<Vec<_>>());
        }
    }
}
