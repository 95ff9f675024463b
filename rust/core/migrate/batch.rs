// SPDX-License-Identifier: GPL-2.0

//! Pages that are sent ahead.
//!
//! Of a process that still runs where it is. The other node keeps them, and asks which of them
//! are still as they were when the process stands still.
//!
//! ```text
//!  +-----+----------------------+
//!  | pid | address of each page |  the pages go with it
//!  +-----+----------------------+
//! ```

use super::{
    area::{
        is_page,
        ADDRESS_END, //
    },
    fetch::FOUND_MAX, //
};
use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

const PID_BYTES: usize = 4;
const ADDRESS_BYTES: usize = 8;

/// Most bytes of it.
pub const BATCH_BYTES_MAX: usize = PID_BYTES + ADDRESS_BYTES * FOUND_MAX;

/// Some of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// Whose.
    pub pid: u32,
    addresses: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Takes it off a message, with which `pages` pages came.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(mut message: Reader<'a>, pages: usize) -> Result<Self, Malformed> {
        let pid = message.u32()?;
        let addresses = message.rest();
        let batch = Self { pid, addresses };
        let is_sound = addresses.len() == pages.saturating_mul(ADDRESS_BYTES)
            && batch
                .addresses()
                .all(|address| is_page(address) && address < ADDRESS_END);
        is_sound.then_some(batch).ok_or(Malformed)
    }

    /// Where each of the pages is.
    pub fn addresses(&self) -> impl Iterator<Item = u64> + 'a {
        let words = self.addresses.chunks_exact(ADDRESS_BYTES);
        words.filter_map(|word| Some(u64::from_le_bytes(word.try_into().ok()?)))
    }
}

/// Puts into a message that the pages at `addresses` of process `pid` go with it.
pub fn encode_batch(pid: u32, addresses: &[u64], out: &mut Writer<'_>) {
    out.u32(pid);
    for &address in addresses {
        out.u64(address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::area::PAGE_BYTES;

    fn encoded(addresses: &[u64]) -> Vec<u8> {
        let mut room = [0; BATCH_BYTES_MAX];
        let mut out = Writer::new(&mut room);
        encode_batch(65_600, addresses, &mut out);
        let length = out.finish().unwrap();
        room[..length].to_vec()
    }

    #[test]
    fn it_arrives_as_it_was() {
        let all: Vec<_> = (0..FOUND_MAX as u64)
            .rev()
            .map(|at| at * PAGE_BYTES)
            .collect();
        for addresses in [&all[..], &all[..1], &[]] {
            let bytes = encoded(addresses);
            let batch = Batch::decode(Reader::new(&bytes), addresses.len()).unwrap();
            assert_eq!(batch.pid, 65_600);
            assert_eq!(batch.addresses().collect::<Vec<_>>(), addresses);
        }
    }

    #[test]
    fn each_page_has_an_address_a_program_may_have() {
        for address in [1, ADDRESS_END, !(PAGE_BYTES - 1)] {
            let bytes = encoded(&[address]);
            assert_eq!(Batch::decode(Reader::new(&bytes), 1), Err(Malformed));
        }
        let bytes = encoded(&[PAGE_BYTES]);
        for pages in [0, 2, usize::MAX] {
            assert_eq!(Batch::decode(Reader::new(&bytes), pages), Err(Malformed));
        }
        for cut in 0..bytes.len() {
            assert_eq!(Batch::decode(Reader::new(&bytes[..cut]), 1), Err(Malformed));
        }
    }
}
