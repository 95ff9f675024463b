// SPDX-License-Identifier: GPL-2.0

//! Flow control of one byte stream.
//!
//! The sender holds [`Credit`] and spends it; the receiver counts in a
//! [`Window`] and grants back what was consumed. What is under way never exceeds
//! [`WINDOW_BYTES`], so a receiver can always take a frame off the connection and
//! a stream that nobody reads holds up none of the others.

use crate::frame::FrameError;

/// Bytes of one stream under way or buffered at the receiver, at most.
pub const WINDOW_BYTES: u32 = 256 * 1024;

/// Consumed bytes that are worth a frame: less and the sender still has most of
/// its window.
const GRANT_BYTES_MIN: u32 = WINDOW_BYTES / 4;

/// The sender's side: how much may still be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit(u32);

/// The receiver's side: what has arrived and was not granted back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Arrived, not consumed.
    held: u32,
    /// Consumed, not granted.
    owed: u32,
}

impl Credit {
    /// A whole window.
    pub fn new() -> Credit {
        Credit(WINDOW_BYTES)
    }

    /// How many of `wanted` bytes may be sent now.
    pub fn allows(&self, wanted: usize) -> usize {
        usize::try_from(self.0).map_or(wanted, |left| left.min(wanted))
    }

    /// Takes off bytes that were sent; never more than [`allows`](Self::allows) said.
    pub fn spend(&mut self, sent: usize) {
        let sent = u32::try_from(sent).unwrap_or(u32::MAX);
        self.0 = self.0.saturating_sub(sent);
    }

    /// Adds what the receiver granted.
    ///
    /// # Errors
    ///
    /// [`FrameError::Window`] if it grants more than was ever sent.
    pub fn grant(&mut self, bytes: u32) -> Result<(), FrameError> {
        match self.0.checked_add(bytes) {
            Some(sum) if sum <= WINDOW_BYTES => {
                self.0 = sum;
                Ok(())
            }
            _ => Err(FrameError::Window),
        }
    }
}

impl Default for Credit {
    fn default() -> Credit {
        Credit::new()
    }
}

impl Window {
    /// Counts bytes that arrived.
    ///
    /// # Errors
    ///
    /// [`FrameError::Window`] if the sender had no credit for them.
    pub fn arrived(&mut self, bytes: usize) -> Result<(), FrameError> {
        let bytes = u32::try_from(bytes).map_err(|_| FrameError::Window)?;
        let held = self.held.checked_add(bytes).ok_or(FrameError::Window)?;
        if held.saturating_add(self.owed) > WINDOW_BYTES {
            return Err(FrameError::Window);
        }
        self.held = held;
        Ok(())
    }

    /// Counts bytes that were consumed; says how many to grant now, if any.
    pub fn consumed(&mut self, bytes: usize) -> Option<u32> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.held);
        self.held -= bytes;
        self.owed += bytes;
        if self.owed < GRANT_BYTES_MIN {
            return None;
        }
        Some(std::mem::take(&mut self.owed))
    }
}
