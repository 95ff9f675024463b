// SPDX-License-Identifier: GPL-2.0

//! The table as text.
//!
//! It is a "simple table" of reStructuredText, so that what a terminal shows
//! and what the documentation holds are the same lines.

use crate::row::Row;

/// Heads of the columns.
const HEADS: [&str; COLUMNS] = ["what", "measured", "floor", "ratio", "goal", "met"];
const COLUMNS: usize = 6;

/// The table of `rows`, with a line end after each line.
pub(crate) fn render(rows: &[Row]) -> String {
    let body: Vec<[String; COLUMNS]> = rows.iter().map(cells).collect();
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let cells = body.iter().map(|row| width(&row[column]));
        cells.max().unwrap_or(0).max(width(HEADS[column]))
    });
    let rule = line(&widths.map(|width| "=".repeat(width)), &widths);
    let mut text = format!("{rule}{}{rule}", line(&HEADS.map(str::to_owned), &widths));
    for row in &body {
        text.push_str(&line(row, &widths));
    }
    text + &rule
}

fn cells(row: &Row) -> [String; COLUMNS] {
    let floor = row.floor.as_ref();
    [
        row.what.clone(),
        row.measured.to_string(),
        floor
            .map(|floor| format!("{}: {}", floor.what, floor.figure))
            .unwrap_or_default(),
        floor
            .map(|floor| floor.ratio.to_string())
            .unwrap_or_default(),
        row.goal_words().unwrap_or_default(),
        row.verdict()
            .map(|verdict| verdict.to_string())
            .unwrap_or_default(),
    ]
}

fn line(cells: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> String {
    let pad = |(cell, width): (&String, &usize)| format!("{cell:<width$}");
    let cells: Vec<String> = cells.iter().zip(widths).map(pad).collect();
    format!("{}\n", cells.join("  ").trim_end())
}

/// Characters, as `format!` counts them too.
fn width(cell: &str) -> usize {
    cell.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{
        Figure,
        Unit, //
    };
    use crate::ratio::Ratio;
    use crate::row::Goal;

    #[test]
    fn a_table_is_what_a_reader_of_rst_takes_for_one() {
        let figure = |value| Figure::of(&[value], Unit::Microseconds).unwrap();
        let ratio = Ratio::of_rounds(&[60.0], &[40.0]).unwrap();
        let rows = [
            Row::new("a", "round trip", figure(60.0))
                .over("direct", figure(40.0), ratio)
                .toward(Goal::RatioAtMost(2.0)),
            Row::new("b", "other", figure(1.0)),
        ];
        let expected = "\
==========  ========  ===============  =====  ==========  ===
what        measured  floor            ratio  goal        met
==========  ========  ===============  =====  ==========  ===
round trip  60.0 µs   direct: 40.0 µs  1.50   ratio <= 2  yes
other       1.00 µs
==========  ========  ===============  =====  ==========  ===
";
        assert_eq!(render(&rows), expected);
    }
}
