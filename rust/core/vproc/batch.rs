// SPDX-License-Identifier: GPL-2.0

//! Files of many processes.
//!
//! A program that reads the whole of `/proc` reads the same files of one process after
//! another. They are asked for together: the same file of many processes.
//!
//! ```text
//!  request  +--------+------+-----------------+
//!           | caller | file | pids, u32 each  |
//!           +--------+------+-----------------+
//!  reply    +-----+------------+--------+------+
//!           | pid | attributes | length | text |  one behind another
//!           +-----+------------+--------+------+
//! ```
//!
//! A process that is gone, or may not be read, is left out of the reply; the one who asks
//! then asks for it alone. So is what does not fit any more.

use super::{
    attributes::{
        Attributes,
        ATTRIBUTES_BYTES, //
    },
    pid::is_shared, //
};
use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Most processes of a batch.
pub const BATCH_MAX: usize = 128;

/// Longest text that comes in a batch.
pub const TEXT_BYTES_MAX: usize = 4096;

/// Most bytes of a reply.
pub const REPLY_BYTES_MAX: usize = 256 * 1024;

/// What programs read of every process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// The folder itself, for its owner.
    Folder,
    /// `cmdline`.
    CommandLine,
    /// `stat`.
    Stat,
    /// `statm`.
    Memory,
    /// `status`.
    Status,
}

impl File {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Folder,
        Self::CommandLine,
        Self::Stat,
        Self::Memory,
        Self::Status,
    ];

    /// Its place in a table of all.
    pub fn index(self) -> usize {
        usize::from(self.code())
    }

    /// Its path below the folder of a process; empty for that itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "",
            Self::CommandLine => "cmdline",
            Self::Stat => "stat",
            Self::Memory => "statm",
            Self::Status => "status",
        }
    }

    /// The file with this path below the folder of a process.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|file| file.name().as_bytes() == name)
    }

    const fn code(self) -> u8 {
        match self {
            Self::Folder => 0,
            Self::CommandLine => 1,
            Self::Stat => 2,
            Self::Memory => 3,
            Self::Status => 4,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|file| file.code() == code)
    }
}

/// What is asked for, behind the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Which file.
    pub file: File,
    pids: &'a [u8],
}

impl<'a> Wanted<'a> {
    /// Puts `file` of the first [`BATCH_MAX`] of `pids` into a message.
    pub fn encode(file: File, pids: impl Iterator<Item = u32>, out: &mut Writer<'_>) {
        out.u8(file.code());
        for pid in pids.take(BATCH_MAX) {
            out.u32(pid);
        }
    }

    /// Takes it off a message, to its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for no file, too many pids, and one that is private to a node.
    pub fn decode(mut message: Reader<'a>) -> Result<Self, Malformed> {
        let file = File::from_code(message.u8()?).ok_or(Malformed)?;
        let pids = message.rest();
        let wanted = Self { file, pids };
        let is_sound = pids.len() % 4 == 0 && pids.len() <= BATCH_MAX * 4;
        (is_sound && wanted.pids().all(is_shared))
            .then_some(wanted)
            .ok_or(Malformed)
    }

    /// Of which processes.
    pub fn pids(&self) -> impl Iterator<Item = u32> + 'a {
        self.pids
            .chunks_exact(4)
            .filter_map(|pid| pid.try_into().ok().map(u32::from_le_bytes))
    }
}

/// Bytes of an [`Item`] but for its text.
pub const ITEM_HEAD_BYTES: usize = 6 + ATTRIBUTES_BYTES;

/// A file of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// Of this one.
    pub pid: u32,
    /// What it is.
    pub attributes: Attributes,
    /// What it holds.
    pub text: &'a [u8],
}

impl<'a> Item<'a> {
    /// Everything before the text, as it travels.
    pub fn head(pid: u32, attributes: &Attributes, length: usize) -> [u8; ITEM_HEAD_BYTES] {
        let mut bytes = [0; ITEM_HEAD_BYTES];
        let mut out = Writer::new(&mut bytes);
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        out.u32(pid).bytes(&attributes.encode()).u16(length);
        bytes
    }

    /// Takes the next one off a reply, `None` at its end.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it is cut short, or its text is too long.
    pub fn decode(reply: &mut Reader<'a>) -> Result<Option<Self>, Malformed> {
        if reply.rest().is_empty() {
            return Ok(None);
        }
        let pid = reply.u32()?;
        let attributes = Attributes::decode(reply.bytes(ATTRIBUTES_BYTES)?)?;
        let length = usize::from(reply.u16()?);
        if length > TEXT_BYTES_MAX {
            return Err(Malformed);
        }
        Ok(Some(Self {
            pid,
            attributes,
            text: reply.bytes(length)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTRIBUTES: Attributes = Attributes {
        mode: 0o100_444,
        uid: 1,
        gid: 2,
        nlink: 1,
        size: 0,
        ino: 99,
        identity: 7,
    };

    #[test]
    fn every_file_has_a_name_and_a_number() {
        for file in File::ALL {
            assert_eq!(File::named(file.name().as_bytes()), Some(file));
            assert_eq!(File::from_code(file.code()), Some(file));
        }
        assert_eq!(File::named(b"maps"), None);
        assert_eq!(File::from_code(5), None);
    }

    fn wanted(pids: &[u32]) -> Result<Vec<u32>, Malformed> {
        let mut room = [0; 1 + 4 * BATCH_MAX];
        let mut out = Writer::new(&mut room);
        Wanted::encode(File::Stat, pids.iter().copied(), &mut out);
        let length = out.finish().unwrap();
        Wanted::decode(Reader::new(&room[..length])).map(|wanted| wanted.pids().collect())
    }

    #[test]
    fn what_is_wanted_arrives_as_it_was() {
        assert_eq!(wanted(&[]), Ok(vec![]));
        assert_eq!(wanted(&[1, 65_600]), Ok(vec![1, 65_600]));
        let many: Vec<u32> = (65_600..65_800).collect();
        assert_eq!(wanted(&many), Ok(many[..BATCH_MAX].to_vec()));
        assert_eq!(wanted(&[65_600, 300]), Err(Malformed));
        assert_eq!(Wanted::decode(Reader::new(&[2, 1, 0])), Err(Malformed));
        assert_eq!(Wanted::decode(Reader::new(&[9])), Err(Malformed));
    }

    fn read(bytes: &[u8]) -> Result<Vec<Item<'_>>, Malformed> {
        let mut reply = Reader::new(bytes);
        let mut items = Vec::new();
        while let Some(item) = Item::decode(&mut reply)? {
            items.push(item);
        }
        Ok(items)
    }

    #[test]
    fn a_reply_arrives_as_it_was() {
        let items = [(65_600, &b"one"[..]), (65_601, b"")].map(|(pid, text)| Item {
            pid,
            attributes: ATTRIBUTES,
            text,
        });
        let mut bytes = Vec::new();
        for item in &items {
            bytes.extend(Item::head(item.pid, &item.attributes, item.text.len()));
            bytes.extend(item.text);
        }
        assert_eq!(read(&bytes), Ok(items.to_vec()));
        assert_eq!(read(&bytes[..bytes.len() - 1]), Err(Malformed));
    }

    #[test]
    fn a_text_that_is_too_long_is_refused() {
        let mut bytes = Item::head(65_600, &ATTRIBUTES, TEXT_BYTES_MAX + 1).to_vec();
        bytes.resize(bytes.len() + TEXT_BYTES_MAX + 1, b'x');
        assert_eq!(read(&bytes), Err(Malformed));
    }
}
