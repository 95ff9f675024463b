// SPDX-License-Identifier: GPL-2.0

//! A terminal in raw mode.

use std::{
    io,
    thread, //
};

use rustix::{
    stdio::stdin,
    termios::{
        self,
        OptionalActions,
        Termios, //
    },
};

use signal_hook::{
    consts::{
        SIGHUP,
        SIGINT,
        SIGQUIT,
        SIGTERM, //
    },
    iterator::Signals,
    low_level::emulate_default_handler, //
};

use crate::protocol::WindowSize;

/// Standard input in raw mode; as it was once this is dropped, or this process is
/// ended by a signal that can be caught.
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
        restore_when_told_to_end(before.clone())?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        Ok(Some(Self { before }))
    }
}

impl Drop for RawInput {
    fn drop(&mut self) {
        restore(&self.before);
    }
}

/// In a thread of its own: the first one may wait for a terminal that is stopped.
fn restore_when_told_to_end(before: Termios) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            restore(&before);
            // Fails only for a number that is no signal.
            let _ = emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

fn restore(before: &Termios) {
    // A terminal that is gone needs no mode.
    let _ = termios::tcsetattr(stdin(), OptionalActions::Now, before);
}

/// The size of our window, if standard input is one.
pub(crate) fn window_size() -> Option<WindowSize> {
    let size = termios::tcgetwinsize(stdin()).ok()?;
    Some(WindowSize {
        rows: size.ws_row,
        cols: size.ws_col,
    })
}
