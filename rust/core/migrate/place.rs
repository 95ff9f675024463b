// SPDX-License-Identifier: GPL-2.0

//! Place of a guest at home.
//!
//! Its parent, group and session. Home tells the node a process is on, which has them in
//! its own kernel as well, as far as it can.

use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Bytes of it.
pub const PLACE_BYTES: usize = 13;

/// Place of a guest at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its parent.
    pub parent: u32,
    /// Its process group. One that is private to a node means none.
    pub group: u32,
    /// Its session; likewise.
    pub session: u32,
    /// Whether its process group is orphaned.
    pub is_orphaned: bool,
}

impl Place {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.parent)
            .u32(self.group)
            .u32(self.session)
            .u8(self.is_orphaned.into());
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what is none.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let place = Self {
            parent: message.u32()?,
            group: message.u32()?,
            session: message.u32()?,
            is_orphaned: message.flag()?,
        };
        message.end()?;
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_arrives_as_it_was() {
        for is_orphaned in [false, true] {
            let place = Place {
                parent: 1,
                group: 65_600,
                session: 77,
                is_orphaned,
            };
            let mut room = [0; PLACE_BYTES];
            let mut out = Writer::new(&mut room);
            place.encode(&mut out);
            assert_eq!(out.finish(), Ok(PLACE_BYTES));
            assert_eq!(Place::decode(Reader::new(&room)), Ok(place));
        }
    }

    #[test]
    fn other_bytes_are_none() {
        assert_eq!(Place::decode(Reader::new(&[0; 12])), Err(Malformed));
        assert_eq!(Place::decode(Reader::new(&[2; 13])), Err(Malformed));
        assert_eq!(Place::decode(Reader::new(&[0; 14])), Err(Malformed));
    }
}
