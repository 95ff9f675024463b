// SPDX-License-Identifier: GPL-2.0

//! Signal to a group.
//!
//! One that a kernel sent, for a terminal above all, to the members on its node. It goes
//! to all nodes, each of which gives it to the members there that do not get it by another
//! way: from home, where what they left behind got it.
//!
//! ```text
//!  +-------+---------+-----------------+--------------+---------------------------+
//!  | group | session | user, effective | unrestricted | information of the signal |
//!  +-------+---------+-----------------+--------------+---------------------------+
//! ```

use super::pid::{
    is_shared,
    INIT, //
};
use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Bytes of it, without the information.
pub const HEAD_BYTES: usize = 17;

/// To whom a signal goes, and who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSignal {
    /// The group.
    pub group: u32,
    /// The session of the sender.
    pub session: u32,
    /// Its user.
    pub user: u32,
    /// Its effective user.
    pub effective: u32,
    /// Whether it may send signals to everybody.
    pub is_unrestricted: bool,
}

impl GroupSignal {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.group)
            .u32(self.session)
            .u32(self.user)
            .u32(self.effective)
            .u8(self.is_unrestricted.into());
    }

    /// Takes it off a message; the information follows.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for a group that is private to a node.
    pub fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        let group = message.u32()?;
        if !is_shared(group) || group == INIT {
            return Err(Malformed);
        }
        Ok(Self {
            group,
            session: message.u32()?,
            user: message.u32()?,
            effective: message.u32()?,
            is_unrestricted: message.flag()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(signal: &GroupSignal) -> Result<GroupSignal, Malformed> {
        let mut room = [0; HEAD_BYTES];
        let mut out = Writer::new(&mut room);
        signal.encode(&mut out);
        assert_eq!(out.finish(), Ok(HEAD_BYTES));
        GroupSignal::decode(&mut Reader::new(&room))
    }

    const SIGNAL: GroupSignal = GroupSignal {
        group: 65_600,
        session: 65_590,
        user: 1000,
        effective: 0,
        is_unrestricted: false,
    };

    #[test]
    fn it_arrives_as_it_was() {
        for is_unrestricted in [false, true] {
            let signal = GroupSignal {
                is_unrestricted,
                ..SIGNAL
            };
            assert_eq!(round_trip(&signal), Ok(signal));
        }
    }

    #[test]
    fn a_group_of_one_node_alone_gets_none() {
        for group in [0, 1, 65_535, u32::MAX] {
            let signal = GroupSignal { group, ..SIGNAL };
            assert_eq!(round_trip(&signal), Err(Malformed));
        }
    }

    #[test]
    fn other_bytes_are_none() {
        assert_eq!(GroupSignal::decode(&mut Reader::new(&[])), Err(Malformed));
        let mut bytes = [0; HEAD_BYTES];
        bytes[2] = 1;
        assert!(GroupSignal::decode(&mut Reader::new(&bytes)).is_ok());
        bytes[16] = 2;
        assert_eq!(
            GroupSignal::decode(&mut Reader::new(&bytes)),
            Err(Malformed)
        );
    }
}
