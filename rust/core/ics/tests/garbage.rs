// SPDX-License-Identifier: GPL-2.0

//! Parsers under garbage.
//!
//! Whole messages with a few bytes changed, cut off or added, and random ones.
//! No parser panics, and what one accepts is what it would write.

#![expect(clippy::arithmetic_side_effects, reason = "numbers of the test itself")]

use crate::ics::{
    frame::{
        Header,
        Kind,
        HEADER_BYTES, //
    },
    handshake::{
        Message,
        Reason,
        Received, //
    },
    hello::Hello,
    payload::{
        At,
        ChunkHead,
        ReplyHead,
        RequestHead,
        CHUNK_HEAD_BYTES, //
    },
};

const ROUNDS: usize = 20_000;

/// A source of chance; SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn spoil(&mut self, message: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let place = self.below(message.len());
            match (self.below(4), message.get_mut(place)) {
                (0, Some(byte)) => *byte = self.byte(),
                (1, Some(byte)) => *byte ^= 1 << self.below(8),
                (2, _) => message.truncate(place),
                _ => message.insert(place, self.byte()),
            }
        }
    }
}

/// Whether any parser takes it; each must give back what it read.
fn read(bytes: &[u8]) -> bool {
    let mut is_taken = false;
    if let Some((head, payload)) = bytes.split_first_chunk::<HEADER_BYTES>() {
        if let Ok(header) = Header::parse(head) {
            assert_eq!(header.encode(), *head);
            is_taken |= Received::parse(&header, payload).is_ok();
        }
    }
    if let Ok(hello) = Hello::parse(bytes) {
        assert_eq!(hello.encode(), bytes);
        is_taken = true;
    }
    if let Ok((head, rest)) = RequestHead::parse(bytes) {
        assert_eq!([&head.encode()[..], rest.bytes, rest.pages].concat(), bytes);
        is_taken = true;
    }
    if let Ok((head, rest)) = ReplyHead::parse(bytes) {
        assert_eq!([&head.encode()[..], rest.bytes, rest.pages].concat(), bytes);
        is_taken = true;
    }
    if let Ok(at) = At::parse(bytes) {
        assert_eq!(at.encode(), bytes);
        is_taken = true;
    }
    if let Some(head) = bytes.first_chunk::<CHUNK_HEAD_BYTES>() {
        for length in [bytes.len(), usize::from(u16::MAX)] {
            let length = u32::try_from(length).unwrap();
            if let Ok((chunk, data)) = ChunkHead::parse(head, length) {
                assert_eq!(chunk.encode(), *head);
                assert!(chunk.offset + data <= chunk.total);
                is_taken = true;
            }
        }
    }
    is_taken
}

#[test]
fn no_parser_panics_and_none_invents() {
    let known = crate::vectors::ics::messages();
    let mut chance = Chance(1);
    assert!(known.iter().all(|message| read(message)));
    let mut taken = 0;
    for _ in 0..ROUNDS {
        let mut message = known[chance.below(known.len())].to_vec();
        chance.spoil(&mut message);
        taken += usize::from(read(&message));
        let len = chance.below(200);
        let random: Vec<_> = (0..len).map(|_| chance.byte()).collect();
        read(&random);
    }
    // Most changes are noticed, and some cannot be.
    assert!((1..ROUNDS).contains(&taken), "{taken}");
}

#[test]
fn no_prefix_of_a_message_is_one() {
    let refuse = Message::refuse(Reason::Mode);
    for len in 0..refuse.as_bytes().len() {
        let whole = refuse.as_bytes().split_at(len).0;
        let head = whole.split_first_chunk::<HEADER_BYTES>();
        let is_taken = head.is_some_and(|(head, payload)| {
            let header = Header::parse(head).unwrap();
            header.kind == Kind::Refuse && Received::parse(&header, payload).is_ok()
        });
        assert!(!is_taken, "{len} bytes");
    }
}
