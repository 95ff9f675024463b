// SPDX-License-Identifier: GPL-2.0

//! Pages on their way.
//!
//! What [`Outgoing`] and [`Incoming`] decide, carried out under the lock of the
//! peer. The connection for them is made when the first pages are on their way.

use kernel::prelude::*;
use ssi_core::{
    ics::{
        bulk::{
            Fault,
            Incoming,
            Outgoing,
            Piece,
            Told,
            ARRIVING_BYTES_MAX, //
        },
        call::CALLS_MAX,
        frame::{
            Flags,
            Header,
            Kind, //
        },
        payload::{
            Arrival,
            At,
            ChunkHead, //
        },
        table::{
            CallId,
            First,
            Known, //
        }, //
    },
    wire::Malformed, //
};
use ssi_kapi::page::{
    SharedPage,
    PAGE_BYTES, //
};

use crate::{
    bulk_link::BulkLink,
    life::{
        Life,
        NoRoom, //
    },
    link::Sent,
    pages::Pages,
    peer::Peer,
    ring::Ring,
    server::Todo,
    transport::{
        More,
        Streaming, //
    },
};

/// Most notes that wait to be sent. A peer has at most [`CALLS_MAX`] requests and as
/// many replies on their way, and there are two notes for each that is in order.
const NOTES_MAX: usize = 16384;

const _: () = assert!(CALLS_MAX == 4096);

/// Why a bulk connection must be reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BulkFault {
    /// The header is none, or does not belong on such a connection.
    Header,
    /// The frame is not genuine.
    Forged,
    /// The payload is none.
    Payload,
    /// A piece or note does not fit what came before.
    Order(Fault),
    /// The session is over.
    Over,
}

impl From<Malformed> for BulkFault {
    fn from(_: Malformed) -> Self {
        Self::Payload
    }
}

impl From<Fault> for BulkFault {
    fn from(fault: Fault) -> Self {
        Self::Order(fault)
    }
}

/// Which message of a call pages go with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The request: from the client to the server.
    Request,
    /// The reply.
    Reply,
}

impl Direction {
    pub(crate) fn flags(self) -> Flags {
        match self {
            Self::Request => Flags::NONE,
            Self::Reply => Flags::OF_REPLY,
        }
    }

    pub(crate) fn of(header: &Header) -> Self {
        match header.flags.has(Flags::OF_REPLY) {
            true => Self::Reply,
            false => Self::Request,
        }
    }
}

/// Pages that arrive.
pub(crate) struct Arriving {
    direction: Direction,
    incoming: Incoming,
    pages: KVec<SharedPage>,
}

impl Arriving {
    /// The pages, all of which are there.
    pub(crate) fn into_pages(self) -> Result<Pages> {
        Pages::new(self.pages, bytes(self.incoming.total()))
    }

    /// Makes sure that there are pages up to `end`, and gives those from `start` on.
    fn pages(&mut self, start: usize, end: usize) -> Result<KVec<SharedPage>> {
        while self.pages.len() < end.div_ceil(PAGE_BYTES) {
            self.pages.push(SharedPage::alloc()?, GFP_KERNEL)?;
        }
        let part = self
            .pages
            .get(start / PAGE_BYTES..end.div_ceil(PAGE_BYTES))
            .unwrap_or_default();
        let mut copy = KVec::with_capacity(part.len(), GFP_KERNEL)?;
        for page in part {
            copy.push(page.clone(), GFP_KERNEL)?;
        }
        Ok(copy)
    }
}

/// Pages that are sent.
struct Leaving {
    call: CallId,
    direction: Direction,
    pages: Pages,
    outgoing: Outgoing,
}

/// A note to the sender of pages.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Note {
    call: CallId,
    direction: Direction,
    at: At,
}

/// Where a piece that comes is put.
pub(crate) enum Target {
    /// In these pages, from the offset in the first on.
    Pages(KVec<SharedPage>, usize),
    /// Nowhere.
    Nowhere,
}

/// Pages on their way between two lives.
pub(crate) struct Transfers {
    leaving: KVVec<Leaving>,
    notes: Ring<Note>,
    /// After the notes: that these were all.
    owes_end: bool,
    /// Of requests, at most `ARRIVING_BYTES_MAX`.
    request_bytes: u64,
    /// Of replies: the client asks for no more at once.
    reply_bytes: u64,
    pub(crate) link: Option<BulkLink>,
    /// There were pages on their way once: a connection for them is kept.
    pub(crate) is_wanted: bool,
}

impl Transfers {
    pub(crate) const fn new() -> Self {
        Self {
            leaving: KVVec::new(),
            notes: Ring::new(),
            owes_end: false,
            request_bytes: 0,
            reply_bytes: 0,
            link: None,
            is_wanted: false,
        }
    }

    /// Forgets pages that need not be sent any more.
    pub(crate) fn forget(&mut self, call: CallId, direction: Direction) {
        self.leaving
            .retain(|leaving| leaving.call != call || leaving.direction != direction);
    }

    /// Takes in that pages do not arrive any more, or all are there.
    pub(crate) fn arrived(&mut self, arriving: &Arriving) {
        let bytes = self.bytes_mut(arriving.direction);
        *bytes = bytes.saturating_sub(arriving.incoming.total().into());
    }

    /// Pages that arrive in one direction, in bytes.
    fn bytes_mut(&mut self, direction: Direction) -> &mut u64 {
        match direction {
            Direction::Request => &mut self.request_bytes,
            Direction::Reply => &mut self.reply_bytes,
        }
    }

    fn note(&mut self, call: CallId, direction: Direction, at: At) {
        let note = Note {
            call,
            direction,
            at,
        };
        let last = self.notes.len().checked_sub(1);
        if last.and_then(|last| self.notes.get(last)) == Some(&note) {
            return;
        }
        if self.notes.len() < NOTES_MAX && self.notes.reserve(1).is_ok() {
            self.notes.push(note);
        } else if let Some(link) = &self.link {
            // On the next connection all is told anew.
            link.socket.shut_down();
        }
    }

    /// Pages that are sent and pages that arrive, in bytes.
    pub(crate) fn pending(&self) -> (u64, u64) {
        let leaving = self
            .leaving
            .iter()
            .map(|leaving| u64::from(leaving.pages.bytes()))
            .sum();
        (leaving, self.request_bytes + self.reply_bytes)
    }

    /// Whether something can be laid out.
    fn more(&self) -> More {
        let has_piece = |leaving: &Leaving| leaving.outgoing.next_chunk().is_some();
        match self.notes.is_empty() && !self.leaving.iter().any(has_piece) {
            true => More::Nothing,
            false => More::Follows,
        }
    }

    /// Lays out what is next. Whether there was anything.
    fn fill(&mut self, link: &mut BulkLink) -> bool {
        if let Some(note) = self.notes.pop() {
            let mut header = Header::of(Kind::At);
            header.flags = note.direction.flags();
            header.call = Some(note.call);
            link.put(header, &note.at.encode());
            return true;
        }
        if core::mem::take(&mut self.owes_end) {
            link.put(Header::of(Kind::AtEnd), &[]);
            return true;
        }
        for leaving in &mut self.leaving {
            if let Some((head, length)) = leaving.outgoing.next_chunk() {
                let mut header = Header::of(Kind::Chunk);
                header.flags = leaving.direction.flags();
                header.call = Some(leaving.call);
                link.put_chunk(header, head, length, &leaving.pages);
                leaving.outgoing.sent(length);
                return true;
            }
        }
        false
    }
}

impl Life {
    /// Makes sure that `pages` can be sent.
    pub(crate) fn reserve_pages(&mut self, pages: &Pages) -> core::result::Result<(), NoRoom> {
        let count = usize::from(!pages.is_empty());
        Ok(self.transfers.leaving.reserve(count, GFP_KERNEL)?)
    }

    /// Sends `pages` along with a request or reply that was queued, behind it: a piece that
    /// comes first is dropped, and goes a second time. There must be room: see
    /// [`reserve_pages`](Self::reserve_pages).
    pub(crate) fn send_pages(&mut self, call: CallId, direction: Direction, pages: Pages) {
        if pages.is_empty() {
            return;
        }
        let leaving = Leaving {
            call,
            direction,
            outgoing: Outgoing::new(pages.bytes()),
            pages,
        };
        let transfers = &mut self.transfers;
        if transfers.leaving.push_within_capacity(leaving).is_ok() {
            transfers.is_wanted = true;
            self.flush();
            self.flush_pages();
        }
    }

    /// Expects pages along with a request or reply. For a reply there is always room:
    /// its request asked for the pages.
    pub(crate) fn expect_pages(
        &mut self,
        call: CallId,
        direction: Direction,
        total: u32,
        was_early: bool,
    ) -> core::result::Result<Arriving, NoRoom> {
        let transfers = &mut self.transfers;
        transfers.is_wanted = true;
        let bytes = *transfers.bytes_mut(direction) + u64::from(total);
        if direction == Direction::Request && bytes > ARRIVING_BYTES_MAX {
            let at = At {
                offset: 0,
                arrival: Arrival::NoMemory,
            };
            transfers.note(call, direction, at);
            self.flush_pages();
            return Err(NoRoom);
        }
        *transfers.bytes_mut(direction) = bytes;
        let first = match was_early {
            true => First::No,
            false => First::Yes,
        };
        let arriving = Arriving {
            direction,
            incoming: Incoming::new(total, first),
            pages: KVec::new(),
        };
        if was_early {
            transfers.note(call, direction, arriving.incoming.note());
            self.flush_pages();
        }
        Ok(arriving)
    }

    /// Takes a new bulk connection into use. Gives back the one it replaces.
    pub(crate) fn connect_pages(&mut self, link: BulkLink) -> Option<BulkLink> {
        let old = self.disconnect_pages();
        let transfers = &mut self.transfers;
        transfers.link = Some(link);
        transfers.is_wanted = true;
        transfers.owes_end = true;
        self.server.each_arriving(|call, arriving| {
            transfers.note(call, Direction::Request, arriving.incoming.note());
        });
        self.client.each_arriving(|call, arriving| {
            transfers.note(call, Direction::Reply, arriving.incoming.note());
        });
        self.flush_pages();
        old
    }

    /// Takes in that the bulk connection is gone.
    pub(crate) fn disconnect_pages(&mut self) -> Option<BulkLink> {
        let transfers = &mut self.transfers;
        let old = transfers.link.take();
        if old.is_some() {
            for leaving in &mut transfers.leaving {
                leaving.outgoing.broken();
            }
        }
        while transfers.notes.pop().is_some() {}
        old
    }

    /// Sends what can be sent now.
    pub(crate) fn flush_pages(&mut self) {
        let Some(mut link) = self.transfers.link.take() else {
            return;
        };
        loop {
            let (bytes, sent) = link.push();
            let bytes = u64::try_from(bytes).unwrap_or(0);
            self.counters.bulk_bytes_sent.add(bytes);
            if sent == Sent::Broken {
                link.socket.shut_down();
            }
            if sent != Sent::All || !self.transfers.fill(&mut link) {
                break;
            }
            link.follow(self.transfers.more());
        }
        self.transfers.link = Some(link);
    }

    /// Takes in the beginning of a piece: where to put it.
    ///
    /// # Errors
    ///
    /// [`BulkFault`]: the connection must be reset.
    pub(crate) fn on_piece(
        &mut self,
        header: &Header,
        head: ChunkHead,
        length: u32,
    ) -> core::result::Result<Target, BulkFault> {
        let call = header.call.ok_or(Malformed)?;
        let direction = Direction::of(header);
        let Some(arriving) = self.arriving(call, direction)? else {
            self.flush_pages();
            return Ok(Target::Nowhere);
        };
        // The piece counts when all of it is there.
        match arriving.incoming.clone().take(head, length) {
            Err(fault) => Err(fault.into()),
            Ok(Piece::Drop) => Ok(Target::Nowhere),
            Ok(Piece::Store | Piece::Last) => {
                let start = bytes(head.offset);
                match arriving.pages(start, start + bytes(length)) {
                    Ok(pages) => Ok(Target::Pages(pages, start % PAGE_BYTES)),
                    Err(_) => {
                        self.refuse_pages(call, direction);
                        Ok(Target::Nowhere)
                    }
                }
            }
        }
    }

    /// Ends a call for whose pages there is no memory.
    fn refuse_pages(&mut self, call: CallId, direction: Direction) {
        let at = At {
            offset: 0,
            arrival: Arrival::NoMemory,
        };
        self.transfers.note(call, direction, at);
        self.flush_pages();
        match direction {
            Direction::Request => self.on_no_request_pages(call),
            Direction::Reply => self.on_no_reply_pages(call),
        }
    }

    /// What a piece belongs to; if that is nothing, its sender is told.
    fn arriving(
        &mut self,
        call: CallId,
        direction: Direction,
    ) -> core::result::Result<Option<&mut Arriving>, BulkFault> {
        let known = match direction {
            Direction::Request => self.server.known(call)?,
            Direction::Reply if self.client.arriving(call).is_some() => Known::Open,
            Direction::Reply if self.client.note_early(call) => Known::NotYet,
            Direction::Reply => Known::Over,
        };
        let arrival = match known {
            Known::Open => None,
            Known::Over => Some(Arrival::Done),
            Known::NotYet => Some(Arrival::Wait),
        };
        if let Some(arrival) = arrival {
            let at = At { offset: 0, arrival };
            self.transfers.note(call, direction, at);
            return Ok(None);
        }
        Ok(match direction {
            Direction::Request => self.server.arriving(call),
            Direction::Reply => self.client.arriving(call),
        })
    }

    /// Takes in that a piece is there.
    pub(crate) fn on_piece_done(
        &mut self,
        peer: &'static Peer,
        header: &Header,
        head: ChunkHead,
        length: u32,
    ) -> Option<Todo> {
        self.counters.bulk_bytes_received.add(length.into());
        let (call, direction) = (header.call?, Direction::of(header));
        let arriving = match direction {
            Direction::Request => self.server.arriving(call),
            Direction::Reply => self.client.arriving(call),
        }?;
        if arriving.incoming.take(head, length) != Ok(Piece::Last) {
            return None;
        }
        let at = arriving.incoming.note();
        self.transfers.note(call, direction, at);
        self.flush_pages();
        match direction {
            Direction::Request => self.on_request_pages(peer, call),
            Direction::Reply => {
                self.on_reply_pages(call);
                None
            }
        }
    }

    /// Takes in a note of the receiver of pages.
    ///
    /// # Errors
    ///
    /// [`BulkFault`]: the connection must be reset.
    pub(crate) fn on_note(
        &mut self,
        header: &Header,
        payload: &[u8],
    ) -> core::result::Result<(), BulkFault> {
        let at = At::parse(payload)?;
        let (call, direction) = (header.call.ok_or(Malformed)?, Direction::of(header));
        let leaving = self
            .transfers
            .leaving
            .iter_mut()
            .find(|leaving| leaving.call == call && leaving.direction == direction);
        if let Some(leaving) = leaving {
            if leaving.outgoing.told(at)? == Told::Finished {
                self.transfers.forget(call, direction);
            }
        }
        self.flush_pages();
        Ok(())
    }

    /// Takes in that the receiver has told of all pages it knows.
    pub(crate) fn on_notes_end(&mut self) {
        for leaving in &mut self.transfers.leaving {
            leaving.outgoing.all_told();
        }
        self.flush_pages();
    }
}

/// A length that is bounded by far less than what fits.
fn bytes(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
