// SPDX-License-Identifier: GPL-2.0

//! Relation a guest enters.
//!
//! To a process group or a session, as setpgid(2) and setsid(2) have it. A guest asks its
//! home for it, where the other members are known, and its children that stayed there.

use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Bytes of it.
pub const RELATION_BYTES: usize = 9;

/// No process has this number or one above it, on any kernel.
const PID_LIMIT: u32 = 1 << 30;

const JOIN: u8 = 1;
const LEAD: u8 = 2;
const PUT: u8 = 3;

/// Relation a guest enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It becomes a member of this group.
    Join(u32),
    /// It leads a session of its own.
    Lead,
    /// It makes this child a member of this group.
    Put(u32, u32),
}

impl Relation {
    /// Puts it into a message.
    pub fn encode(self, out: &mut Writer<'_>) {
        match self {
            Self::Join(group) => out.u8(JOIN).u32(0).u32(group),
            Self::Lead => out.u8(LEAD).u32(0).u32(0),
            Self::Put(child, group) => out.u8(PUT).u32(child).u32(group),
        };
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none, and for a number no group has.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let relation = match (message.u8()?, message.u32()?, message.u32()?) {
            (JOIN, 0, group @ 1..PID_LIMIT) => Self::Join(group),
            (LEAD, 0, 0) => Self::Lead,
            (PUT, child @ 1..PID_LIMIT, group @ 1..PID_LIMIT) => Self::Put(child, group),
            (_, _, _) => return Err(Malformed),
        };
        message.end()?;
        Ok(relation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(relation: Relation) -> Result<Relation, Malformed> {
        let mut room = [0; RELATION_BYTES];
        let mut out = Writer::new(&mut room);
        relation.encode(&mut out);
        assert_eq!(out.finish(), Ok(RELATION_BYTES));
        Relation::decode(Reader::new(&room))
    }

    #[test]
    fn a_relation_arrives_as_it_was() {
        for relation in [
            Relation::Join(1),
            Relation::Join(65_600),
            Relation::Lead,
            Relation::Put(65_600, 65_601),
        ] {
            assert_eq!(round_trip(relation), Ok(relation));
        }
    }

    #[test]
    fn nobody_joins_what_is_no_group() {
        for group in [0, PID_LIMIT, u32::MAX] {
            assert_eq!(round_trip(Relation::Join(group)), Err(Malformed));
        }
    }

    #[test]
    fn other_bytes_are_none() {
        for bytes in [
            &[][..],
            &[3, 1, 0, 0, 0],
            &[2, 1, 0, 0, 0],
            &[2, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(Relation::decode(Reader::new(bytes)), Err(Malformed));
        }
    }
}
