// SPDX-License-Identifier: GPL-2.0

//! Columns that line up.

use std::fmt;

/// Columns that line up; numbers to the right, words to the left.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings and no rows.
    pub(super) fn new(headings: &[&str]) -> Self {
        let headings = headings.iter().map(|heading| (*heading).to_owned());
        Self {
            rows: vec![headings.collect()],
        }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    /// A column of figures (or of their absence) is one of numbers.
    fn is_number(&self, column: usize) -> bool {
        let mut cells = self.rows[1..].iter().filter_map(|row| row.get(column));
        cells.all(|cell| cell == "-" || cell.starts_with(|c: char| c.is_ascii_digit()))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = self.width(column);
                line.push_str(&match self.is_number(column) {
                    true => format!("{cell:>width$}  "),
                    false => format!("{cell:<width$}  "),
                });
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_words_left() {
        let mut table = Table::new(&["N", "STATE", "CPU"]);
        table.row(vec!["1".into(), "ready".into(), "0.25 s".into()]);
        table.row(vec!["12".into(), "down".into(), "-".into()]);
        let text = " N  STATE     CPU\n 1  ready  0.25 s\n12  down        -\n";
        assert_eq!(table.to_string(), text);
    }
}
