// SPDX-License-Identifier: GPL-2.0

//! Heartbeat datagram.
//!
//! Says that its sender lives, in which epoch, and whom it does not hear.

use super::message::MESSAGE_VERSION;
use crate::{
    hostlink::{
        read_set,
        write_set, //
    },
    ids::Epoch,
    node_set::{
        NodeSet,
        NODE_SET_WORDS, //
    },
    wire::{
        Malformed,
        Reader,
        Writer, //
    },
};

/// Bytes of a heartbeat.
pub const BEAT_BYTES: usize = NODE_SET_WORDS * 8 + 6;

/// A heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beat {
    pub(super) sort: Sort,
    /// The sender's view.
    pub(super) epoch: Epoch,
    /// Members of it the sender watches and does not hear.
    pub(super) deaf_to: NodeSet,
}

/// Why it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// It was time.
    Regular,
    /// In answer to a regular one of a node the sender does not watch; it is not
    /// answered itself.
    Echo,
}

impl Beat {
    pub(super) fn encode(&self) -> [u8; BEAT_BYTES] {
        let mut bytes = [0; BEAT_BYTES];
        let mut out = Writer::new(&mut bytes);
        out.u8(MESSAGE_VERSION).u8(match self.sort {
            Sort::Regular => 0,
            Sort::Echo => 1,
        });
        write_set(&self.deaf_to, out.u32(self.epoch.0));
        bytes
    }

    pub(super) fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let mut from = Reader::new(body);
        if from.u8()? != MESSAGE_VERSION {
            return Err(Malformed);
        }
        let beat = Self {
            sort: match from.u8()? {
                0 => Sort::Regular,
                1 => Sort::Echo,
                _ => return Err(Malformed),
            },
            epoch: Epoch(from.u32()?),
            deaf_to: read_set(&mut from)?,
        };
        from.end()?;
        Ok(beat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;

    #[test]
    fn a_heartbeat_comes_back_from_its_bytes() {
        let beat = Beat {
            sort: Sort::Echo,
            epoch: Epoch(7),
            deaf_to: NodeId::new(63).into_iter().collect(),
        };
        let bytes = beat.encode();
        assert_eq!(Beat::decode(&bytes), Ok(beat));
        for len in 0..bytes.len() {
            assert_eq!(Beat::decode(&bytes[..len]), Err(Malformed));
        }
    }
}
