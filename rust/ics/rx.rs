// SPDX-License-Identifier: GPL-2.0

//! Bytes received and not yet used.
//!
//! A connection's buffer: the socket fills it at one end, frames are taken off at
//! the other. It holds the longest frame of a control connection twice,
//! so that one call of the socket receives many short frames.

use core::ops::Range;

use kernel::prelude::*;

use crate::transport::{
    Stream,
    Streaming, //
};

/// Size of a buffer.
const BUFFER_BYTES: usize = 16 << 10;

/// Longest frame of a control connection.
pub(crate) const FRAME_BYTES_MAX: usize = 40 + 7192 + 16;

const _: () = assert!(2 * FRAME_BYTES_MAX < BUFFER_BYTES);

/// Received bytes.
pub(crate) struct RxBuffer {
    bytes: KVec<u8>,
    used: Range<usize>,
}

/// What came of receiving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    /// There is more to take off, and perhaps to receive.
    More,
    /// There was nothing.
    Nothing,
    /// The peer closed its direction, or the connection is broken.
    Ended,
}

impl RxBuffer {
    /// An empty buffer. May sleep.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            bytes: KVec::from_elem(0, BUFFER_BYTES, GFP_KERNEL)?,
            used: 0..0,
        })
    }

    /// Receives what is there and fits, at most `count` bytes.
    pub(crate) fn fill(&mut self, socket: &Stream, count: usize) -> Filled {
        self.make_room();
        let Some(room) = self.bytes.get_mut(self.used.end..) else {
            return Filled::Nothing;
        };
        let count = count.min(room.len());
        let Some(room) = room.get_mut(..count).filter(|room| !room.is_empty()) else {
            return Filled::Nothing;
        };
        match socket.receive(room) {
            Ok(0) => Filled::Ended,
            Ok(count) => {
                self.used.end += count;
                Filled::More
            }
            Err(EAGAIN) => Filled::Nothing,
            Err(_) => Filled::Ended,
        }
    }

    /// What was received and not taken off, from the oldest byte on.
    pub(crate) fn used(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.used.clone()).unwrap_or_default()
    }

    /// Takes `count` bytes off.
    pub(crate) fn take(&mut self, count: usize) {
        self.used.start = self.used.end.min(self.used.start + count);
        if self.used.is_empty() {
            self.used = 0..0;
        }
    }

    /// Moves what is used to the front, when there is little room behind it.
    fn make_room(&mut self) {
        if self.used.start > BUFFER_BYTES / 2 {
            let count = self.used.len();
            self.bytes.copy_within(self.used.clone(), 0);
            self.used = 0..count;
        }
    }
}
