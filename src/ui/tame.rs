//! Takes the teeth out of text that hosts, files and people wrote.

use std::fmt::Write as _;

/// Returns `text` with nothing left in it that a terminal would obey.
///
/// Whole escape sequences go, so that colours of pip or npm leave no `[31m` behind; then every other control character
/// but the tab; then the marks that turn the direction of writing around ("trojan source", CVE-2021-42574). Of a line
/// that overwrites itself, as progress bars do, the last version stays.
pub fn tame(text: &str) -> String {
    let last = text.rsplit('\r').find(|part| !part.is_empty()).unwrap_or("");
    anstream::adapter::strip_str(last)
        .to_string()
        .chars()
        .filter(|&c| c == '\t' || !(c.is_control() || turns_writing_around(c)))
        .collect()
}

/// Returns a line of JSON in which everything that [`tame`] takes away stands escaped: it says the same to a program, and
/// nothing to a terminal. JSON by itself escapes only what ASCII has of this.
pub fn tame_json(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut text, c| {
        if (c.is_control() && c != '\n') || turns_writing_around(c) {
            // All of them stand in the first plane.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
        text
    })
}

fn turns_writing_around(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_go_and_words_stay() {
        for (text, tamed) in [
            ("\u{1b}[31mERROR\u{1b}[0m: no", "ERROR: no"),
            ("\u{1b}]0;title\u{7}hello", "hello"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("a\tb\u{8}\u{0}c\u{7f}", "a\tbc"),
            ("\u{9b}2Jx", "2Jx"),
            ("10 %\r50 %\r100 %\r", "100 %"),
            ("größe 東京 ✔", "größe 東京 ✔"),
            ("a\u{202e}b\u{2028}c", "abc"),
            ("two\nlines", "twolines"),
            ("\r", ""),
        ] {
            assert_eq!(tame(text), tamed, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_a_terminal_obeys_is_left(text in any::<String>()) {
            prop_assert!(!tame(&text).chars().any(|c| c != '\t' && c.is_control()));
        }

        #[test]
        fn json_says_the_same_and_moves_no_terminal(text in any::<String>(), odd in "[\u{61c}\u{7f}-\u{9f}\u{200e}\u{2028}-\u{202e}\u{2066}-\u{2069}]{0,5}") {
            let text = text + &odd;
            let json = tame_json(&serde_json::to_string(&text).expect("JSON"));
            prop_assert!(!json.chars().any(|c| c.is_control() || turns_writing_around(c)), "{:?}", json);
            prop_assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
        }
    }
}
