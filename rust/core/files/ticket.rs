// SPDX-License-Identifier: GPL-2.0

//! Ticket for a file.
//!
//! ```text
//!  0      2        10     18     20   21     22
//!  +------+--------+------+------+----+------+------------------------------------+
//!  | home | its    | name | via, | ki | can  | flags, mode, rdev, uid, gid, ino,  |
//!  |      | life   |      | or 0 | nd | seek | type of a socket, path             |
//!  +------+--------+------+------+----+------+------------------------------------+
//! ```
//!
//! The node that gets it asks the home of the file, whoever handed it on.

use super::handles::Handle;
use crate::{
    ids::{Incarnation, Instance, NodeId},
    wire::{
        Malformed,
        NoRoom,
        Reader,
        Writer, //
    }, //
};

/// Longest path, in bytes.
pub const PATH_BYTES_MAX: usize = 127;

/// Longest encoding, in bytes.
pub const TICKET_BYTES_MAX: usize = 52 + PATH_BYTES_MAX;

/// How a file behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A pipe, with or without a name.
    Pipe,
    /// A socket that keeps no limits between what is written.
    Stream,
    /// One that does.
    Packets,
    /// A terminal.
    Terminal,
    /// A regular file or a block device: never waits for anybody.
    Plain,
    /// Another device.
    Device,
    /// What tells of events, each of which is read once: a counter, a timer, or notices of
    /// changes to files.
    Events,
}

impl Kind {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 7] = [
        Self::Pipe,
        Self::Stream,
        Self::Packets,
        Self::Terminal,
        Self::Plain,
        Self::Device,
        Self::Events,
    ];

    const fn code(self) -> u8 {
        match self {
            Self::Pipe => 1,
            Self::Stream => 2,
            Self::Packets => 3,
            Self::Terminal => 4,
            Self::Plain => 5,
            Self::Device => 6,
            Self::Events => 7,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// What one node tells another of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket<'a> {
    /// The node that has it open, in which life.
    pub home: Instance,
    /// Its name there.
    pub handle: Handle,
    /// Who handed the ticket on, `None` if its home did.
    pub via: Option<NodeId>,
    /// How it behaves.
    pub kind: Kind,
    /// Whether it has positions.
    pub can_seek: bool,
    /// Flags of open(2).
    pub flags: u32,
    /// Type and permissions.
    pub mode: u32,
    /// The device it is, 0 for none.
    pub rdev: u32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its number.
    pub ino: u64,
    /// What socket(2) calls the type of a socket, 0 for what is none.
    pub socket: u16,
    /// Where it is at home, for people.
    pub path: &'a [u8],
}

impl<'a> Ticket<'a> {
    /// Puts it into `room`; gives the bytes written.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] in less than [`TICKET_BYTES_MAX`], and for a longer path.
    pub fn encode(&self, room: &mut [u8]) -> Result<usize, NoRoom> {
        if self.path.len() > PATH_BYTES_MAX {
            return Err(NoRoom);
        }
        let mut out = Writer::new(room);
        out.u16(self.home.node.get().into())
            .u64(self.home.incarnation.0)
            .u64(self.handle.get())
            .u16(self.via.map_or(0, |via| via.get().into()))
            .u8(self.kind.code())
            .u8(self.can_seek.into())
            .u32(self.flags)
            .u32(self.mode)
            .u32(self.rdev)
            .u32(self.uid)
            .u32(self.gid)
            .u64(self.ino)
            .u16(self.socket)
            .bytes(self.path);
        out.finish()
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// [`Malformed`]: it is none.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        let home_node = NodeId::read(&mut message)?;
        let home = Instance::new(home_node, Incarnation(message.u64()?));
        let handle = Handle::from_wire(message.u64()?).ok_or(Malformed)?;
        let via = NodeId::read_maybe(&mut message)?;
        let kind = Kind::from_code(message.u8()?).ok_or(Malformed)?;
        let can_seek = message.flag()?;
        let ticket = Self {
            home,
            handle,
            via,
            kind,
            can_seek,
            flags: message.u32()?,
            mode: message.u32()?,
            rdev: message.u32()?,
            uid: message.u32()?,
            gid: message.u32()?,
            ino: message.u64()?,
            socket: message.u16()?,
            path: message.rest(),
        };
        let is_sound = ticket.path.len() <= PATH_BYTES_MAX
            && !ticket.path.contains(&0)
            && suits(kind, ticket.mode)
            && is_type(kind, ticket.socket);
        is_sound.then_some(ticket).ok_or(Malformed)
    }
}

/// Whether a file of that type behaves so. A folder is none of them.
const fn suits(kind: Kind, mode: u32) -> bool {
    let of_type = mode & 0o170_000;
    match kind {
        Kind::Pipe => of_type == 0o010_000,
        Kind::Stream | Kind::Packets => of_type == 0o140_000,
        Kind::Terminal | Kind::Device => of_type == 0o020_000,
        Kind::Plain => of_type == 0o100_000 || of_type == 0o060_000,
        // fstat(2) says no type of these.
        Kind::Events => of_type == 0,
    }
}

/// `SOCK_STREAM`.
const STREAM: u16 = 1;
/// Types of sockets are smaller, `SOCK_MAX`.
const TYPE_END: u16 = 11;

/// Whether sockets of that kind may be of this type, and all others of none.
fn is_type(kind: Kind, socket: u16) -> bool {
    match kind {
        Kind::Stream => socket == STREAM,
        Kind::Packets => (STREAM + 1..TYPE_END).contains(&socket),
        _ => socket == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(kind: Kind, mode: u32) -> Ticket<'static> {
        Ticket {
            home: Instance::new(NodeId::new(3).unwrap(), Incarnation(70)),
            handle: Handle::from_wire(0x0005_0001).unwrap(),
            via: NodeId::new(9),
            kind,
            can_seek: true,
            flags: 0o2001,
            mode,
            rdev: 0x8803,
            uid: 1000,
            gid: 5,
            ino: 1 << 40,
            socket: match kind {
                Kind::Stream => 1,
                Kind::Packets => 5,
                _ => 0,
            },
            path: b"/dev/pts/3",
        }
    }

    fn encoded(ticket: &Ticket<'_>) -> Vec<u8> {
        let mut room = [0; TICKET_BYTES_MAX];
        let length = ticket.encode(&mut room).unwrap();
        room[..length].to_vec()
    }

    #[test]
    fn it_arrives_as_it_was() {
        let modes = [
            0o010_600, 0o140_777, 0o140_777, 0o020_620, 0o100_644, 0o020_666, 0o600,
        ];
        for (kind, mode) in Kind::ALL.into_iter().zip(modes) {
            let ticket = ticket(kind, mode);
            assert_eq!(Ticket::decode(&encoded(&ticket)), Ok(ticket));
        }
        let block = ticket(Kind::Plain, 0o060_600);
        assert_eq!(Ticket::decode(&encoded(&block)), Ok(block));
    }

    #[test]
    fn the_longest_fits() {
        let path = [b'x'; PATH_BYTES_MAX + 1];
        let mut ticket = ticket(Kind::Pipe, 0o010_600);
        let mut room = [0; TICKET_BYTES_MAX];
        ticket.path = &path[1..];
        assert_eq!(ticket.encode(&mut room), Ok(TICKET_BYTES_MAX));
        ticket.path = &path;
        assert_eq!(ticket.encode(&mut [0; 2 * TICKET_BYTES_MAX]), Err(NoRoom));
    }

    #[test]
    fn what_is_none_is_refused() {
        let good = encoded(&ticket(Kind::Pipe, 0o010_600));
        for length in 0..52 {
            assert_eq!(Ticket::decode(&good[..length]), Err(Malformed));
        }
        for (place, value) in [
            (0, 0),
            (0, 64),
            (1, 1),
            (18, 64),
            (19, 1),
            (20, 0),
            (20, 7),
            (20, 8),
            (20, 2),
            (21, 2),
            (50, 1),
        ] {
            let mut wrong = good.clone();
            wrong[place] = value;
            assert_eq!(Ticket::decode(&wrong), Err(Malformed), "{place}");
        }
        for folder in Kind::ALL {
            assert_eq!(
                Ticket::decode(&encoded(&ticket(folder, 0o040_755))),
                Err(Malformed)
            );
        }
        let mut name = good.clone();
        name.push(0);
        assert_eq!(Ticket::decode(&name), Err(Malformed));
    }
}
