//! Small tables: aligned columns, no borders.

use super::{Line, style};

const GAP: usize = 3;

/// Rows under dim headers, each column as wide as its widest cell.
#[derive(Debug, Clone, Default)]
pub struct Table {
    headers: Vec<Line>,
    rows: Vec<Vec<Line>>,
}

impl Table {
    /// Begins a table; with no headers, none are shown.
    pub fn new<T: AsRef<str>>(headers: impl IntoIterator<Item = T>) -> Self {
        let headers = headers.into_iter().map(|text| Line::new().styled(style::DIM, text));
        Self { headers: headers.collect(), rows: Vec::new() }
    }

    /// Adds a row. It may have fewer cells than there are headers, or more.
    #[must_use]
    pub fn row<T: Into<Line>>(mut self, cells: impl IntoIterator<Item = T>) -> Self {
        self.rows.push(cells.into_iter().map(Into::into).collect());
        self
    }

    /// Returns its lines.
    pub fn lines(&self) -> Vec<Line> {
        let headers = (!self.headers.is_empty()).then_some(&self.headers);
        let rows: Vec<&Vec<Line>> = headers.into_iter().chain(&self.rows).collect();
        let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| rows.iter().filter_map(|row| row.get(column)).map(Line::width).max().unwrap_or(0))
            .collect();
        rows.into_iter().map(|row| align(row, &widths)).collect()
    }

    /// Writes it out, each line ended.
    pub fn render(&self, colour: bool) -> String {
        self.lines().iter().map(|line| line.render(colour) + "\n").collect()
    }
}

fn align(row: &[Line], widths: &[usize]) -> Line {
    let mut end = 0;
    row.iter().zip(widths).fold(Line::new(), |line, (cell, width)| {
        let line = line.pad(end).then(cell.clone());
        end += width + GAP;
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_one_another() {
        let table = Table::new(["release", "on", "by"])
            .row(["2026-11-20_14.30.05", "東京", "ann"])
            .row(["2026-11-19_09.12.00", "web1", "bob"])
            .row(["short"]);
        insta::assert_snapshot!(table.render(false), @r"
        release               on     by
        2026-11-20_14.30.05   東京   ann
        2026-11-19_09.12.00   web1   bob
        short
        ");
        assert!(table.render(true).starts_with("\u{1b}[2mrelease\u{1b}[0m"));
    }

    #[test]
    fn without_headers_only_rows_are_shown() {
        assert_eq!(Table::new([""; 0]).row(["a", "b"]).render(false), "a   b\n");
        assert_eq!(Table::new([""; 0]).render(false), "");
    }
}
