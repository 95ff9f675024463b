// SPDX-License-Identifier: GPL-2.0

//! Text in a fixed room.

use core::fmt::{
    self,
    Write, //
};

/// Text that is written piece by piece; what does not fit is an error.
pub(crate) struct Text<const ROOM: usize> {
    bytes: [u8; ROOM],
    len: usize,
}

impl<const ROOM: usize> Text<ROOM> {
    /// No text.
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; ROOM],
            len: 0,
        }
    }

    /// `value` as text; empty when it does not fit.
    pub(crate) fn of(value: impl fmt::Display) -> Self {
        let mut text = Self::new();
        match write!(text, "{value}") {
            Ok(()) => text,
            Err(fmt::Error) => Self::new(),
        }
    }

    /// What was written.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl<const ROOM: usize> Write for Text<ROOM> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let end = self.len.checked_add(piece.len()).ok_or(fmt::Error)?;
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(piece.as_bytes());
        self.len = end;
        Ok(())
    }
}
