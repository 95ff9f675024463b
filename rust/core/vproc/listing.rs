// SPDX-License-Identifier: GPL-2.0

//! Listing of a folder below `/proc`.
//!
//! As many entries as a message holds, one behind another:
//!
//! ```text
//!  +-------+------+------+--------+------+
//!  | inode | next | type | length | name |
//!  |  u64  | u64  |  u8  |   u8   |      |
//!  +-------+------+------+--------+------+
//! ```

use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 255;

/// Something in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Number of its inode.
    pub ino: u64,
    /// Its type, as in `dirent.d_type`.
    pub kind: u8,
    /// Where the one behind it is found.
    pub next: u64,
}

impl<'a> Entry<'a> {
    /// Puts it into a message.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u64(self.ino).u64(self.next).u8(self.kind);
        out.u8(u8::try_from(self.name.len()).unwrap_or(u8::MAX))
            .bytes(self.name);
    }

    /// How many bytes it takes there.
    pub const fn bytes(&self) -> usize {
        18_usize.saturating_add(self.name.len())
    }

    /// Takes the next one off a message, `None` at its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it is cut short, or its name is none.
    pub fn decode(message: &mut Reader<'a>) -> Result<Option<Self>, Malformed> {
        if message.rest().is_empty() {
            return Ok(None);
        }
        let (ino, next, kind) = (message.u64()?, message.u64()?, message.u8()?);
        let length = usize::from(message.u8()?);
        let name = message.bytes(length)?;
        let entry = Self {
            name,
            ino,
            kind,
            next,
        };
        let is_name = !name.is_empty() && !name.contains(&b'/') && !name.contains(&0);
        is_name.then_some(Some(entry)).ok_or(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &[u8]) -> Entry<'_> {
        Entry {
            name,
            ino: 77,
            kind: 4,
            next: 3,
        }
    }

    fn read(bytes: &[u8]) -> Result<Vec<Entry<'_>>, Malformed> {
        let mut message = Reader::new(bytes);
        let mut entries = Vec::new();
        while let Some(entry) = Entry::decode(&mut message)? {
            entries.push(entry);
        }
        Ok(entries)
    }

    #[test]
    fn a_listing_arrives_as_it_was() {
        let long = [b'x'; NAME_BYTES_MAX];
        let entries = [entry(b"fd"), entry(b"."), entry(&long)];
        let mut room = [0; 400];
        let mut out = Writer::new(&mut room);
        entries.iter().for_each(|entry| entry.encode(&mut out));
        let length = out.finish().unwrap();
        assert_eq!(length, entries.iter().map(Entry::bytes).sum::<usize>());
        assert_eq!(read(&room[..length]), Ok(entries.to_vec()));
        assert_eq!(read(&room[..length - 1]), Err(Malformed));
        assert_eq!(read(&[]), Ok(Vec::new()));
    }

    #[test]
    fn a_name_is_one() {
        for name in [&b""[..], b"a/b", b"a\0"] {
            let mut room = [0; 64];
            let mut out = Writer::new(&mut room);
            entry(name).encode(&mut out);
            let length = out.finish().unwrap();
            assert_eq!(read(&room[..length]), Err(Malformed), "{name:?}");
        }
    }
}
