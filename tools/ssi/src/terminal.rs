// SPDX-License-Identifier: GPL-2.0

//! A terminal in raw mode.

use std::io;

use rustix::{
    stdio::stdin,
    termios::{
        self,
        OptionalActions,
        Termios, //
    },
};

use crate::protocol::WindowSize;

/// Standard input in raw mode; as it was once this is dropped.
#[derive(Debug)]
pub(crate) struct RawInput {
    before: Termios,
}

impl RawInput {
    /// Makes standard input raw; `None` if it is no terminal.
    ///
    /// # Errors
    ///
    /// The terminal refused.
    pub(crate) fn new() -> io::Result<Option<Self>> {
        if !termios::isatty(stdin()) {
            return Ok(None);
        }
        let before = termios::tcgetattr(stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        Ok(Some(Self { before }))
    }
}

impl Drop for RawInput {
    fn drop(&mut self) {
        // A terminal that is gone needs no mode.
        let _ = termios::tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

/// The size of our window, if standard input is one.
pub(crate) fn window_size() -> Option<WindowSize> {
    let size = termios::tcgetwinsize(stdin()).ok()?;
    Some(WindowSize {
        rows: size.ws_row,
        cols: size.ws_col,
    })
}
