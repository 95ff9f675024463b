// SPDX-License-Identifier: GPL-2.0

//! Question to a home.
//!
//! Every question begins with the name of the file. The answer's result is 0 or more, or
//! the negative number of an error; `EAGAIN` says that the file is not ready, and that
//! its home will say [`Ready`] if that was asked for. For who waits some time and not for
//! ever, its body says how long, in microseconds, eight bytes.
//!
//! ```text
//!  Read, Write  | name | flags | wait | position | length | data of Write, if it is short
//!  Poll         | name | events | wait
//!  Device       | name | number | argument | memory
//!  Seek         | name | offset | whence
//!  Status       | name
//!  Truncate     | name | length
//!  Sync         | name | start | end | data only
//!  Close        | name | claims
//!  Grant        | name | node
//!  Withdraw     | name
//!  Taken        | name
//!  Lock         | name | lock | wait
//!  Socket       | name | call, see [`socket`](super::socket)
//!  RecordLock, Unlock, MoveLocks               see [`record_lock`](super::record_lock)
//!  Owner        | name | request, see [`owner`](super::owner)
//!  Ready        | name | events                      from the home
//! ```

use super::handles::Handle;
use crate::{
    ids::NodeId,
    wire::{
        Malformed,
        Reader,
        Writer, //
    }, //
};

/// Most bytes that travel in a message; more go in pages.
pub const INLINE_BYTES_MAX: usize = 3000;

/// Most bytes of a transfer: what pages can carry.
pub const TRANSFER_BYTES_MAX: usize = 1 << 20;

/// Most bytes of a transfer of a file that is read as far as it has something, and takes
/// as much as it has room for: those that do not go come again.
pub const STREAM_BYTES_MAX: usize = 1 << 16;

/// The result of an answer that is none: ask again soon. No number of an error is as large.
pub const SOON: i32 = -10_001;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// To read.
    Read,
    /// To write.
    Write,
    /// Whether it is ready.
    Poll,
    /// To make an ioctl(2).
    Device,
    /// To change the position.
    Seek,
    /// What fstat(2) says.
    Status,
    /// To change the length.
    Truncate,
    /// To write it to its disk.
    Sync,
    /// Nothing any more: it was closed. Not answered.
    Close,
    /// A ticket for another node.
    Grant,
    /// To forget a ticket for another node, which does not go.
    Withdraw,
    /// Nothing: a ticket has arrived. Not answered.
    Taken,
    /// To lock it, as flock(2) does.
    Lock,
    /// What sockets alone can do.
    Socket,
    /// To lock a part, as fcntl(2) does.
    RecordLock,
    /// To end all such locks of a process, which closed it.
    Unlock,
    /// Nothing: who has such locks is on another node now.
    MoveLocks,
    /// Who is sent signals for it.
    Owner,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Read,
        Self::Write,
        Self::Poll,
        Self::Device,
        Self::Seek,
        Self::Status,
        Self::Truncate,
        Self::Sync,
        Self::Close,
        Self::Grant,
        Self::Withdraw,
        Self::Taken,
        Self::Lock,
        Self::Socket,
        Self::RecordLock,
        Self::Unlock,
        Self::MoveLocks,
        Self::Owner,
    ];

    /// Its number.
    pub const fn code(self) -> u16 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Poll => 3,
            Self::Device => 4,
            Self::Seek => 5,
            Self::Status => 6,
            Self::Truncate => 7,
            Self::Sync => 8,
            Self::Close => 9,
            Self::Grant => 10,
            Self::Withdraw => 11,
            Self::Taken => 12,
            Self::Lock => 13,
            Self::Socket => 14,
            Self::RecordLock => 15,
            Self::Unlock => 16,
            Self::MoveLocks => 17,
            Self::Owner => 18,
        }
    }

    /// The one with this number.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.code() == code)
    }
}

/// Takes the name of the file off a question.
///
/// # Errors
///
/// [`Malformed`] for none, here as below for what is not what it claims to be.
pub fn handle(message: &mut Reader<'_>) -> Result<Handle, Malformed> {
    Handle::from_wire(message.u64()?).ok_or(Malformed)
}

/// Arguments of Read and Write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer<'a> {
    /// Flags of open(2) that hold for who asks.
    pub flags: u32,
    /// Whether to say when it is ready, if it is not.
    pub waits: bool,
    /// Where, `None` for where all users of the file are.
    pub position: Option<u64>,
    /// How much.
    pub bytes: u32,
    /// What is written, if it came in the message.
    pub data: &'a [u8],
}

/// The position that is none.
const NO_POSITION: u64 = u64::MAX;

impl<'a> Transfer<'a> {
    /// Puts it behind the name.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.flags)
            .u8(self.waits.into())
            .u64(self.position.unwrap_or(NO_POSITION))
            .u32(self.bytes)
            .bytes(self.data);
    }

    /// Reads it to the end of the message.
    pub fn decode(mut message: Reader<'a>) -> Result<Self, Malformed> {
        let transfer = Self {
            flags: message.u32()?,
            waits: message.flag()?,
            position: Some(message.u64()?).filter(|&position| position != NO_POSITION),
            bytes: message.u32()?,
            data: message.rest(),
        };
        let is_sound = usize::try_from(transfer.bytes).is_ok_and(|bytes| {
            bytes <= TRANSFER_BYTES_MAX
                && (transfer.data.is_empty() || transfer.data.len() == bytes)
        });
        let has_place = transfer
            .position
            .is_none_or(|position| i64::try_from(position).is_ok());
        (is_sound && has_place).then_some(transfer).ok_or(Malformed)
    }
}

/// Arguments of Poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// What for.
    pub events: u32,
    /// Whether to say when one of them happens.
    pub waits: bool,
}

impl Poll {
    /// Puts it behind the name.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u32(self.events).u8(self.waits.into());
    }

    /// Reads it to the end of the message.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let poll = Self {
            events: message.u32()?,
            waits: message.flag()?,
        };
        message.end()?;
        Ok(poll)
    }
}

/// Arguments of Device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device<'a> {
    /// Number of the call.
    pub number: u32,
    /// Its argument, if that is a number.
    pub argument: u64,
    /// Its memory, if that is read.
    pub memory: &'a [u8],
}

impl<'a> Device<'a> {
    /// Puts it behind the name.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.number).u64(self.argument).bytes(self.memory);
    }

    /// Reads it to the end of the message.
    pub fn decode(mut message: Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            number: message.u32()?,
            argument: message.u64()?,
            memory: message.rest(),
        })
    }
}

/// Arguments of Seek. The answer's body is the new position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seek {
    /// How far.
    pub offset: u64,
    /// From where, as lseek(2) has it.
    pub whence: u32,
}

impl Seek {
    /// Puts it behind the name.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u64(self.offset).u32(self.whence);
    }

    /// Reads it to the end of the message.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let seek = Self {
            offset: message.u64()?,
            whence: message.u32()?,
        };
        message.end()?;
        Ok(seek)
    }
}

/// Arguments of Sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sync {
    /// First byte.
    pub start: u64,
    /// Last byte.
    pub end: u64,
    /// Without what is not needed to find the data.
    pub is_data_only: bool,
}

impl Sync {
    /// Puts it behind the name.
    pub fn encode(self, out: &mut Writer<'_>) {
        out.u64(self.start)
            .u64(self.end)
            .u8(self.is_data_only.into());
    }

    /// Reads it to the end of the message.
    pub fn decode(mut message: Reader<'_>) -> Result<Self, Malformed> {
        let sync = Self {
            start: message.u64()?,
            end: message.u64()?,
            is_data_only: message.flag()?,
        };
        message.end()?;
        let is_place = |place| i64::try_from(place).is_ok();
        (is_place(sync.start) && is_place(sync.end))
            .then_some(sync)
            .ok_or(Malformed)
    }
}

/// A lock of flock(2) or fcntl(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Shared with other readers.
    Shared,
    /// Shared with nobody.
    Exclusive,
    /// None.
    None,
}

impl Lock {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 3] = [Self::Shared, Self::Exclusive, Self::None];

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Shared => 1,
            Self::Exclusive => 2,
            Self::None => 3,
        }
    }

    pub(super) fn from_code(code: u8) -> Result<Self, Malformed> {
        let mut all = Self::ALL.into_iter();
        all.find(|lock| lock.code() == code).ok_or(Malformed)
    }

    /// Puts it behind the name; `waits` says whether to wait for others.
    pub fn encode(self, waits: bool, out: &mut Writer<'_>) {
        out.u8(self.code()).u8(waits.into());
    }

    /// Reads it, and whether to wait, to the end of the message.
    pub fn decode(mut message: Reader<'_>) -> Result<(Self, bool), Malformed> {
        let lock = Self::from_code(message.u8()?)?;
        let waits = message.flag()?;
        message.end()?;
        Ok((lock, waits))
    }
}

/// Reads the length of Truncate, or a position, to the end of the message.
pub fn place(mut message: Reader<'_>) -> Result<u64, Malformed> {
    let place = message.u64()?;
    message.end()?;
    i64::try_from(place).map(|_| place).map_err(|_| Malformed)
}

/// Reads the claims of Close to the end of the message.
pub fn claims(mut message: Reader<'_>) -> Result<u32, Malformed> {
    let claims = message.u32()?;
    message.end()?;
    Ok(claims)
}

/// Reads the node of Grant to the end of the message.
pub fn node(mut message: Reader<'_>) -> Result<NodeId, Malformed> {
    let node = NodeId::read(&mut message)?;
    message.end()?;
    Ok(node)
}

/// What the home of a file says of it: something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// To which file.
    pub handle: Handle,
    /// What, as poll(2) has it.
    pub events: u32,
}

/// Bytes of it.
pub const READY_BYTES: usize = 12;

impl Ready {
    /// As it travels.
    pub fn encode(self) -> [u8; READY_BYTES] {
        let mut bytes = [0; READY_BYTES];
        Writer::new(&mut bytes)
            .u64(self.handle.get())
            .u32(self.events);
        bytes
    }

    /// Reads one.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        let ready = Self {
            handle: handle(&mut message)?,
            events: message.u32()?,
        };
        message.end()?;
        Ok(ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `encode` writes.
    fn written(encode: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let mut room = [0; 4096];
        let mut out = Writer::new(&mut room);
        encode(&mut out);
        let length = out.finish().unwrap();
        room[..length].to_vec()
    }

    /// Every message but the whole one is refused by `decode`.
    fn is_whole<T: PartialEq + core::fmt::Debug>(
        bytes: &[u8],
        value: T,
        decode: impl Fn(Reader<'_>) -> Result<T, Malformed>,
    ) {
        for length in 0..bytes.len() {
            assert_eq!(decode(Reader::new(&bytes[..length])), Err(Malformed));
        }
        assert_eq!(decode(Reader::new(bytes)), Ok(value));
        let longer = [bytes, &[0]].concat();
        assert_eq!(decode(Reader::new(&longer)), Err(Malformed));
    }

    #[test]
    fn operations_have_numbers() {
        for operation in Operation::ALL {
            assert_eq!(Operation::from_code(operation.code()), Some(operation));
        }
        assert_eq!(
            (Operation::from_code(0), Operation::from_code(19)),
            (None, None)
        );
    }

    #[test]
    fn a_transfer_arrives_as_it_was() {
        let mut transfer = Transfer {
            flags: 0o2000,
            waits: true,
            position: Some(7),
            bytes: 4,
            data: b"data",
        };
        for position in [Some(7), None, Some(0), Some(i64::MAX.unsigned_abs())] {
            for data in [&b"data"[..], b""] {
                (transfer.position, transfer.data) = (position, data);
                let bytes = written(|out| transfer.encode(out));
                assert_eq!(Transfer::decode(Reader::new(&bytes)), Ok(transfer));
            }
        }
    }

    #[test]
    fn a_transfer_is_bounded() {
        let transfer = |position, bytes, data| Transfer {
            flags: 0,
            waits: false,
            position,
            bytes,
            data,
        };
        let long = TRANSFER_BYTES_MAX as u32;
        assert!(decoded(&transfer(None, long, b"")).is_ok());
        for wrong in [
            transfer(None, long + 1, b""),
            transfer(None, 3, b"data"),
            transfer(None, 5, b"data"),
            transfer(Some(1 << 63), 0, b""),
        ] {
            assert_eq!(decoded(&wrong), Err(Malformed));
        }
        let mut unclear = written(|out| transfer(None, 0, b"").encode(out));
        unclear[4] = 2;
        assert_eq!(Transfer::decode(Reader::new(&unclear)), Err(Malformed));
    }

    fn decoded(transfer: &Transfer<'_>) -> Result<(), Malformed> {
        let bytes = written(|out| transfer.encode(out));
        Transfer::decode(Reader::new(&bytes)).map(|_| ())
    }

    #[test]
    fn arguments_are_as_long_as_they_are() {
        let poll = Poll {
            events: 0x41,
            waits: true,
        };
        is_whole(&written(|out| poll.encode(out)), poll, Poll::decode);
        let (offset, whence) = (u64::MAX, 2);
        let seek = Seek { offset, whence };
        is_whole(&written(|out| seek.encode(out)), seek, Seek::decode);
        let sync = Sync {
            start: 1,
            end: i64::MAX.unsigned_abs(),
            is_data_only: true,
        };
        is_whole(&written(|out| sync.encode(out)), sync, Sync::decode);
        for lock in Lock::ALL {
            is_whole(
                &written(|out| lock.encode(true, out)),
                (lock, true),
                Lock::decode,
            );
        }
        assert_eq!(Lock::decode(Reader::new(&[4, 0])), Err(Malformed));
        is_whole(&5u64.to_le_bytes(), 5, place);
        is_whole(&6u32.to_le_bytes(), 6, claims);
        is_whole(&[7, 0], NodeId::new(7).unwrap(), node);
        assert_eq!(node(Reader::new(&[64, 0])), Err(Malformed));
        assert_eq!(place(Reader::new(&u64::MAX.to_le_bytes())), Err(Malformed));
    }

    #[test]
    fn a_call_of_a_device_brings_its_memory() {
        let device = Device {
            number: 0x5402,
            argument: 0,
            memory: &[1; 36],
        };
        let bytes = written(|out| device.encode(out));
        assert_eq!(Device::decode(Reader::new(&bytes)), Ok(device));
        assert_eq!(Device::decode(Reader::new(&bytes[..11])), Err(Malformed));
    }

    #[test]
    fn a_notice_arrives_as_it_was() {
        let handle = Handle::from_wire(0x1_0001).unwrap();
        let ready = Ready { handle, events: 5 };
        let bytes = ready.encode();
        is_whole(&bytes, ready, |message| Ready::decode(message.rest()));
        assert_eq!(Ready::decode(&[0; READY_BYTES]), Err(Malformed));
    }
}
