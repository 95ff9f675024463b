// SPDX-License-Identifier: GPL-2.0

//! Files of the kernel.

use std::fs::{
    self,
    OpenOptions, //
};
use std::io::Write;

use anyhow::{
    Context,
    Result, //
};

use crate::question::Answer;

/// Writes `text` to `file` in a single write.
pub(super) fn put(file: &str, text: &str) -> Result<Answer> {
    let opened = OpenOptions::new().write(true).open(file);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write `{text}` to {file}"))?;
    Ok(Answer::Done)
}

/// Reads all of `file`.
pub(super) fn get(file: &str) -> Result<Answer> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    Ok(Answer::Text { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_got() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        assert_eq!(put(file, "words").unwrap(), Answer::Done);
        let text = "words".to_owned();
        assert_eq!(get(file).unwrap(), Answer::Text { text });
    }

    #[test]
    fn a_file_that_is_not_there_is_not_made() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        let file = file.to_str().unwrap();
        assert!(put(file, "words").is_err());
        assert!(get(file).is_err());
    }
}
