// SPDX-License-Identifier: GPL-2.0

//! Heartbeat datagram.
//!
//! A UDP datagram of one life to another, sealed with the first 16 bytes of an
//! HMAC-SHA256 under a key made from the cluster's. Its counter only rises, so
//! an old one that comes again tells nobody that its sender is alive.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 4 | magic, `SSB` and `0xf5` |
//! | 4 | 1 | version of the protocol |
//! | 5 | 1 | zero |
//! | 6 | 2 | sender |
//! | 8 | 2 | receiver |
//! | 10 | 6 | zero |
//! | 16 | 8 | incarnation of the sender |
//! | 24 | 8 | incarnation of the receiver |
//! | 32 | 8 | counter |
//! | 40 | n | body |
//! | 40 + n | 16 | tag of all before it |

use crate::{
    ids::{Incarnation, Instance, NodeId},
    wire::{
        Malformed,
        Reader,
        Writer, //
    },
};

use super::{
    frame::VERSION,
    handshake::Hmac,
    seal::{
        is_equal,
        Key,
        TAG_BYTES, //
    },
};

/// First bytes of every heartbeat.
pub const BEAT_MAGIC: [u8; 4] = *b"SSB\xf5";
/// Bytes before the body.
pub const BEAT_HEAD_BYTES: usize = 40;
/// Longest body: the datagram fits an Ethernet frame of the usual size.
pub const BEAT_BODY_BYTES_MAX: usize = 1400 - BEAT_HEAD_BYTES - TAG_BYTES;
/// Longest datagram.
pub const BEAT_BYTES_MAX: usize = BEAT_HEAD_BYTES + BEAT_BODY_BYTES_MAX + TAG_BYTES;

/// What stands before the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeatHead {
    /// Who sent it.
    pub from: Instance,
    /// Whom to.
    pub to: Instance,
    /// Larger than that of every heartbeat of the sender before.
    pub counter: u64,
}

/// Why a datagram is no heartbeat for this node. All are dropped and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeatError {
    /// It is not laid out like one.
    Malformed,
    /// It was not sealed with the cluster's key.
    Tag,
    /// It is for somebody else.
    Misdirected,
    /// It came before, or is older than one that came.
    Replayed,
}

impl From<Malformed> for BeatError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// The key heartbeats are sealed with, of a cluster with key `cluster`.
pub fn beat_key(cluster: &Key, hmac: &impl Hmac) -> Key {
    Key(hmac.hmac_sha256(&cluster.0, &[b"ssi ics 1 heartbeat"]))
}

impl BeatHead {
    /// The head as it travels.
    pub fn encode(&self) -> [u8; BEAT_HEAD_BYTES] {
        let mut bytes = [0; BEAT_HEAD_BYTES];
        Writer::new(&mut bytes)
            .bytes(&BEAT_MAGIC)
            .u8(VERSION)
            .u8(0)
            .u16(self.from.node.get().into())
            .u16(self.to.node.get().into())
            .zeros(6)
            .u64(self.from.incarnation.0)
            .u64(self.to.incarnation.0)
            .u64(self.counter);
        bytes
    }

    /// The tag that goes behind `body`.
    pub fn seal(&self, body: &[u8], key: &Key, hmac: &impl Hmac) -> [u8; TAG_BYTES] {
        tag(&self.encode(), body, key, hmac)
    }

    /// Reads a datagram of an unknown sender: its head and its body.
    ///
    /// # Errors
    ///
    /// All but [`BeatError::Replayed`], which [`Beats`] finds.
    pub fn open<'a>(
        datagram: &'a [u8],
        me: Instance,
        key: &Key,
        hmac: &impl Hmac,
    ) -> Result<(Self, &'a [u8]), BeatError> {
        let (head, rest) = datagram
            .split_first_chunk::<BEAT_HEAD_BYTES>()
            .ok_or(BeatError::Malformed)?;
        let (body, sealed) = rest
            .split_last_chunk::<TAG_BYTES>()
            .ok_or(BeatError::Malformed)?;
        if body.len() > BEAT_BODY_BYTES_MAX {
            return Err(BeatError::Malformed);
        }
        let beat = Self::parse(head)?;
        if !is_equal(&tag(head, body, key, hmac), sealed) {
            return Err(BeatError::Tag);
        }
        if beat.to != me {
            return Err(BeatError::Misdirected);
        }
        Ok((beat, body))
    }

    fn parse(head: &[u8; BEAT_HEAD_BYTES]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(head);
        if reader.array()? != BEAT_MAGIC || reader.u8()? != VERSION {
            return Err(Malformed);
        }
        reader.zeros(1)?;
        let (from, to) = (NodeId::read(&mut reader)?, NodeId::read(&mut reader)?);
        reader.zeros(6)?;
        Ok(Self {
            from: Instance::new(from, Incarnation(reader.u64()?)),
            to: Instance::new(to, Incarnation(reader.u64()?)),
            counter: reader.u64()?,
        })
    }
}

fn tag(head: &[u8; BEAT_HEAD_BYTES], body: &[u8], key: &Key, hmac: &impl Hmac) -> [u8; TAG_BYTES] {
    let code = hmac.hmac_sha256(&key.0, &[head, body]);
    code.first_chunk().copied().unwrap_or_default()
}

/// Heartbeats of one other node that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beats {
    /// Life and counter of the last one.
    last: Option<(Incarnation, u64)>,
}

impl Beats {
    /// Takes in a heartbeat of that node that [`BeatHead::open`] read.
    ///
    /// # Errors
    ///
    /// [`BeatError::Replayed`] when it is not later than the last one.
    pub fn take(&mut self, beat: &BeatHead) -> Result<(), BeatError> {
        let this = (beat.from.incarnation, beat.counter);
        if self.last.is_some_and(|last| this <= last) {
            return Err(BeatError::Replayed);
        }
        self.last = Some(this);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::toy::Toy,
        *, //
    };

    fn life(node: u8, incarnation: u64) -> Instance {
        let node = NodeId::new(node).unwrap();
        Instance::new(node, Incarnation(incarnation))
    }

    fn head(counter: u64) -> BeatHead {
        BeatHead {
            from: life(1, 10),
            to: life(2, 20),
            counter,
        }
    }

    fn datagram(head: &BeatHead, body: &[u8]) -> Vec<u8> {
        let tag = head.seal(body, &Key([7; 32]), &Toy);
        [&head.encode()[..], body, &tag].concat()
    }

    fn open(datagram: &[u8]) -> Result<(BeatHead, &[u8]), BeatError> {
        BeatHead::open(datagram, life(2, 20), &Key([7; 32]), &Toy)
    }

    #[test]
    fn a_heartbeat_comes_back_as_it_was() {
        for body in [&b""[..], b"body", &[0; BEAT_BODY_BYTES_MAX]] {
            assert_eq!(open(&datagram(&head(1), body)), Ok((head(1), body)));
        }
    }

    #[test]
    fn every_bit_is_sealed() {
        let good = datagram(&head(1), b"body");
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&bad).is_err(), "bit {bit}");
        }
        for len in 0..good.len() {
            assert!(open(&good[..len]).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn another_key_or_receiver_is_refused() {
        let good = datagram(&head(1), b"");
        let wrong = BeatHead::open(&good, life(2, 20), &Key([8; 32]), &Toy);
        assert_eq!(wrong, Err(BeatError::Tag));
        for other in [life(3, 20), life(2, 21)] {
            let misdirected = BeatHead::open(&good, other, &Key([7; 32]), &Toy);
            assert_eq!(misdirected, Err(BeatError::Misdirected));
        }
        let long = datagram(&head(1), &[0; BEAT_BODY_BYTES_MAX + 1]);
        assert_eq!(open(&long), Err(BeatError::Malformed));
    }

    #[test]
    fn the_counter_only_rises_within_a_life() {
        let mut beats = Beats::default();
        assert_eq!(beats.take(&head(5)), Ok(()));
        assert_eq!(beats.take(&head(5)), Err(BeatError::Replayed));
        assert_eq!(beats.take(&head(4)), Err(BeatError::Replayed));
        assert_eq!(beats.take(&head(9)), Ok(()));
        let reborn = BeatHead {
            from: life(1, 11),
            ..head(1)
        };
        assert_eq!(beats.take(&reborn), Ok(()));
        assert_eq!(beats.take(&head(10)), Err(BeatError::Replayed));
    }
}
