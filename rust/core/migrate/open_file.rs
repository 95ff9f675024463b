// SPDX-License-Identifier: GPL-2.0

//! Open file of a process.
//!
//! A file every node has is opened anew, any other is used through its home. One that
//! both nodes may have, on a file system they share, is opened anew if it is the same.
//!
//! ```text
//!  0    4      5        7
//!  +----+------+--------+----------------------------------------------------------+
//!  | fd | kind | length | opened anew: flags, offset, path                         |
//!  |    |      |        | at home: ticket                                          |
//!  |    |      |        | either: length of the ticket, ticket, identity, as above |
//!  |    |      |        | made: what it knows                                      |
//!  |    |      |        | again: a lower number                                    |
//!  +----+------+--------+----------------------------------------------------------+
//! ```
//!
//! The highest bit of the kind says that it is closed on exec, the next one that the process may
//! have record locks of it.

use crate::wire::{
    Malformed,
    NoRoom,
    Reader,
    Writer, //
};

/// Longest path, without the zero byte.
pub const PATH_BYTES_MAX: usize = 4095;

/// Longest ticket of a file at home.
pub const TICKET_BYTES_MAX: usize = 256;

/// Most bytes of what a file knows that is made.
pub const MADE_BYTES_MAX: usize = 64;

/// Longest encoding, in bytes.
pub const OPEN_FILE_BYTES_MAX: usize =
    HEAD_BYTES + 2 + TICKET_BYTES_MAX + IDENTITY_BYTES + 12 + PATH_BYTES_MAX;

/// Numbers of files are smaller, as `NR_OPEN_MAX` would never let them be here.
pub const FD_END: u32 = 1 << 20;

/// Bytes of number, kind and length.
const HEAD_BYTES: usize = 7;

const ANEW: u8 = 1;
const AT_HOME: u8 = 2;
const EITHER: u8 = 3;
const MADE: u8 = 4;
const AGAIN: u8 = 5;
const CLOSED_ON_EXEC: u8 = 0x80;
const MAY_BE_LOCKED: u8 = 0x40;

/// How a file is opened by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening<'a> {
    /// Flags of open(2).
    pub flags: u32,
    /// Where reading goes on.
    pub offset: u64,
    /// Its name, from the root on.
    pub path: &'a [u8],
}

/// What tells two files of the same name apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Number of its inode.
    pub ino: u64,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub written: u64,
}

/// Bytes of an [`Identity`].
pub(super) const IDENTITY_BYTES: usize = 24;

impl Identity {
    pub(super) fn encode(&self, out: &mut Writer<'_>) {
        out.u64(self.ino).u64(self.size).u64(self.written);
    }

    pub(super) fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            ino: message.u64()?,
            size: message.u64()?,
            written: message.u64()?,
        })
    }
}

/// How the other node comes to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// It opens it by its name.
    Anew(Opening<'a>),
    /// It asks its home; the ticket is ssi_files'.
    AtHome(&'a [u8]),
    /// It opens it by its name if that is this file, else it asks its home.
    Either(&'a [u8], Identity, Opening<'a>),
    /// It makes one that knows this, as `ssi_kapi::event_file` has it.
    Made(&'a [u8]),
    /// It is what this number, which is lower, is of.
    Again(u32),
}

impl<'a> Way<'a> {
    /// The ticket, if there is one.
    pub const fn ticket(&self) -> Option<&'a [u8]> {
        match *self {
            Self::Anew(_) | Self::Made(_) | Self::Again(_) => None,
            Self::AtHome(ticket) | Self::Either(ticket, ..) => Some(ticket),
        }
    }
}

impl Way<'_> {
    const fn kind(&self) -> u8 {
        match self {
            Self::Anew(_) => ANEW,
            Self::AtHome(_) => AT_HOME,
            Self::Either(..) => EITHER,
            Self::Made(_) => MADE,
            Self::Again(_) => AGAIN,
        }
    }

    /// Bytes on the wire, behind the head.
    const fn bytes(&self) -> usize {
        match self {
            Self::Anew(opening) => opening.path.len().saturating_add(12),
            Self::AtHome(bytes) | Self::Made(bytes) => bytes.len(),
            Self::Again(_) => 4,
            Self::Either(ticket, _, opening) => ticket
                .len()
                .saturating_add(opening.path.len())
                .saturating_add(2 + IDENTITY_BYTES + 12),
        }
    }
}

impl<'a> Opening<'a> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.flags).u64(self.offset).bytes(self.path);
    }

    fn decode(mut message: Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            flags: message.u32()?,
            offset: message.u64()?,
            path: path(message.rest())?,
        })
    }
}

/// An open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFile<'a> {
    /// Its number.
    pub fd: u32,
    /// Whether it is closed when the process executes a program.
    pub is_closed_on_exec: bool,
    /// Whether the process may have record locks of it.
    pub may_be_locked: bool,
    /// How the other node comes to it.
    pub way: Way<'a>,
}

impl<'a> OpenFile<'a> {
    /// Puts it into `room`; gives the bytes written.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] in less than [`OPEN_FILE_BYTES_MAX`], and for what is longer than it
    /// may be.
    pub fn encode(&self, room: &mut [u8]) -> Result<usize, NoRoom> {
        let mut out = Writer::new(room);
        let length = u16::try_from(self.way.bytes()).map_err(|_| NoRoom)?;
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let kind = self.way.kind()
            | flag(self.is_closed_on_exec, CLOSED_ON_EXEC)
            | flag(self.may_be_locked, MAY_BE_LOCKED);
        out.u32(self.fd).u8(kind).u16(length);
        match self.way {
            Way::Anew(opening) => opening.encode(&mut out),
            Way::AtHome(bytes) | Way::Made(bytes) => {
                out.bytes(bytes);
            }
            Way::Again(number) => {
                out.u32(number);
            }
            Way::Either(ticket, identity, opening) => {
                out.u16(u16::try_from(ticket.len()).map_err(|_| NoRoom)?)
                    .bytes(ticket);
                identity.encode(&mut out);
                opening.encode(&mut out);
            }
        }
        out.finish()
    }

    fn decode(message: &mut Reader<'a>) -> Result<Self, Malformed> {
        let fd = message.u32()?;
        let kind = message.u8()?;
        let length = usize::from(message.u16()?);
        let mut rest = Reader::new(message.bytes(length)?);
        let way = match kind & !(CLOSED_ON_EXEC | MAY_BE_LOCKED) {
            ANEW => Way::Anew(Opening::decode(rest)?),
            AT_HOME => Way::AtHome(ticket(rest.rest())?),
            EITHER => {
                let length = usize::from(rest.u16()?);
                let ticket = ticket(rest.bytes(length)?)?;
                let identity = Identity::decode(&mut rest)?;
                Way::Either(ticket, identity, Opening::decode(rest)?)
            }
            MADE => Way::Made(at_most(rest.rest(), MADE_BYTES_MAX)?),
            AGAIN => {
                let number = rest.u32()?;
                rest.end()?;
                Way::Again(number)
            }
            _ => return Err(Malformed),
        };
        if matches!(way, Way::Again(number) if number >= fd) {
            return Err(Malformed);
        }
        let file = Self {
            fd,
            is_closed_on_exec: kind & CLOSED_ON_EXEC != 0,
            may_be_locked: kind & MAY_BE_LOCKED != 0,
            way,
        };
        (fd < FD_END).then_some(file).ok_or(Malformed)
    }
}

fn ticket(bytes: &[u8]) -> Result<&[u8], Malformed> {
    at_most(bytes, TICKET_BYTES_MAX)
}

pub(super) fn at_most(bytes: &[u8], most: usize) -> Result<&[u8], Malformed> {
    (bytes.len() <= most).then_some(bytes).ok_or(Malformed)
}

/// A path from the root on.
///
/// # Errors
///
/// [`Malformed`] for one that is not, or is over [`PATH_BYTES_MAX`].
pub fn path(bytes: &[u8]) -> Result<&[u8], Malformed> {
    let is_sound =
        bytes.first() == Some(&b'/') && bytes.len() <= PATH_BYTES_MAX && !bytes.contains(&0);
    is_sound.then_some(bytes).ok_or(Malformed)
}

/// Open files of a process, in the order of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenFiles<'a>(&'a [u8]);

impl<'a> OpenFiles<'a> {
    /// The files in `bytes`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when one of them is, or the numbers do not rise.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        let mut last = None;
        while !message.rest().is_empty() {
            let fd = OpenFile::decode(&mut message)?.fd;
            if last.is_some_and(|last| last >= fd) {
                return Err(Malformed);
            }
            last = Some(fd);
        }
        Ok(Self(bytes))
    }

    /// All of them as they travel.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = OpenFile<'a>> {
        let mut message = Reader::new(self.0);
        core::iter::from_fn(move || OpenFile::decode(&mut message).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(files: &[OpenFile<'_>]) -> Vec<u8> {
        let mut all = Vec::new();
        for file in files {
            let mut room = [0; OPEN_FILE_BYTES_MAX];
            let length = file.encode(&mut room).unwrap();
            all.extend_from_slice(&room[..length]);
        }
        all
    }

    fn at_home(fd: u32) -> OpenFile<'static> {
        open(fd, Way::AtHome(b"ticket"))
    }

    fn open(fd: u32, way: Way<'_>) -> OpenFile<'_> {
        OpenFile {
            fd,
            is_closed_on_exec: false,
            may_be_locked: false,
            way,
        }
    }

    fn anew(fd: u32, path: &[u8]) -> OpenFile<'_> {
        open(fd, Way::Anew(opening(path)))
    }

    fn opening(path: &[u8]) -> Opening<'_> {
        Opening {
            flags: 2,
            offset: 77,
            path,
        }
    }

    fn either(fd: u32) -> OpenFile<'static> {
        let identity = Identity {
            ino: 1,
            size: 2,
            written: u64::MAX,
        };
        open(
            fd,
            Way::Either(b"ticket", identity, opening(b"/etc/passwd")),
        )
    }

    #[test]
    fn what_is_sent_arrives_as_it_was() {
        let (is_closed_on_exec, may_be_locked) = (true, true);
        let files = [
            at_home(0),
            anew(1, b"/dev/null"),
            either(3),
            OpenFile {
                is_closed_on_exec,
                ..at_home(7)
            },
            OpenFile {
                may_be_locked,
                ..at_home(8)
            },
            open(9, Way::Made(b"what it knows")),
            open(11, Way::Again(9)),
        ];
        let bytes = encoded(&files);
        let arrived: Vec<_> = OpenFiles::new(&bytes).unwrap().iter().collect();
        assert_eq!(arrived, files);
    }

    #[test]
    fn numbers_must_rise() {
        for pair in [[3, 3], [4, 3]] {
            assert_eq!(OpenFiles::new(&encoded(&pair.map(at_home))), Err(Malformed));
        }
        assert_eq!(OpenFiles::new(&encoded(&[at_home(FD_END)])), Err(Malformed));
    }

    #[test]
    fn a_ticket_is_short() {
        let long = [0; TICKET_BYTES_MAX + 1];
        let with = |ticket| OpenFiles::new(&encoded(&[open(0, Way::AtHome(ticket))])).map(|_| ());
        assert_eq!(with(&long), Err(Malformed));
        assert_eq!(with(&long[1..]), Ok(()));
    }

    #[test]
    fn what_is_made_knows_little() {
        let long = [0; MADE_BYTES_MAX + 1];
        let with = |bytes| OpenFiles::new(&encoded(&[open(0, Way::Made(bytes))])).map(|_| ());
        assert_eq!(with(&long), Err(Malformed));
        assert_eq!(with(&long[1..]), Ok(()));
    }

    #[test]
    fn what_is_there_again_was_there_before() {
        let with = |number| OpenFiles::new(&encoded(&[open(3, Way::Again(number))])).map(|_| ());
        assert_eq!(with(3), Err(Malformed));
        assert_eq!(with(2), Ok(()));
    }

    #[test]
    fn a_path_begins_at_the_root() {
        let long = [b'/'; PATH_BYTES_MAX + 1];
        for wrong in [&b"relative"[..], b"", b"/with\0zero", &long] {
            assert_eq!(OpenFiles::new(&encoded_any(wrong)), Err(Malformed));
        }
        assert!(OpenFiles::new(&encoded(&[anew(1, &long[1..])])).is_ok());
    }

    fn encoded_any(path: &[u8]) -> Vec<u8> {
        let mut room = [0; OPEN_FILE_BYTES_MAX + 1];
        let length = anew(1, path).encode(&mut room).unwrap();
        room[..length].to_vec()
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let bytes = encoded(&[anew(1, b"/dev/null"), either(3), at_home(7)]);
        let cuts = (1..bytes.len()).filter(|&cut| OpenFiles::new(&bytes[..cut]).is_ok());
        assert_eq!(cuts.count(), 2);
    }
}
