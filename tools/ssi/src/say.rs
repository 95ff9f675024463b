// SPDX-License-Identifier: GPL-2.0

//! Words nobody may hear.
//!
//! `eprintln!` ends the process when standard error cannot be written: when the
//! disk under the supervisor's log is full, or whoever read us has left. What is
//! said with `say!` is said if it can be.

use std::{
    fmt,
    io::{
        self,
        Write, //
    },
};

/// Says one line on standard error, if it can be said; takes what `format!` does.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::say::line(format_args!($($words)*))
    };
}

/// Writes `words` at once, so that lines of several processes do not mix.
pub(crate) fn line(words: fmt::Arguments<'_>) {
    let _ = io::stderr().write_all(format!("{words}\n").as_bytes());
}
