//! A terminal of our own, to look at the live view.

use unicode_width::UnicodeWidthChar;

/// As much of a terminal as the live view asks for: rows, a cursor, four sequences. Any other is a failure.
pub(super) struct Tty {
    width: usize,
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Tty {
    /// The rows after all of `text` was written.
    pub(super) fn show(text: &str, width: usize) -> Vec<String> {
        let mut tty = Self { width, rows: vec![Vec::new()], row: 0, column: 0 };
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '\u{1b}' => rest = tty.obey(rest),
                '\r' => tty.column = 0,
                '\n' => tty.feed(),
                c => tty.put(c),
            }
        }
        tty.rows
            .iter()
            .map(|row| row.iter().filter(|c| **c != '\0').collect::<String>().trim_end().to_owned())
            .collect()
    }

    fn obey<'a>(&mut self, rest: &'a str) -> &'a str {
        let body = rest.strip_prefix('[').expect("only CSI sequences");
        let end = body.find(|c: char| c.is_ascii_alphabetic()).expect("an ended sequence");
        match (&body[..end], &body[end..=end]) {
            (count, "A") => {
                self.row = self.row.checked_sub(count.parse().expect("a count")).expect("not above the text");
            }
            ("", "K") => self.rows[self.row].truncate(self.column),
            ("", "J") => {
                self.rows.truncate(self.row + 1);
                self.rows[self.row].truncate(self.column);
            }
            (_, "m") => {}
            other => panic!("unexpected sequence {other:?}"),
        }
        &body[end + 1..]
    }

    fn feed(&mut self) {
        (self.row, self.column) = (self.row + 1, 0);
        if self.row == self.rows.len() {
            self.rows.push(Vec::new());
        }
    }

    fn put(&mut self, c: char) {
        assert!(c == '\t' || !c.is_control(), "control character {c:?}");
        let width = c.width().unwrap_or(1);
        if self.column + width > self.width {
            self.feed();
        }
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + width), ' ');
        row[self.column] = c;
        (1..width).for_each(|more| row[self.column + more] = '\0');
        self.column += width;
    }
}
