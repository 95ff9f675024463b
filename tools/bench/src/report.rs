// SPDX-License-Identifier: GPL-2.0

//! The results of a run.

use serde::Serialize;

use crate::host::Host;
use crate::row::{
    Row,
    Verdict, //
};
use crate::table;

/// All rows of a run, and on what machine they came out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// The machine.
    pub(crate) host: Host,
    /// The rows, in the order of the groups.
    pub(crate) rows: Vec<RowReport>,
}

/// A row and its verdict.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RowReport {
    #[serde(flatten)]
    row: Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
}

impl Report {
    /// A report of `rows` on `host`.
    pub(crate) fn new(host: Host, rows: Vec<Row>) -> Self {
        let report = |row: Row| RowReport {
            verdict: row.verdict(),
            row,
        };
        Self {
            host,
            rows: rows.into_iter().map(report).collect(),
        }
    }

    /// The results as reStructuredText, which is also how they are printed.
    pub(crate) fn text(&self) -> String {
        let rows: Vec<Row> = self.rows.iter().map(|report| report.row.clone()).collect();
        format!("{}.\n\n{}", self.host, table::render(&rows))
    }

    /// One line that counts the goals.
    pub(crate) fn summary(&self) -> String {
        let count = |verdict| {
            let rows = self.rows.iter();
            rows.filter(|row| row.verdict == Some(verdict)).count()
        };
        let (met, missed) = (count(Verdict::Met), count(Verdict::Missed));
        format!("goals: {met} met, {missed} missed")
    }
}
