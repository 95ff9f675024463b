// SPDX-License-Identifier: GPL-2.0

//! Control data of a message.
//!
//! ```text
//!  0        8       12     16
//!  +--------+-------+------+------+---------+
//!  | length | level | type | data | padding |     as cmsg(3) has it on 64 bits
//!  +--------+-------+------+------+---------+
//! ```

use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Bytes before the data, which the length counts, too.
pub const HEAD_BYTES: usize = 16;

/// Each item begins at a multiple of this.
const ALIGN: usize = 8;

const SOL_SOCKET: u32 = 1;
const SCM_RIGHTS: u32 = 1;
/// Passes a process, as the number of a file.
const SCM_PIDFD: u32 = 4;

/// An item of control data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// Of which protocol.
    pub level: u32,
    /// What it is there.
    pub kind: u32,
    /// What it says.
    pub data: &'a [u8],
}

impl<'a> Item<'a> {
    /// The item that passes open files, whose numbers are in `data`.
    pub const fn of_files(data: &'a [u8]) -> Self {
        Self {
            level: SOL_SOCKET,
            kind: SCM_RIGHTS,
            data,
        }
    }

    /// Whether it passes a process, which only the kernel does.
    pub const fn is_process(&self) -> bool {
        self.level == SOL_SOCKET && self.kind == SCM_PIDFD
    }

    /// The numbers in an item that passes open files or a process, `None` for another.
    pub fn files(&self) -> Option<impl Iterator<Item = u32> + use<'a>> {
        let is_it = self.level == SOL_SOCKET && matches!(self.kind, SCM_RIGHTS | SCM_PIDFD);
        let numbers = self.data.chunks_exact(4).filter_map(|number| {
            let number = <[u8; 4]>::try_from(number).ok()?;
            Some(u32::from_le_bytes(number))
        });
        is_it.then_some(numbers)
    }

    /// Bytes of one with so much data.
    pub const fn bytes_with(data: usize) -> usize {
        HEAD_BYTES.saturating_add(data).next_multiple_of(ALIGN)
    }

    /// Puts it behind others.
    pub fn encode(&self, out: &mut Writer<'_>) {
        let length = HEAD_BYTES.saturating_add(self.data.len());
        let padding = length.next_multiple_of(ALIGN).saturating_sub(length);
        out.u64(u64::try_from(length).unwrap_or(u64::MAX))
            .u32(self.level)
            .u32(self.kind)
            .bytes(self.data)
            .bytes([0; ALIGN].get(..padding).unwrap_or_default());
    }

    /// Takes the next one off; the last one may be without its padding.
    fn decode(message: &mut Reader<'a>) -> Result<Self, Malformed> {
        let length = usize::try_from(message.u64()?).map_err(|_| Malformed)?;
        let (level, kind) = (message.u32()?, message.u32()?);
        let data = message.bytes(length.checked_sub(HEAD_BYTES).ok_or(Malformed)?)?;
        let padding = length.next_multiple_of(ALIGN).saturating_sub(length);
        message.bytes(padding.min(message.rest().len()))?;
        Ok(Self { level, kind, data })
    }
}

/// Control data that was looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control<'a>(&'a [u8]);

impl<'a> Control<'a> {
    /// What is in `bytes`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it is none.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        while !message.rest().is_empty() {
            Item::decode(&mut message)?;
        }
        Ok(Self(bytes))
    }

    /// Bytes of it with all padding.
    pub const fn bytes_padded(&self) -> usize {
        self.0.len().next_multiple_of(ALIGN)
    }

    /// Each item.
    pub fn iter(&self) -> impl Iterator<Item = Item<'a>> {
        let mut message = Reader::new(self.0);
        core::iter::from_fn(move || Item::decode(&mut message).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(items: &[Item<'_>]) -> Vec<u8> {
        let mut room = [0; 256];
        let mut out = Writer::new(&mut room);
        items.iter().for_each(|item| item.encode(&mut out));
        let length = out.finish().unwrap();
        room[..length].to_vec()
    }

    const CREDENTIALS: Item<'static> = Item {
        level: 1,
        kind: 2,
        data: &[7; 12],
    };

    #[test]
    fn items_arrive_as_they_were() {
        let files = [3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        let items = [CREDENTIALS, Item::of_files(&files), CREDENTIALS];
        let bytes = encoded(&items);
        assert!(Control::new(&bytes).unwrap().iter().eq(items));
        // The kernel leaves the last padding out if there is no room for it.
        assert!(Control::new(&bytes[..bytes.len() - 4])
            .unwrap()
            .iter()
            .eq(items));
        assert!(Control::new(&[]).unwrap().iter().next().is_none());
    }

    #[test]
    fn its_size_is_known() {
        let bytes = encoded(&[CREDENTIALS]);
        assert_eq!(bytes.len(), Item::bytes_with(12));
        assert_eq!(Control::new(&bytes[..28]).unwrap().bytes_padded(), 32);
    }

    #[test]
    fn files_are_told_from_others() {
        let files = [3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        let numbers: Vec<_> = Item::of_files(&files).files().unwrap().collect();
        assert_eq!(numbers, [3, u32::MAX]);
        assert!(CREDENTIALS.files().is_none());
    }

    #[test]
    fn what_is_none_is_refused() {
        let bytes = encoded(&[CREDENTIALS]);
        for length in 1..HEAD_BYTES + CREDENTIALS.data.len() {
            assert_eq!(Control::new(&bytes[..length]), Err(Malformed), "{length}");
        }
        for length in [0u64, 15, 33, u64::MAX] {
            let mut wrong = bytes.clone();
            wrong[..8].copy_from_slice(&length.to_le_bytes());
            assert_eq!(Control::new(&wrong), Err(Malformed), "{length}");
        }
    }
}
