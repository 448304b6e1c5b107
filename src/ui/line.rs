//! One line of text on its way to a person: tamed, with colours on the side, of a known width.

use std::fmt::Write as _;

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::tame::tame;

/// The few styles there are. None carries meaning alone: without colours, the words still say everything.
pub mod style {
    use anstyle::{AnsiColor, Style};

    /// Names and headlines.
    pub const BOLD: Style = Style::new().bold();
    /// What one reads second.
    pub const DIM: Style = Style::new().dimmed();
    /// It is done.
    pub const GOOD: Style = AnsiColor::Green.on_default();
    /// It failed.
    pub const BAD: Style = AnsiColor::Red.on_default();
    /// Somebody should look at it.
    pub const CARE: Style = AnsiColor::Yellow.on_default();
    /// It is being done.
    pub const BUSY: Style = AnsiColor::Cyan.on_default();
}

/// A line made of styled pieces. No piece can move the cursor, break the line or change colours by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<(Style, String)>,
}

impl Line {
    /// Begins an empty line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds text.
    #[must_use]
    pub fn text(self, text: impl AsRef<str>) -> Self {
        self.styled(Style::new(), text)
    }

    /// Adds text in a style.
    #[must_use]
    pub fn styled(mut self, style: Style, text: impl AsRef<str>) -> Self {
        self.pieces.push((style, tame(text.as_ref())));
        self
    }

    /// Adds another line's pieces.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Adds blanks until the line is `width` columns wide.
    #[must_use]
    pub fn pad(self, width: usize) -> Self {
        let missing = width.saturating_sub(self.width());
        self.text(" ".repeat(missing))
    }

    /// Columns it takes on a terminal.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.width()).sum()
    }

    /// Shortens it to `width` columns, with an ellipsis where something was left out. Tabs become blanks.
    #[must_use]
    pub fn cut(mut self, width: usize) -> Self {
        for (_, text) in &mut self.pieces {
            *text = text.replace('\t', "    ");
        }
        if self.width() <= width {
            return self;
        }
        let mut left = width.saturating_sub(1);
        let mut pieces = Vec::new();
        for (style, text) in self.pieces {
            let (kept, whole) = beginning(&text, left);
            left -= kept.width();
            pieces.push((style, kept.to_owned()));
            if !whole {
                break;
            }
        }
        if width > 0 {
            pieces.push((style::DIM, "…".to_owned()));
        }
        Self { pieces }
    }

    /// Writes it out, without blanks at its end.
    pub fn render(&self, colour: bool) -> String {
        let last = self.pieces.iter().rposition(|(_, text)| !text.trim_end().is_empty());
        let mut out = String::new();
        for (index, (style, text)) in self.pieces.iter().enumerate().take(last.map_or(0, |last| last + 1)) {
            let text = if Some(index) == last { text.trim_end() } else { text };
            if colour && !text.is_empty() {
                let _ = write!(out, "{style}{text}{style:#}");
            } else {
                out += text;
            }
        }
        out
    }
}

impl<T: AsRef<str>> From<T> for Line {
    fn from(text: T) -> Self {
        Self::new().text(text)
    }
}

/// The longest beginning of `text` that fits into `width` columns, and whether that is all of it.
fn beginning(text: &str, width: usize) -> (&str, bool) {
    let mut used = 0;
    for (index, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width {
            return (&text[..index], false);
        }
    }
    (text, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn colours_are_on_the_side() {
        let line = Line::new().styled(style::GOOD, "✔").text(" done  ");
        assert_eq!(line.render(false), "✔ done");
        assert_eq!(line.render(true), "\u{1b}[32m✔\u{1b}[0m done");
        assert_eq!(line.width(), 8);
    }

    #[test]
    fn a_cut_counts_columns_not_bytes() {
        for (text, width, cut) in [
            ("hello", 5, "hello"),
            ("hello", 4, "hel…"),
            ("東京都", 6, "東京都"),
            ("東京都", 5, "東京…"),
            ("東京都", 4, "東…"),
            ("a\tb", 10, "a    b"),
            ("hello", 1, "…"),
            ("hello", 0, ""),
        ] {
            assert_eq!(Line::from(text).cut(width).render(false), cut, "{text:?} {width}");
        }
    }

    proptest! {
        #[test]
        fn a_cut_line_fits(a in any::<String>(), b in any::<String>(), width in 0_usize..40) {
            prop_assert!(Line::from(a).styled(style::BAD, b).cut(width).width() <= width);
        }
    }
}
