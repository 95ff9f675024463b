// SPDX-License-Identifier: GPL-2.0

//! Receiving side of a bulk connection.
//!
//! In mode none the bytes of a piece go from the socket to their pages. In the
//! other modes a piece is received whole, opened, and copied.

use kernel::prelude::*;
use ssi_core::ics::{
    frame::{
        Header,
        Kind,
        HEADER_BYTES, //
    },
    payload::{
        ChunkHead,
        AT_BYTES,
        CHUNK_HEAD_BYTES, //
    },
    seal::Mode, //
};
use ssi_kapi::{
    page::PAGE_BYTES,
    trace, //
};

use crate::{
    bulk_link::{
        copy_in,
        PIECE_FRAME_BYTES_MAX, //
    },
    connection::{
        fault,
        Next, //
    },
    engine::Engine,
    life::traced,
    link::Seal,
    peer::Peer,
    transfer::{
        BulkFault,
        Target, //
    },
    transport::{
        Stream,
        Streaming, //
    },
};

/// Times it is received from in a row before others have their turn.
const ROUND: usize = 64;

/// Bytes before the data of a piece.
const PIECE_HEAD_BYTES: usize = HEADER_BYTES + CHUNK_HEAD_BYTES;

/// A piece in mode none, whose data come.
struct Incoming {
    header: Header,
    head: ChunkHead,
    length: u32,
    target: Target,
    received: usize,
}

/// The receiving side of an established bulk connection.
pub(crate) struct BulkRx {
    pub(crate) peer: &'static Peer,
    pub(crate) generation: u64,
    slot: u32,
    seal: Seal,
    buffer: KVVec<u8>,
    used: usize,
    piece: Option<Incoming>,
    /// A piece was taken in, or a note of one.
    pub(crate) was_useful: bool,
}

/// What came of receiving.
enum Got {
    /// What was to be received is there.
    All,
    /// It is not, and nothing more is there.
    Nothing,
    /// The connection is over.
    Ended,
}

impl BulkRx {
    /// May sleep.
    pub(crate) fn new(peer: &'static Peer, slot: u32, seal: Seal) -> Result<Self> {
        Ok(Self {
            peer,
            generation: 0,
            slot,
            seal,
            buffer: KVVec::from_elem(0, PIECE_FRAME_BYTES_MAX, GFP_KERNEL)?,
            used: 0,
            piece: None,
            was_useful: false,
        })
    }

    /// The same for the session with this generation.
    pub(crate) fn of(self, generation: u64) -> Self {
        Self { generation, ..self }
    }

    /// Sends what waited for room.
    pub(crate) fn flush(&self) {
        self.peer
            .with_life(self.generation, |life| life.flush_pages());
    }

    /// Whether it is the connection in use. Only the reactor replaces it by another,
    /// so what is true stays true until it is closed or the session ends.
    fn is_used(&self) -> bool {
        self.peer
            .with_life(self.generation, |life| {
                let link = life.transfers.link.as_ref();
                link.is_some_and(|link| link.slot == self.slot)
            })
            .unwrap_or(false)
    }

    /// Receives what is there and acts on it.
    pub(crate) fn receive(&mut self, engine: &'static Engine, socket: &Stream) -> Next {
        // What one that was replaced still holds comes again on the next, into the
        // same pages.
        if !self.is_used() {
            return Next::Close;
        }
        for _ in 0..ROUND {
            let result = match self.piece.take() {
                Some(piece) => self.receive_data(engine, socket, piece),
                None => self.receive_frame(engine, socket),
            };
            match result {
                Ok(Got::All) => (),
                Ok(Got::Nothing) => return Next::Wait,
                Ok(Got::Ended) => return Next::Close,
                Err(why) => {
                    fault(self.peer, &why);
                    return Next::Close;
                }
            }
        }
        Next::Again
    }

    /// Receives until `length` bytes are in the buffer.
    fn gather(&mut self, socket: &Stream, length: usize) -> Got {
        while self.used < length {
            let Some(room) = self.buffer.get_mut(self.used..length) else {
                return Got::Ended;
            };
            match socket.receive(room) {
                Ok(0) => return Got::Ended,
                Ok(count) => self.used += count,
                Err(EAGAIN) => return Got::Nothing,
                Err(_) => return Got::Ended,
            }
        }
        Got::All
    }

    fn receive_frame(
        &mut self,
        engine: &'static Engine,
        socket: &Stream,
    ) -> core::result::Result<Got, BulkFault> {
        match self.gather(socket, HEADER_BYTES) {
            Got::All => (),
            other => return Ok(other),
        }
        let head = self
            .buffer
            .first_chunk::<HEADER_BYTES>()
            .ok_or(BulkFault::Payload)?;
        let header = Header::parse(head).map_err(|_| BulkFault::Header)?;
        let is_streamed = header.kind == Kind::Chunk && self.seal.mode() == Mode::None;
        let payload = usize::try_from(header.length).map_err(|_| BulkFault::Payload)?;
        let length = match is_streamed {
            true => PIECE_HEAD_BYTES,
            false => HEADER_BYTES + payload + self.seal.mode().tag_bytes(),
        };
        match self.gather(socket, length) {
            Got::All => (),
            other => return Ok(other),
        }
        let frame = self.buffer.get_mut(..length).ok_or(BulkFault::Payload)?;
        if !self.seal.open(frame, HEADER_BYTES) {
            return Err(BulkFault::Forged);
        }
        self.used = 0;
        match header.kind {
            Kind::Chunk => self.on_chunk(engine, header)?,
            Kind::At => self.on_note(&header)?,
            Kind::AtEnd => {
                self.peer
                    .with_life(self.generation, |life| life.on_notes_end());
            }
            _ => return Err(BulkFault::Header),
        }
        Ok(Got::All)
    }

    fn on_note(&mut self, header: &Header) -> core::result::Result<(), BulkFault> {
        let payload = self.buffer.get(HEADER_BYTES..HEADER_BYTES + AT_BYTES);
        let payload = payload.ok_or(BulkFault::Payload)?;
        self.peer
            .with_life(self.generation, |life| life.on_note(header, payload))
            .ok_or(BulkFault::Over)??;
        self.was_useful = true;
        Ok(())
    }

    fn on_chunk(
        &mut self,
        engine: &'static Engine,
        header: Header,
    ) -> core::result::Result<(), BulkFault> {
        let head = self
            .buffer
            .get(HEADER_BYTES..PIECE_HEAD_BYTES)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(BulkFault::Payload)?;
        let (head, length) = ChunkHead::parse(head, header.length)?;
        let target = self
            .peer
            .with_life(self.generation, |life| {
                trace::frame_received(traced(life.instance, &header));
                life.on_piece(&header, head, length)
            })
            .ok_or(BulkFault::Over)??;
        let piece = Incoming {
            header,
            head,
            length,
            target,
            received: 0,
        };
        if self.seal.mode() == Mode::None {
            self.piece = Some(piece);
            return Ok(());
        }
        let bytes = usize::try_from(length).map_err(|_| BulkFault::Payload)?;
        let text = self.buffer.get(PIECE_HEAD_BYTES..PIECE_HEAD_BYTES + bytes);
        if let Target::Pages(pages, offset) = &piece.target {
            copy_in(pages, *offset, text.ok_or(BulkFault::Payload)?)
                .map_err(|_| BulkFault::Payload)?;
            self.complete(engine, &piece);
        }
        Ok(())
    }

    /// Receives data of a piece to where they belong.
    fn receive_data(
        &mut self,
        engine: &'static Engine,
        socket: &Stream,
        mut piece: Incoming,
    ) -> core::result::Result<Got, BulkFault> {
        let length = usize::try_from(piece.length).map_err(|_| BulkFault::Payload)?;
        while piece.received < length {
            let left = length - piece.received;
            let result = match &piece.target {
                Target::Pages(pages, offset) => {
                    let place = offset + piece.received;
                    let pages = pages.get(place / PAGE_BYTES..).ok_or(BulkFault::Payload)?;
                    socket.receive_pages(pages, place % PAGE_BYTES, left)
                }
                Target::Nowhere => {
                    let room = self.buffer.get_mut(..left).ok_or(BulkFault::Payload)?;
                    socket.receive(room)
                }
            };
            match result {
                Ok(0) => return Ok(Got::Ended),
                Ok(count) => piece.received += count,
                Err(EAGAIN) => {
                    self.piece = Some(piece);
                    return Ok(Got::Nothing);
                }
                Err(_) => return Ok(Got::Ended),
            }
        }
        if matches!(piece.target, Target::Pages(..)) {
            self.complete(engine, &piece);
        }
        Ok(Got::All)
    }

    /// All data of a piece are where they belong.
    fn complete(&mut self, engine: &'static Engine, piece: &Incoming) {
        self.was_useful = true;
        let todo = self
            .peer
            .with_life(self.generation, |life| {
                life.on_piece_done(self.peer, &piece.header, piece.head, piece.length)
            })
            .flatten();
        if let Some(todo) = todo {
            engine.run_todo(self.peer, self.generation, todo);
        }
    }
}
