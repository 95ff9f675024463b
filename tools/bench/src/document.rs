// SPDX-License-Identifier: GPL-2.0

//! The document that keeps the table.
//!
//! People write the document; this program owns only the lines between two
//! comments in it.

use std::fs;
use std::path::Path;

use anyhow::{
    ensure,
    Context,
    Result, //
};

/// The line after which the results stand.
const BEGIN: &str = ".. The results begin here; ssi-bench writes them.";

/// The line before which the results end.
const END: &str = ".. The results end here.";

/// Puts `results` between the two marks of the document at `path`, which is
/// replaced in one step.
///
/// # Errors
///
/// The file cannot be read or written, or has not exactly the two marks.
pub(crate) fn update(path: &Path, results: &str) -> Result<()> {
    let shown = path.display();
    let old = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let new = replaced(&old, results)
        .with_context(|| format!("{shown} needs the lines `{BEGIN}` and `{END}` once, in order"))?;
    let fresh = path.with_extension("rst.new");
    fs::write(&fresh, new)
        .and_then(|()| fs::rename(&fresh, path))
        .with_context(|| format!("cannot write {shown}; make its directory writable"))
}

fn replaced(old: &str, results: &str) -> Result<String> {
    for mark in [BEGIN, END] {
        ensure!(
            old.lines().filter(|l| *l == mark).count() == 1,
            "a mark is missing"
        );
    }
    let (before, rest) = old.split_once(BEGIN).context("no begin")?;
    let (_, after) = rest.split_once(END).context("no end")?;
    Ok(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        results.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(results: &str) -> String {
        format!("Title\n\n{BEGIN}\n\n{results}\n\n{END}\n\nMore.\n")
    }

    #[test]
    fn only_the_lines_between_the_marks_change() {
        let new = replaced(&document("old\nolder"), "new\n").unwrap();
        assert_eq!(new, document("new"));
        assert_eq!(replaced(&new, "new\n").unwrap(), new);
    }

    #[test]
    fn a_document_without_its_marks_is_left_alone() {
        let both = format!("{END}\n{BEGIN}\n");
        let twice = document("x") + &document("y");
        for old in ["", BEGIN, END, both.as_str(), twice.as_str()] {
            assert!(replaced(old, "new").is_err(), "{old}");
        }
    }
}
