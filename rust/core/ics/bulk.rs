// SPDX-License-Identifier: GPL-2.0

//! Transfers on the bulk connection.
//!
//! The bytes that go with a request or a reply. Their number in the transfer
//! says where they belong; nothing of a bulk connection is kept for sending again
//! but the pages themselves. After a new connection the receiver tells of every
//! transfer how far it is ([`At`]) and then that this was all, and the sender goes
//! on from there.
//!
//! ```text
//!     sender                                      receiver
//!
//!     Flowing -- Wait --> Held                    Arriving -- last byte --> Complete
//!       ^  |               |                        (tells At::More after a new
//!       |  +-- broken --+  |                         connection, At::Done at the end)
//!       |               v  v
//!       +-- More,    Resuming
//!           AtEnd
//!     any -- Done, NoMemory --> Finished
//! ```

use super::{
    frame::CHUNK_BYTES_MAX,
    payload::{
        Arrival,
        At,
        ChunkHead, //
    },
    table::First,
};

/// Most bytes of transfers that may be arriving from one peer.
pub const ARRIVING_BYTES_MAX: u64 = 16 << 20;

/// A transfer on the sender's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    total: u32,
    state: Sending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    /// All before `sent` is on its way.
    Flowing { sent: u32 },
    /// The receiver said to wait.
    Held,
    /// The connection broke, and the receiver has not said how far it is.
    Resuming,
    /// The pages are not needed any more.
    Finished,
}

/// What the receiver's note means for the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// There may be more to send.
    GoOn,
    /// They are not needed any more.
    Finished,
}

/// Why a bulk connection must be reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The note or chunk lies beyond the end of the transfer.
    Beyond,
    /// The chunk says another length of the transfer.
    Total,
    /// Bytes are missing before the chunk.
    Gap,
}

impl Outgoing {
    /// A transfer of `total` bytes, not 0. It flows at once.
    pub const fn new(total: u32) -> Self {
        Self {
            total,
            state: Sending::Flowing { sent: 0 },
        }
    }

    /// The next piece to send, and its bytes; `None` when there is none now.
    pub fn next_chunk(&self) -> Option<(ChunkHead, u32)> {
        let Sending::Flowing { sent } = self.state else {
            return None;
        };
        let bytes = self.total.saturating_sub(sent).min(CHUNK_BYTES_MAX);
        let head = ChunkHead {
            offset: sent,
            total: self.total,
        };
        (bytes > 0).then_some((head, bytes))
    }

    /// Takes in that a piece of `bytes` is on its way.
    pub fn sent(&mut self, bytes: u32) {
        if let Sending::Flowing { sent } = &mut self.state {
            *sent = sent.saturating_add(bytes).min(self.total);
        }
    }

    /// Takes in a note of the receiver.
    ///
    /// # Errors
    ///
    /// [`Fault::Beyond`]: the note cannot be about this transfer.
    pub fn told(&mut self, note: At) -> Result<Told, Fault> {
        if note.offset > self.total {
            return Err(Fault::Beyond);
        }
        self.state = match (self.state, note.arrival) {
            (Sending::Finished, _) | (_, Arrival::Done | Arrival::NoMemory) => Sending::Finished,
            (Sending::Held | Sending::Resuming, Arrival::More) => {
                Sending::Flowing { sent: note.offset }
            }
            // It tells of what is on its way already.
            (Sending::Flowing { sent }, Arrival::More) => Sending::Flowing { sent },
            (Sending::Flowing { .. } | Sending::Held | Sending::Resuming, Arrival::Wait) => {
                Sending::Held
            }
        };
        Ok(match self.state {
            Sending::Finished => Told::Finished,
            Sending::Flowing { .. } | Sending::Held | Sending::Resuming => Told::GoOn,
        })
    }

    /// Takes in that the connection broke.
    pub fn broken(&mut self) {
        if self.state != Sending::Finished {
            self.state = Sending::Resuming;
        }
    }

    /// Takes in that the receiver has told of every transfer it knows: it does
    /// not know this one unless it told of it.
    pub fn all_told(&mut self) {
        if self.state == Sending::Resuming {
            self.state = Sending::Flowing { sent: 0 };
        }
    }
}

/// A transfer on the receiver's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    total: u32,
    received: u32,
    /// Pieces that were on their way before the sender was told to wait still
    /// come; they were dropped from the first on and so are they.
    is_skipping: bool,
}

/// What to do with a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Put it where it belongs; more comes.
    Store,
    /// Put it where it belongs; it is the last.
    Last,
    /// Drop it.
    Drop,
}

impl Incoming {
    /// A transfer of `total` bytes, not 0, of which nothing has come. `first` is
    /// [`First::No`] when a piece came before its request and was dropped.
    pub fn new(total: u32, first: First) -> Self {
        Self {
            total,
            received: 0,
            is_skipping: first == First::No,
        }
    }

    /// Takes in a piece of `bytes`, at least one.
    ///
    /// # Errors
    ///
    /// [`Fault`]: the piece is not one of this transfer.
    pub fn take(&mut self, head: ChunkHead, bytes: u32) -> Result<Piece, Fault> {
        if head.total != self.total {
            return Err(Fault::Total);
        }
        let end = head.offset.checked_add(bytes).ok_or(Fault::Beyond)?;
        if end > self.total {
            return Err(Fault::Beyond);
        }
        if head.offset != self.received {
            let is_old = end <= self.received;
            let is_skipped = self.is_skipping && head.offset > self.received;
            return (is_old || is_skipped)
                .then_some(Piece::Drop)
                .ok_or(Fault::Gap);
        }
        self.is_skipping = false;
        self.received = end;
        Ok(if self.is_complete() {
            Piece::Last
        } else {
            Piece::Store
        })
    }

    /// Whether every byte is there.
    pub const fn is_complete(&self) -> bool {
        self.received == self.total
    }

    /// Bytes of the whole.
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// What to tell the sender: after a new connection, after the last byte, and
    /// when the request came after a piece.
    pub const fn note(&self) -> At {
        At {
            offset: self.received,
            arrival: if self.is_complete() {
                Arrival::Done
            } else {
                Arrival::More
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTAL: u32 = CHUNK_BYTES_MAX + 100;

    fn at(offset: u32, arrival: Arrival) -> At {
        At { offset, arrival }
    }

    fn head(offset: u32) -> ChunkHead {
        ChunkHead {
            offset,
            total: TOTAL,
        }
    }

    #[test]
    fn a_transfer_goes_over_in_pieces() {
        let mut outgoing = Outgoing::new(TOTAL);
        let mut incoming = Incoming::new(TOTAL, First::Yes);
        let mut pieces = Vec::new();
        while let Some((head, bytes)) = outgoing.next_chunk() {
            outgoing.sent(bytes);
            pieces.push(incoming.take(head, bytes).unwrap());
        }
        assert_eq!(pieces, [Piece::Store, Piece::Last]);
        assert_eq!(incoming.note(), at(TOTAL, Arrival::Done));
        assert_eq!(outgoing.told(incoming.note()), Ok(Told::Finished));
        assert_eq!(outgoing.next_chunk(), None);
    }

    #[test]
    fn after_a_break_it_goes_on_where_it_was() {
        let mut outgoing = Outgoing::new(TOTAL);
        outgoing.sent(CHUNK_BYTES_MAX);
        outgoing.broken();
        assert_eq!(outgoing.next_chunk(), None);
        assert_eq!(outgoing.told(at(7, Arrival::More)), Ok(Told::GoOn));
        assert_eq!(outgoing.next_chunk(), Some((head(7), CHUNK_BYTES_MAX)));
        // What it was told of is not begun anew.
        outgoing.all_told();
        assert_eq!(outgoing.next_chunk(), Some((head(7), CHUNK_BYTES_MAX)));
    }

    #[test]
    fn what_the_receiver_does_not_know_begins_anew() {
        let mut outgoing = Outgoing::new(TOTAL);
        outgoing.sent(CHUNK_BYTES_MAX);
        outgoing.broken();
        outgoing.all_told();
        assert_eq!(outgoing.next_chunk(), Some((head(0), CHUNK_BYTES_MAX)));
    }

    #[test]
    fn an_early_transfer_waits_and_begins_anew() {
        let mut outgoing = Outgoing::new(TOTAL);
        outgoing.sent(CHUNK_BYTES_MAX);
        assert_eq!(outgoing.told(at(0, Arrival::Wait)), Ok(Told::GoOn));
        assert_eq!(outgoing.next_chunk(), None);
        let mut incoming = Incoming::new(TOTAL, First::No);
        let late = incoming.take(head(CHUNK_BYTES_MAX), 100);
        assert_eq!(late, Ok(Piece::Drop));
        assert_eq!(outgoing.told(incoming.note()), Ok(Told::GoOn));
        let (first, bytes) = outgoing.next_chunk().unwrap();
        assert_eq!(incoming.take(first, bytes), Ok(Piece::Store));
        // From now on nothing may be missing.
        assert_eq!(incoming.take(head(TOTAL - 1), 1), Err(Fault::Gap));
    }

    #[test]
    fn pieces_that_do_not_fit_are_faults() {
        let mut incoming = Incoming::new(TOTAL, First::Yes);
        assert_eq!(incoming.take(head(1), 1), Err(Fault::Gap));
        assert_eq!(incoming.take(head(0), TOTAL + 1), Err(Fault::Beyond));
        assert_eq!(incoming.take(head(u32::MAX), 1), Err(Fault::Beyond));
        let other = ChunkHead {
            offset: 0,
            total: 1,
        };
        assert_eq!(incoming.take(other, 1), Err(Fault::Total));
        assert_eq!(incoming.take(head(0), 9), Ok(Piece::Store));
        assert_eq!(incoming.take(head(0), 9), Ok(Piece::Drop));
        assert_eq!(incoming.take(head(0), 10), Err(Fault::Gap));
        let mut outgoing = Outgoing::new(TOTAL);
        let beyond = at(TOTAL + 1, Arrival::More);
        assert_eq!(outgoing.told(beyond), Err(Fault::Beyond));
    }

    #[test]
    fn a_refused_transfer_is_finished_for_good() {
        let mut outgoing = Outgoing::new(TOTAL);
        let refused = at(0, Arrival::NoMemory);
        assert_eq!(outgoing.told(refused), Ok(Told::Finished));
        outgoing.broken();
        outgoing.all_told();
        assert_eq!(outgoing.told(at(0, Arrival::More)), Ok(Told::Finished));
        assert_eq!(outgoing.next_chunk(), None);
    }
}
