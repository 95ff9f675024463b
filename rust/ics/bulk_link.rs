// SPDX-License-Identifier: GPL-2.0

//! Sending side of a bulk connection.
//!
//! In mode none a piece is its head and the pages themselves, handed to the
//! socket without being copied. In the other modes a piece is copied into a
//! buffer, where it is sealed.

use core::ops::Range;

use kernel::prelude::*;
use ssi_core::ics::{
    frame::{
        Header,
        CHUNK_BYTES_MAX,
        HEADER_BYTES, //
    },
    payload::{
        ChunkHead,
        CHUNK_HEAD_BYTES, //
    },
    seal::{
        Mode,
        TAG_BYTES, //
    },
};
use ssi_kapi::page::{
    SharedPage,
    PAGE_BYTES, //
};

use crate::{
    link::{
        Seal,
        Sent, //
    },
    pages::Pages,
    transport::{
        More,
        Shared,
        Streaming, //
    },
};

/// Bytes of the longest frame: a whole piece.
pub(crate) const PIECE_FRAME_BYTES_MAX: usize = HEADER_BYTES + CHUNK_HEAD_BYTES + 65536 + TAG_BYTES;

const _: () = assert!(CHUNK_BYTES_MAX == 65536);

/// Bytes of pages that follow what is in the buffer.
struct Rest {
    pages: Pages,
    offset: usize,
    bytes: usize,
}

/// The sending side of an established bulk connection.
pub(crate) struct BulkLink {
    /// The socket; the reactor receives from it.
    pub(crate) socket: Shared,
    /// The reactor's name for the connection.
    pub(crate) slot: u32,
    seal: Seal,
    buffer: KVVec<u8>,
    unsent: Range<usize>,
    rest: Option<Rest>,
    more: More,
    is_broken: bool,
}

impl BulkLink {
    /// May sleep.
    pub(crate) fn new(socket: Shared, slot: u32, seal: Seal) -> Result<Self> {
        let bytes = match seal.mode() {
            Mode::None => HEADER_BYTES + CHUNK_HEAD_BYTES,
            Mode::Mac | Mode::Aead => PIECE_FRAME_BYTES_MAX,
        };
        Ok(Self {
            socket,
            slot,
            seal,
            buffer: KVVec::from_elem(0, bytes, GFP_KERNEL)?,
            unsent: 0..0,
            rest: None,
            more: More::Nothing,
            is_broken: false,
        })
    }

    /// Says what follows what is laid out. While something does, the short end of a
    /// piece leaves in one segment with the next: the peer keeps every segment in a
    /// buffer for the longest, and has to drop some if many are short.
    pub(crate) fn follow(&mut self, more: More) {
        self.more = more;
    }

    /// Lays a short frame out. All before it must be sent.
    pub(crate) fn put(&mut self, mut header: Header, payload: &[u8]) {
        header.length = u32::try_from(payload.len()).unwrap_or(0);
        let length = self.lay_out(&header, payload, 0);
        self.close(length);
    }

    /// Lays a piece of `length` bytes out. All before it must be sent.
    pub(crate) fn put_chunk(
        &mut self,
        mut header: Header,
        head: ChunkHead,
        length: u32,
        pages: &Pages,
    ) {
        let bytes = usize::try_from(length).unwrap_or(0);
        let offset = usize::try_from(head.offset).unwrap_or(0);
        header.length = u32::try_from(CHUNK_HEAD_BYTES + bytes).unwrap_or(0);
        if self.seal.mode() == Mode::None {
            let length = self.lay_out(&header, &head.encode(), 0);
            self.close(length);
            self.rest = Some(Rest {
                pages: pages.clone(),
                offset,
                bytes,
            });
            return;
        }
        let length = self.lay_out(&header, &head.encode(), bytes);
        let start = HEADER_BYTES + CHUNK_HEAD_BYTES;
        let room = self.buffer.get_mut(start..start + bytes);
        match room.map(|room| copy_out(pages.as_slice(), offset, room)) {
            Some(Ok(())) => self.close(length),
            Some(Err(_)) | None => self.is_broken = true,
        }
    }

    /// Writes header and payload; gives the length with `more` bytes and the tag.
    fn lay_out(&mut self, header: &Header, payload: &[u8], more: usize) -> usize {
        let length = HEADER_BYTES + payload.len();
        if let Some(frame) = self.buffer.get_mut(..length) {
            let (head, body) = frame.split_at_mut(HEADER_BYTES);
            head.copy_from_slice(&header.encode());
            body.copy_from_slice(payload);
        }
        length + more + self.seal.mode().tag_bytes()
    }

    fn close(&mut self, length: usize) {
        let frame = self.buffer.get_mut(..length);
        match frame.map(|frame| self.seal.close(frame, HEADER_BYTES)) {
            Some(true) => self.unsent = 0..length,
            Some(false) | None => self.is_broken = true,
        }
    }

    /// Hands the socket what is laid out. Gives the bytes it took.
    pub(crate) fn push(&mut self) -> (usize, Sent) {
        let mut total = 0;
        while !self.is_broken {
            let sent = match (self.buffer.get(self.unsent.clone()), &self.rest) {
                (Some(unsent), rest) if !unsent.is_empty() => {
                    let more = match rest {
                        Some(_) => More::Follows,
                        None => self.more,
                    };
                    self.socket.send(unsent, more)
                }
                (_, Some(rest)) => {
                    let pages = rest.pages.as_slice().get(rest.offset / PAGE_BYTES..);
                    self.socket.send_pages(
                        pages.unwrap_or_default(),
                        rest.offset % PAGE_BYTES,
                        rest.bytes,
                        self.more,
                    )
                }
                (_, None) => return (total, Sent::All),
            };
            match sent {
                Ok(count) => {
                    total += count;
                    self.took(count);
                }
                Err(EAGAIN) => return (total, Sent::Blocked),
                Err(_) => self.is_broken = true,
            }
        }
        (total, Sent::Broken)
    }

    fn took(&mut self, count: usize) {
        if !self.unsent.is_empty() {
            self.unsent.start += count;
            return;
        }
        if let Some(rest) = &mut self.rest {
            rest.offset += count;
            rest.bytes = rest.bytes.saturating_sub(count);
        }
        self.rest.take_if(|rest| rest.bytes == 0);
    }
}

/// Copies from `pages`, from `offset` on, what fits in `room`.
fn copy_out(pages: &[SharedPage], offset: usize, room: &mut [u8]) -> Result {
    let mut place = offset;
    let mut rest = room;
    while !rest.is_empty() {
        let page = pages.get(place / PAGE_BYTES).ok_or(EINVAL)?;
        let count = rest.len().min(PAGE_BYTES - place % PAGE_BYTES);
        let (part, behind) = rest.split_at_mut(count);
        page.read(place % PAGE_BYTES, part)?;
        place += count;
        rest = behind;
    }
    Ok(())
}

/// Copies `text` to `pages`, from `offset` in the first on.
pub(crate) fn copy_in(pages: &[SharedPage], offset: usize, text: &[u8]) -> Result {
    let mut place = offset;
    let mut rest = text;
    while !rest.is_empty() {
        let page = pages.get(place / PAGE_BYTES).ok_or(EINVAL)?;
        let count = rest.len().min(PAGE_BYTES - place % PAGE_BYTES);
        let (part, behind) = rest.split_at(count);
        page.write(place % PAGE_BYTES, part)?;
        place += count;
        rest = behind;
    }
    Ok(())
}
