// SPDX-License-Identifier: GPL-2.0

//! Pages that are fetched.
//!
//! The other node asks for a range of the memory of a process that is to be there, and
//! gets some pages that are in it, and where to go on. Pages that are not there are not
//! sent, and neither are those that are zero.
//!
//! ```text
//!  question   +-----+-------+-----+----------+
//!             | pid | start | end |  wanted  |
//!             +-----+-------+-----+----------+
//!  answer     +------+----------------------+
//!             | next | address of each page |  the pages go with it
//!             +------+----------------------+
//! ```

use super::area::{
    is_page,
    range,
    PAGE_BYTES, //
};
use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Bytes of a question.
pub const FETCH_BYTES: usize = 21;

/// Most pages of one answer: those of a call.
pub const FOUND_MAX: usize = 256;

/// Most bytes of an answer, the pages apart.
pub const FOUND_BYTES_MAX: usize = ADDRESS_BYTES + ADDRESS_BYTES * FOUND_MAX;

/// Bytes of an address.
const ADDRESS_BYTES: usize = 8;

/// Which pages are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those the process has written to.
    Own,
    /// All, those that a file has, too.
    All,
    /// The own, but for those that were sent [ahead](super::batch) and are as they were.
    Rest,
}

impl Wanted {
    const ALL: [Self; 3] = [Self::Own, Self::All, Self::Rest];

    const fn code(self) -> u8 {
        match self {
            Self::Own => 0,
            Self::All => 1,
            Self::Rest => 2,
        }
    }
}

/// Question for pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Whose.
    pub pid: u32,
    /// From this address on.
    pub start: u64,
    /// Up to this one.
    pub end: u64,
    /// Which of them.
    pub wanted: Wanted,
}

impl Fetch {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.pid)
            .u64(self.start)
            .u64(self.end)
            .u8(self.wanted.code());
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let pid = message.u32()?;
        let (start, end) = range(&mut message)?;
        let code = message.u8()?;
        message.end()?;
        let mut all = Wanted::ALL.into_iter();
        let wanted = all.find(|wanted| wanted.code() == code).ok_or(Malformed)?;
        Ok(Self {
            pid,
            start,
            end,
            wanted,
        })
    }

    /// Takes its answer off a message, with which `pages` pages came.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for an answer to another question, and for one that does not get on.
    pub fn found<'a>(&self, bytes: &'a [u8], pages: usize) -> Result<Found<'a>, Malformed> {
        let mut message = Reader::new(bytes);
        let next = message.u64()?;
        let addresses = message.rest();
        let found = Found { next, addresses };
        let is_sound = next > self.start
            && next <= self.end
            && is_page(next)
            && addresses.len() == pages.saturating_mul(ADDRESS_BYTES)
            && found.rises_from(self.start);
        is_sound.then_some(found).ok_or(Malformed)
    }
}

/// Answer to a [`Fetch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// All that is before this address is in the answer.
    pub next: u64,
    addresses: &'a [u8],
}

impl Found<'_> {
    /// Where each of the pages is.
    pub fn addresses(&self) -> impl Iterator<Item = u64> + '_ {
        let words = self.addresses.chunks_exact(ADDRESS_BYTES);
        words.filter_map(|word| Some(u64::from_le_bytes(word.try_into().ok()?)))
    }

    /// Whether its addresses are of pages, and rise from `start` up to the next.
    fn rises_from(&self, start: u64) -> bool {
        let mut least = start;
        self.addresses().all(|address| {
            let is_next = address >= least && is_page(address);
            least = address.saturating_add(PAGE_BYTES);
            is_next && least <= self.next
        })
    }
}

/// Puts an answer into a message: that the pages at `addresses` are all that count before
/// `next`.
pub fn encode_found(next: u64, addresses: &[u64], out: &mut Writer<'_>) {
    out.u64(next);
    for &address in addresses {
        out.u64(address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FETCH: Fetch = Fetch {
        pid: 65_600,
        start: 2 * PAGE_BYTES,
        end: 9 * PAGE_BYTES,
        wanted: Wanted::All,
    };

    fn encoded(fetch: &Fetch) -> [u8; FETCH_BYTES] {
        let mut room = [0; FETCH_BYTES];
        fetch.encode(&mut Writer::new(&mut room));
        room
    }

    fn answer(next: u64, places: &[u64]) -> Vec<u8> {
        let mut room = [0; FOUND_BYTES_MAX];
        let mut out = Writer::new(&mut room);
        let address = |place: &u64| place.saturating_mul(PAGE_BYTES);
        let addresses: Vec<_> = places.iter().map(address).collect();
        encode_found(address(&next), &addresses, &mut out);
        let length = out.finish().unwrap();
        room[..length].to_vec()
    }

    #[test]
    fn a_question_arrives_as_it_was() {
        for wanted in Wanted::ALL {
            let fetch = Fetch { wanted, ..FETCH };
            assert_eq!(Fetch::decode(Reader::new(&encoded(&fetch))), Ok(fetch));
        }
    }

    #[test]
    fn other_bytes_are_no_question() {
        let bytes = encoded(&FETCH);
        for cut in 0..bytes.len() {
            assert_eq!(Fetch::decode(Reader::new(&bytes[..cut])), Err(Malformed));
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(Fetch::decode(Reader::new(&longer)), Err(Malformed));
        let mut unclear = bytes;
        unclear[FETCH_BYTES - 1] = 3;
        assert_eq!(Fetch::decode(Reader::new(&unclear)), Err(Malformed));
        let end = FETCH.start;
        let empty = encoded(&Fetch { end, ..FETCH });
        assert_eq!(Fetch::decode(Reader::new(&empty)), Err(Malformed));
    }

    #[test]
    fn an_answer_arrives_as_it_was() {
        let bytes = answer(7, &[2, 3, 6]);
        let found = FETCH.found(&bytes, 3).unwrap();
        assert_eq!(found.next, 7 * PAGE_BYTES);
        let places: Vec<_> = found.addresses().map(|at| at / PAGE_BYTES).collect();
        assert_eq!(places, [2, 3, 6]);
        assert!(FETCH.found(&answer(9, &[]), 0).is_ok());
    }

    #[test]
    fn the_largest_answer_has_room() {
        let places: Vec<_> = (0..FOUND_MAX as u64).collect();
        let fetch = Fetch { start: 0, ..FETCH };
        let end = FOUND_MAX as u64 * PAGE_BYTES;
        let bytes = answer(FOUND_MAX as u64, &places);
        assert!(Fetch { end, ..fetch }.found(&bytes, FOUND_MAX).is_ok());
    }

    #[test]
    fn an_answer_gets_on_and_stays_within() {
        for (next, places) in [
            (2, &[][..]),
            (10, &[]),
            (7, &[1]),
            (7, &[7]),
            (7, &[3, 3]),
            (7, &[4, 3]),
        ] {
            let bytes = answer(next, places);
            assert_eq!(FETCH.found(&bytes, places.len()), Err(Malformed));
        }
        let mut crooked = answer(7, &[3]);
        crooked[8] = 1;
        assert_eq!(FETCH.found(&crooked, 1), Err(Malformed));
    }

    #[test]
    fn each_page_has_its_address() {
        let bytes = answer(7, &[2, 3]);
        for pages in [0, 1, 3, usize::MAX] {
            assert_eq!(FETCH.found(&bytes, pages), Err(Malformed));
        }
        assert_eq!(FETCH.found(&bytes[..17], 2), Err(Malformed));
    }
}
