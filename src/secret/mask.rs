//! Takes secrets out of output.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::{SHORTEST, Secret};

/// Puts the name of a secret, in brackets, where its value was. Of a secret of several lines each line counts for itself,
/// because output is heard in lines.
#[derive(Clone, Default)]
pub struct Mask {
    /// What is looked for and what takes its place; the longest first.
    patterns: Vec<(Vec<u8>, String)>,
}

impl Mask {
    /// Takes nothing out.
    pub(super) const NOTHING: Self = Self { patterns: Vec::new() };

    /// One that takes nothing out.
    pub fn nothing() -> &'static Self {
        static NOTHING: Mask = Mask::NOTHING;
        &NOTHING
    }

    pub(super) fn new(secrets: &BTreeMap<String, Secret>) -> Self {
        let own = |(line, name): (&str, String)| (line.as_bytes().to_vec(), name);
        Self { patterns: lines(secrets.iter()).into_iter().map(own).collect() }
    }

    /// One that knows what either knows.
    pub(super) fn with(&self, other: &Self) -> Self {
        let mut patterns = [self.patterns.clone(), other.patterns.clone()].concat();
        patterns.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.len()));
        Self { patterns }
    }

    /// `text` without the secrets in it.
    pub fn apply<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let mut masked = Vec::new();
        let (mut rest, mut kept) = (0, 0);
        while rest < text.len() && !self.patterns.is_empty() {
            match self.patterns.iter().find(|(pattern, _)| text[rest..].starts_with(pattern)) {
                None => rest += 1,
                Some((pattern, name)) => {
                    masked.extend_from_slice(&text[kept..rest]);
                    masked.extend_from_slice(name.as_bytes());
                    rest += pattern.len();
                    kept = rest;
                }
            }
        }
        if kept == 0 {
            return Cow::Borrowed(text);
        }
        masked.extend_from_slice(&text[kept..]);
        Cow::Owned(masked)
    }

    /// How many bytes at the end of `text` may be the beginning of a secret: they are not to be shown before more is known.
    pub fn open_end(&self, text: &[u8]) -> usize {
        let mut at = 0;
        while at < text.len() && !self.patterns.is_empty() {
            let rest = &text[at..];
            if self.patterns.iter().any(|(pattern, _)| pattern.len() > rest.len() && pattern.starts_with(rest)) {
                return rest.len();
            }
            // As it is masked: what belongs to a whole secret is the beginning of no other.
            let whole = self.patterns.iter().find(|(pattern, _)| rest.starts_with(pattern));
            at += whole.map_or(1, |(pattern, _)| pattern.len());
        }
        0
    }
}

/// What is looked for and what takes its place; the longest first.
pub(super) fn lines<'s>(secrets: impl Iterator<Item = (&'s String, &'s Secret)>) -> Vec<(&'s str, String)> {
    let lines = secrets.flat_map(|(name, secret)| {
        let lines = secret.expose().lines().map(str::trim).filter(|line| line.len() >= SHORTEST);
        lines.map(move |line| (line, format!("[{name}]")))
    });
    let mut lines: Vec<_> = lines.collect();
    lines.sort_by_key(|(line, _)| std::cmp::Reverse(line.len()));
    lines
}

/// Only how much it looks for.
impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({})", self.patterns.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Secrets;
    use super::*;

    fn mask(values: &[(&str, &str)]) -> Mask {
        let secret =
            |(name, value): &(&str, &str)| ((*name).to_owned(), Secret::new((*value).to_owned()).expect("a secret"));
        Secrets::new(values.iter().map(secret).collect()).mask().clone()
    }

    #[test]
    fn a_value_gives_way_to_its_name_wherever_it_stands() {
        let mask = mask(&[
            ("SHORT", "hunter2"),
            ("LONG", "hunter2-and-more\n"),
            ("KEY", "-----BEGIN\n  abcdef\nxy\n-----END\n"),
        ]);
        let cases = [
            ("nothing to hide", "nothing to hide"),
            ("hunter2", "[SHORT]"),
            ("a=hunter2 b=hunter2;", "a=[SHORT] b=[SHORT];"),
            ("hunter2-and-more", "[LONG]"),
            ("hunter2-and-les", "[SHORT]-and-les"),
            ("line abcdef of it", "line [KEY] of it"),
            ("xy", "xy"),
        ];
        for (text, shown) in cases {
            assert_eq!(String::from_utf8_lossy(&mask.apply(text.as_bytes())), shown, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_cut_lets_a_secret_through(before in "[ab]{0,9}", after in "[ab]{0,9}", cut in 0_usize..30) {
            let mask = mask(&[("S", "abba"), ("T", "babbab")]);
            let text = format!("{before}babbab{after}").into_bytes();
            let cut = cut.min(text.len());
            // As the decoder does it: what may be the beginning of a secret waits for what comes.
            let held = mask.open_end(&text[..cut]);
            let (head, tail) = text.split_at(cut - held);
            let shown = [mask.apply(head), mask.apply(tail)].concat();
            prop_assert_eq!(shown, mask.apply(&text).into_owned());
        }
    }
}
