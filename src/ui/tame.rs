//! Takes the teeth out of text that hosts, files and people wrote.

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

fn turns_writing_around(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
    }
}
