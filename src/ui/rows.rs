//! Paragraphs under labels, as the ending of a run is laid out.

use super::Line;
use super::live::wrap;
use anstyle::Style;

/// Labels longer than this stand on lines of their own.
const LONGEST_LABEL: usize = 20;
const GAP: usize = 3;

/// A label (`web2`, `live`) and what is said under it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) style: Style,
    pub(super) lines: Vec<Line>,
}

impl Row {
    pub(super) fn new(style: Style, label: impl Into<String>, lines: Vec<Line>) -> Self {
        let label = label.into();
        Self { label, style, lines }
    }

    fn fits(&self) -> bool {
        Line::from(&self.label).width() <= LONGEST_LABEL
    }
}

/// The column at which text begins, so that all rows of an ending agree on it.
pub(super) fn indent<'a>(labels: impl Iterator<Item = &'a str>) -> usize {
    let widths = labels.map(|label| Line::from(label).width());
    // "live" and "next" stand in every failing ending.
    2 + widths.filter(|width| *width <= LONGEST_LABEL).max().unwrap_or(0).max(4) + GAP
}

/// Lays rows out with their text beginning at column `indent`.
pub(super) fn lay_out(rows: &[Row], indent: usize, width: usize) -> Vec<Line> {
    rows.iter().flat_map(|row| one(row, indent, width)).collect()
}

fn one(row: &Row, indent: usize, width: usize) -> Vec<Line> {
    let labelled = |label: &str| Line::from("  ").styled(row.style, label);
    let mut lines = Vec::new();
    let mut start = if row.fits() {
        labelled(&row.label)
    } else {
        let labels = wrap(&row.label, width.saturating_sub(2));
        lines.extend(labels.iter().map(|label| labelled(&label.render(false))));
        Line::new()
    };
    if row.lines.is_empty() && row.fits() {
        return vec![start];
    }
    for line in &row.lines {
        lines.push(std::mem::take(&mut start).pad(indent).then(line.clone()));
    }
    lines
}
