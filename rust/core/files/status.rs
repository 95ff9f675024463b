// SPDX-License-Identifier: GPL-2.0

//! What changes of a file.

use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Bytes of a status that travels.
pub const STATUS_BYTES: usize = 60;

/// What changes of a file. Times are nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its size, in bytes.
    pub size: u64,
    /// Blocks of 512 bytes it takes.
    pub blocks: u64,
    /// When it was read.
    pub accessed: u64,
    /// When it was written.
    pub modified: u64,
    /// When something of it changed.
    pub changed: u64,
    /// Type and permissions.
    pub mode: u32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// How many names it has.
    pub nlink: u32,
    /// How much to read at a time, in bytes.
    pub block_bytes: u32,
}

impl Status {
    /// As it travels.
    pub fn encode(&self) -> [u8; STATUS_BYTES] {
        let mut bytes = [0; STATUS_BYTES];
        Writer::new(&mut bytes)
            .u64(self.size)
            .u64(self.blocks)
            .u64(self.accessed)
            .u64(self.modified)
            .u64(self.changed)
            .u32(self.mode)
            .u32(self.uid)
            .u32(self.gid)
            .u32(self.nlink)
            .u32(self.block_bytes);
        bytes
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// [`Malformed`]: it is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        let status = Self {
            size: message.u64()?,
            blocks: message.u64()?,
            accessed: message.u64()?,
            modified: message.u64()?,
            changed: message.u64()?,
            mode: message.u32()?,
            uid: message.u32()?,
            gid: message.u32()?,
            nlink: message.u32()?,
            block_bytes: message.u32()?,
        };
        message.end()?;
        // No file is longer than its positions go.
        (status.size <= i64::MAX.unsigned_abs())
            .then_some(status)
            .ok_or(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: Status = Status {
        size: 1,
        blocks: 2,
        accessed: 3,
        modified: 4,
        changed: 5,
        mode: 6,
        uid: 7,
        gid: 8,
        nlink: 9,
        block_bytes: 10,
    };

    #[test]
    fn it_arrives_as_it_was() {
        assert_eq!(Status::decode(&STATUS.encode()), Ok(STATUS));
    }

    #[test]
    fn what_is_none_is_refused() {
        let bytes = STATUS.encode();
        assert_eq!(Status::decode(&bytes[1..]), Err(Malformed));
        assert_eq!(Status::decode(&[&bytes[..], &[0]].concat()), Err(Malformed));
        let size = u64::MAX;
        assert_eq!(
            Status::decode(&Status { size, ..STATUS }.encode()),
            Err(Malformed)
        );
    }
}
