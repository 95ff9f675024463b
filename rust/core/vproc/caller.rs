// SPDX-License-Identifier: GPL-2.0

//! Task that asks.
//!
//! What travels of a caller, so that another node judges it as its own would: ids
//! of the initial user namespace, capabilities, groups.
//!
//! ```text
//!  0        16        32         40         48    52   56       60       61     63
//!  +---------+---------+----------+----------+-----+----+--------+--------+-------+-------
//!  | user x4 | group x4| effective| permitted| tgid| tid| session| foreign| count | groups
//!  +---------+---------+----------+----------+-----+----+--------+--------+-------+-------
//! ```

use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Most groups that travel. Who has more has fewer rights elsewhere, never more.
pub const GROUPS_MAX: usize = 256;

/// Bytes of the encoding before the groups.
pub const CALLER_HEAD_BYTES: usize = 32 + 16 + 12 + 3;

/// Longest encoding, in bytes.
pub const CALLER_BYTES_MAX: usize = CALLER_HEAD_BYTES + GROUPS_MAX * 4;

/// The real, effective, saved and file system id of a user or group.
pub type Ids = [u32; 4];

/// Who asks, without its groups: those are what is left of the message's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Users it is.
    pub user: Ids,
    /// Groups it is.
    pub group: Ids,
    /// Capabilities in effect, a bit for each.
    pub effective: u64,
    /// Capabilities it may use.
    pub permitted: u64,
    /// Its process.
    pub tgid: u32,
    /// Its thread.
    pub tid: u32,
    /// Its session, 0 for none.
    pub session: u32,
    /// Whether it is of another user namespace than the initial one.
    pub is_foreign: bool,
}

/// Supplementary groups as they travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups<'a>(&'a [u8]);

impl Groups<'_> {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len() / 4
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The groups, in their order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0
            .chunks_exact(4)
            .filter_map(|group| group.try_into().ok().map(u32::from_le_bytes))
    }
}

impl Caller {
    /// Puts it and the first [`GROUPS_MAX`] of `groups` into a message.
    pub fn encode(&self, groups: &[u32], out: &mut Writer<'_>) {
        for id in self.user.iter().chain(&self.group) {
            out.u32(*id);
        }
        out.u64(self.effective).u64(self.permitted);
        out.u32(self.tgid).u32(self.tid).u32(self.session);
        out.u8(u8::from(self.is_foreign));
        let groups = groups.get(..GROUPS_MAX).unwrap_or(groups);
        out.u16(u16::try_from(groups.len()).unwrap_or(u16::MAX));
        for group in groups {
            out.u32(*group);
        }
    }

    /// Takes it off a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when the message is too short, or has too many groups.
    pub fn decode<'a>(message: &mut Reader<'a>) -> Result<(Self, Groups<'a>), Malformed> {
        let caller = Self {
            user: ids(message)?,
            group: ids(message)?,
            effective: message.u64()?,
            permitted: message.u64()?,
            tgid: message.u32()?,
            tid: message.u32()?,
            session: message.u32()?,
            is_foreign: message.flag()?,
        };
        let count = usize::from(message.u16()?);
        if count > GROUPS_MAX {
            return Err(Malformed);
        }
        Ok((caller, Groups(message.bytes(count * 4)?)))
    }
}

fn ids(message: &mut Reader<'_>) -> Result<Ids, Malformed> {
    Ok([
        message.u32()?,
        message.u32()?,
        message.u32()?,
        message.u32()?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOMEBODY: Caller = Caller {
        user: [1000, 1001, 1002, 1003],
        group: [100, 101, 102, 103],
        effective: 1 << 5,
        permitted: 1 << 5 | 1 << 40,
        tgid: 65_600,
        tid: 65_601,
        session: 65_590,
        is_foreign: true,
    };

    #[test]
    fn a_caller_arrives_as_it_was() {
        for count in [0_usize, 1, 256, 300] {
            let groups: Vec<u32> = (0..count as u32).map(|group| group * 7).collect();
            let mut room = [0; CALLER_BYTES_MAX];
            let mut out = Writer::new(&mut room);
            SOMEBODY.encode(&groups, &mut out);
            let length = out.finish().unwrap();
            let mut message = Reader::new(&room[..length]);
            let (caller, found) = Caller::decode(&mut message).unwrap();
            assert_eq!(caller, SOMEBODY);
            let kept = &groups[..count.min(GROUPS_MAX)];
            assert_eq!(found.iter().collect::<Vec<_>>(), kept);
            assert_eq!(message.end(), Ok(()));
        }
    }

    #[test]
    fn a_part_of_a_caller_is_none() {
        let mut room = [0; CALLER_BYTES_MAX];
        let mut out = Writer::new(&mut room);
        SOMEBODY.encode(&[1, 2, 3], &mut out);
        let length = out.finish().unwrap();
        for short in 0..length {
            assert_eq!(
                Caller::decode(&mut Reader::new(&room[..short])),
                Err(Malformed)
            );
        }
    }

    #[test]
    fn too_many_groups_are_refused() {
        let mut room = [0; CALLER_BYTES_MAX + 4];
        room[61..63].copy_from_slice(&257_u16.to_le_bytes());
        assert_eq!(Caller::decode(&mut Reader::new(&room)), Err(Malformed));
    }
}
