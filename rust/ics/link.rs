// SPDX-License-Identifier: GPL-2.0

//! Sending side of a control connection.
//!
//! Frames are laid out and sealed in a buffer, several at a time when there are
//! several, and handed to the socket without waiting. What the socket does not
//! take stays in the buffer until there is room again.

use core::ops::Range;

use kernel::prelude::*;
use ssi_core::ics::{
    frame::{
        Header,
        CONTROL_PAYLOAD_BYTES_MAX,
        HEADER_BYTES, //
    },
    seal::{
        Counter,
        Mode,
        TAG_BYTES, //
    },
};
use ssi_kapi::crypto::SealKey;

use crate::transport::{
    More,
    Shared,
    Streaming, //
};

/// Size of the buffer: the longest frame twice.
const BUFFER_BYTES: usize = 16 << 10;

const FRAME_BYTES_MAX: usize = HEADER_BYTES + 7192 + TAG_BYTES;

const _: () = assert!(CONTROL_PAYLOAD_BYTES_MAX == 7192 && BUFFER_BYTES > 2 * FRAME_BYTES_MAX);

/// One direction of a connection: how its frames are protected.
pub(crate) struct Seal {
    mode: Mode,
    key: SealKey,
    counter: Counter,
}

impl Seal {
    pub(crate) fn new(mode: Mode, key: [u8; 32]) -> Self {
        Self {
            mode,
            key: SealKey::new(key),
            counter: Counter::default(),
        }
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Seals a frame: header of `head` bytes, payload, and room for the tag.
    /// Whether the connection has numbers left.
    #[must_use]
    pub(crate) fn close(&mut self, frame: &mut [u8], head: usize) -> bool {
        let Some(number) = self.counter.next_nonce() else {
            return false;
        };
        let Some((plain, sealed)) = split(self.mode, frame, head) else {
            return false;
        };
        if self.mode != Mode::None {
            self.key.seal(number, plain, sealed);
        }
        true
    }

    /// Opens what [`close`](Self::close) made. Whether it is genuine.
    #[must_use]
    pub(crate) fn open(&mut self, frame: &mut [u8], head: usize) -> bool {
        let Some(number) = self.counter.next_nonce() else {
            return false;
        };
        match split(self.mode, frame, head) {
            None => false,
            Some(_) if self.mode == Mode::None => true,
            Some((plain, sealed)) => self.key.open(number, plain, sealed),
        }
    }
}

/// What stays readable, and what the tag stands behind.
fn split(mode: Mode, frame: &mut [u8], head: usize) -> Option<(&mut [u8], &mut [u8])> {
    let place = match mode {
        Mode::None => frame.len(),
        Mode::Mac => frame.len().checked_sub(TAG_BYTES)?,
        Mode::Aead => head,
    };
    frame.split_at_mut_checked(place)
}

/// What came of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Everything.
    All,
    /// The socket has no room.
    Blocked,
    /// The connection is broken.
    Broken,
}

/// The sending side of an established control connection.
pub(crate) struct Link {
    /// The socket; the reactor receives from it.
    pub(crate) socket: Shared,
    /// The reactor's name for the connection.
    pub(crate) slot: u32,
    seal: Seal,
    buffer: KVec<u8>,
    unsent: Range<usize>,
    is_broken: bool,
}

impl Link {
    /// May sleep.
    pub(crate) fn new(socket: Shared, slot: u32, seal: Seal) -> Result<Self> {
        Ok(Self {
            socket,
            slot,
            seal,
            buffer: KVec::from_elem(0, BUFFER_BYTES, GFP_KERNEL)?,
            unsent: 0..0,
            is_broken: false,
        })
    }

    pub(crate) fn mode(&self) -> Mode {
        self.seal.mode()
    }

    /// Whether one more frame fits in the buffer.
    pub(crate) fn has_room(&self) -> bool {
        !self.is_broken && self.unsent.end + FRAME_BYTES_MAX <= BUFFER_BYTES
    }

    /// Lays a frame out behind what is not sent yet. There must be room.
    pub(crate) fn put(&mut self, header: &Header, payload: &[u8]) {
        let (start, tag) = (self.unsent.end, self.seal.mode().tag_bytes());
        let end = start + HEADER_BYTES + payload.len() + tag;
        let Some(frame) = self.buffer.get_mut(start..end) else {
            self.is_broken = true;
            return;
        };
        let (head, body) = frame.split_at_mut(HEADER_BYTES);
        head.copy_from_slice(&header.encode());
        let (text, _) = body.split_at_mut(payload.len());
        text.copy_from_slice(payload);
        match self.seal.close(frame, HEADER_BYTES) {
            true => self.unsent.end = end,
            false => self.is_broken = true,
        }
    }

    /// Hands the socket what is in the buffer. Gives the bytes it took.
    pub(crate) fn push(&mut self) -> (usize, Sent) {
        let mut total = 0;
        while !self.is_broken && !self.unsent.is_empty() {
            let Some(unsent) = self.buffer.get(self.unsent.clone()) else {
                break;
            };
            match self.socket.send(unsent, More::Nothing) {
                Ok(count) => {
                    total += count;
                    self.unsent.start += count;
                }
                Err(EAGAIN) => return (total, Sent::Blocked),
                Err(_) => self.is_broken = true,
            }
        }
        self.unsent = 0..0;
        match self.is_broken {
            true => (total, Sent::Broken),
            false => (total, Sent::All),
        }
    }
}
