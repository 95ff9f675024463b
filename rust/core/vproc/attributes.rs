// SPDX-License-Identifier: GPL-2.0

//! Attributes of a file below `/proc`.
//!
//! What travels of `stat(2)`.

use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Bytes on the wire.
pub const ATTRIBUTES_BYTES: usize = 40;

/// A file's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Type and permissions.
    pub mode: u32,
    /// Owner, in the initial user namespace.
    pub uid: u32,
    /// Group, in the initial user namespace.
    pub gid: u32,
    /// Number of links.
    pub nlink: u32,
    /// Size, in bytes.
    pub size: u64,
    /// Number of the inode where it is.
    pub ino: u64,
    /// Of the process whose it is: no other process of its node has it, be it one with
    /// the same number later.
    pub identity: u64,
}

impl Attributes {
    /// As they travel.
    pub fn encode(&self) -> [u8; ATTRIBUTES_BYTES] {
        let mut bytes = [0; ATTRIBUTES_BYTES];
        let mut out = Writer::new(&mut bytes);
        out.u32(self.mode).u32(self.uid).u32(self.gid);
        out.u32(self.nlink).u64(self.size).u64(self.ino);
        out.u64(self.identity);
        bytes
    }

    /// Takes them off a message.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for another length, and for what is neither file, folder nor
    /// link: nothing else is in a process' folder.
    pub fn decode(body: &[u8]) -> Result<Self, Malformed> {
        const TYPE: u32 = 0o170_000;
        const PLAIN: [u32; 3] = [0o100_000, 0o040_000, 0o120_000];
        let mut message = Reader::new(body);
        let attributes = Self {
            mode: message.u32()?,
            uid: message.u32()?,
            gid: message.u32()?,
            nlink: message.u32()?,
            size: message.u64()?,
            ino: message.u64()?,
            identity: message.u64()?,
        };
        message.end()?;
        let is_sound = PLAIN.contains(&(attributes.mode & TYPE)) && attributes.mode >> 16 == 0;
        is_sound.then_some(attributes).ok_or(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: Attributes = Attributes {
        mode: 0o040_555,
        uid: 1000,
        gid: 100,
        nlink: 9,
        size: 0,
        ino: 1 << 40,
        identity: 12,
    };

    #[test]
    fn attributes_arrive_as_they_were() {
        assert_eq!(Attributes::decode(&FOLDER.encode()), Ok(FOLDER));
        assert_eq!(Attributes::decode(&FOLDER.encode()[1..]), Err(Malformed));
    }

    #[test]
    fn devices_pipes_and_sockets_do_not_come_from_elsewhere() {
        for mode in [
            0o020_666,
            0o060_666,
            0o010_666,
            0o140_666,
            0,
            1 << 16 | 0o040_555,
        ] {
            let strange = Attributes { mode, ..FOLDER };
            assert_eq!(Attributes::decode(&strange.encode()), Err(Malformed));
        }
    }
}
