//! Scripts as they travel: how one is told from relm's other orders, what it is called, and how it is tampered with.
//!
//! This is all the tests of faults know about the frame around scripts, which is `transport`'s own affair.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use relm::script::quote;

/// A script on its way to a machine.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) text: String,
    pub(super) token: String,
    /// The steps it is of, or what relm does with it besides steps.
    pub(super) names: Vec<String>,
}

/// Every script says first which process group it runs in; nothing else that is sent does.
const ANNOUNCES: &str = "relm_group=$$;";

/// Behind this and one opening bracket stands the script itself.
const BEGINS: &str = "\"$1\"; }\n";

/// Behind this stands the work of a step in a script that is fenced by the lock.
const WORK: &str = "\nrelm_begins\n(\n";

/// What only fenced scripts say.
const IS_FENCED: &str = "this run has lost the lock";

/// What only the undoing of a step says: bare, or within a quoted word.
const UNDOES: [&str; 2] = ["relm_undoes='yes'", r"relm_undoes='\''yes'\''"];

/// Scripts outside the fence, by words of theirs.
const OTHERS: &[(&str, &str)] = &[
    ("keep \"$locks/$number\"", "lock"),
    ("rm -rf -- \"$relm_lock/out\"", "unlock"),
    ("! { { read -r now <\"$relm_lock/token\"", "lost"),
    ("releases/.[!.]*", "survey"),
    ("readlink current) && cd --", "look"),
];

/// Behind this in a script that came in pieces stands the script itself.
const TOLD_AHEAD: &str = "\nrelm-likely-texts\nfi\n";

/// What is sent over a line.
pub(super) enum Sent {
    Script(Letter),
    /// A piece of one: more has to come.
    Piece,
    Other,
}

/// A script that comes in pieces, as far as it has come.
#[derive(Default)]
pub(super) struct Pieces(Vec<u8>);

impl Pieces {
    /// Takes what is sent.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Sent {
        let Some((packed, is_last)) = piece(bytes) else {
            let text = unpacked(bytes).filter(|text| text.contains(ANNOUNCES));
            return text.map_or(Sent::Other, |text| Sent::Script(Letter::of(text)));
        };
        self.0.extend_from_slice(packed);
        if !is_last {
            return Sent::Piece;
        }
        let text = gunzip(&std::mem::take(&mut self.0)).expect("a script is packed");
        let script = text.split_once(TOLD_AHEAD).map_or(text.as_str(), |(_, script)| script);
        Sent::Script(Letter::of(script.to_owned()))
    }
}

/// A piece of a packed script, and whether it is the last.
fn piece(bytes: &[u8]) -> Option<(&[u8], bool)> {
    let newline = bytes.iter().position(|byte| *byte == b'\n')?;
    let length: usize = std::str::from_utf8(&bytes[..newline]).ok()?.parse().ok()?;
    let rest = &bytes[newline + 1..];
    match rest.get(length..)? {
        b"" => Some((&rest[..length], false)),
        b"0\n" => Some((&rest[..length], true)),
        _ => None,
    }
}

impl Letter {
    fn of(text: String) -> Self {
        let token = text.split("relm-").nth(1).expect("a script has a token");
        let token: String = token.chars().take_while(char::is_ascii_hexdigit).collect();
        Self { token: format!("relm-{token}"), names: names(&text), text }
    }

    /// The script with a command before all others of one of its steps.
    pub(super) fn beginning_with(mut self, step: usize, command: &str) -> Self {
        let at = if self.text.contains(IS_FENCED) { self.work(step) } else { self.body() };
        let (start, script) = self.text.split_at(at);
        self.text = format!("{start}{command}\n{script}");
        self
    }

    /// What goes over the line. A script that reads a stream travels packed, in one piece.
    pub(super) fn bytes(self) -> Bytes {
        if self.text.starts_with("relm_run ") || self.text.starts_with("relm_keep ") {
            return Bytes::from(self.text);
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(self.text.as_bytes()).expect("memory");
        let packed = encoder.finish().expect("memory");
        Bytes::from([format!("{}\n", packed.len()).as_bytes(), &packed, b"0\n"].concat())
    }

    fn body(&self) -> usize {
        let at = self.text.find(BEGINS).expect("a script begins behind its announcement") + BEGINS.len() + "{\n".len();
        let start = &self.text[..at];
        assert!(start.ends_with("{\n") || start.ends_with("(\n"), "the frame of scripts is another: {start}");
        at
    }

    fn work(&self, step: usize) -> usize {
        self.text.match_indices(WORK).nth(step).expect("a fenced script has its work").0 + WORK.len()
    }
}

/// The text of an order to run a script, with the script plain.
fn unpacked(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let Some((before, packed)) = text.split_once("\"$(relm_unpack '") else { return Some(text.to_owned()) };
    let (packed, behind) = packed.split_once("')\"").expect("a packed word has an end");
    let script = gunzip(&data_encoding::BASE64.decode(packed.as_bytes()).expect("base64"))?;
    Some(format!("{before}{}{behind}", quote(&script)))
}

fn gunzip(packed: &[u8]) -> Option<String> {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Says whether a mark has been said so often.
pub(super) fn holds(said: &[u8], mark: &str, often: usize) -> bool {
    said.windows(mark.len()).filter(|window| *window == mark.as_bytes()).count() >= often
}

fn names(text: &str) -> Vec<String> {
    if !text.contains(IS_FENCED) {
        let known = OTHERS.iter().find(|(words, _)| text.contains(words));
        let known = known.unwrap_or_else(|| panic!("a script that the tests of faults do not know:\n{text}"));
        return vec![known.1.to_owned()];
    }
    text.match_indices(WORK).map(|(at, _)| name(&text[..at])).collect()
}

/// The name of the step before whose work `text` ends.
fn name(text: &str) -> String {
    let (_, settings) = text.rsplit_once("relm_step=").expect("a fenced script says its step");
    let step = settings.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let step: String = step.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    if UNDOES.iter().any(|words| text.contains(words)) { format!("undo {step}") } else { step }
}
