// SPDX-License-Identifier: GPL-2.0

//! Call of a socket.
//!
//! What is asked of the home of a socket beyond reading and writing. The name is followed by
//! who calls, for those that need to be [judged](Call::is_judged), and the call. An address,
//! control data and a value are as the kernel has them, which is the same on all nodes.
//!
//! ```text
//!  | name | judged 1 | caller, if it is | call |
//!
//!   1 Send      | flags | wait | address | control | tickets | length | data, if it is short
//!   2 Receive   | flags | wait | room for control | length
//!   3 Accept    | wait
//!   4 Connect   | wait | address
//!   5 Bind      | address
//!   6 Listen    | backlog
//!   7 Shutdown  | how
//!   8 Name      | of whom
//!   9 Get       | level | option | room
//!  10 Set       | level | option | value
//! ```
//!
//! The answer to Receive is a [`Received`], to Accept a ticket, to Name an address, to Get a
//! value.

use super::{
    operation::TRANSFER_BYTES_MAX,
    ticket::TICKET_BYTES_MAX, //
};
use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

/// Longest address, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 128;

/// Most control data, in bytes.
pub const CONTROL_BYTES_MAX: usize = 256;

/// Most files that go with a message.
pub const FILES_MAX: usize = 8;

/// Most data that goes beside all of that; more goes in pages.
pub const DATA_BYTES_MAX: usize = 1024;

/// Longest value of an option, in bytes.
pub const VALUE_BYTES_MAX: usize = 512;

/// Longest call, in bytes.
pub const CALL_BYTES_MAX: usize = 32
    + ADDRESS_BYTES_MAX
    + CONTROL_BYTES_MAX
    + FILES_MAX * (1 + TICKET_BYTES_MAX)
    + DATA_BYTES_MAX;

/// Longest [`Received`], in bytes.
pub const RECEIVED_BYTES_MAX: usize = CALL_BYTES_MAX;

/// Most supplementary groups that travel with a call. Who has more has fewer rights at home,
/// never more.
pub const GROUPS_MAX: usize = 28;

/// Flags of send(2) that travel: `MSG_OOB`, `DONTROUTE`, `EOR`, `CONFIRM`, `MORE`.
pub const SEND_FLAGS: u32 = 0x1 | 0x4 | 0x80 | 0x800 | 0x8000;

/// Flags of recv(2) that travel: `MSG_OOB`, `PEEK`, `TRUNC`, `ERRQUEUE`.
pub const RECEIVE_FLAGS: u32 = 0x1 | 0x2 | 0x20 | 0x2000;

/// Flags of recv(2) with which nobody waits: `MSG_OOB`, `ERRQUEUE`.
pub const RECEIVE_AT_ONCE: u32 = 0x1 | 0x2000;

/// Files that go with a message, each a ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tickets<'a>(&'a [u8]);

impl<'a> Tickets<'a> {
    /// The tickets in `bytes`, each behind its length, one byte.
    ///
    /// # Errors
    ///
    /// [`Malformed`], here as below, for what is not what it claims to be; for more than
    /// [`FILES_MAX`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        for _ in 0..FILES_MAX {
            if message.rest().is_empty() {
                break;
            }
            Self::next(&mut message)?;
        }
        message.end()?;
        Ok(Self(bytes))
    }

    fn next(message: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
        let length = usize::from(message.u8()?);
        (length <= TICKET_BYTES_MAX)
            .then_some(message.bytes(length)?)
            .ok_or(Malformed)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut message = Reader::new(self.0);
        core::iter::from_fn(move || Self::next(&mut message).ok())
    }

    fn encode(&self, out: &mut Writer<'_>) {
        put_long(self.0, out);
    }

    fn decode(message: &mut Reader<'a>) -> Result<Self, Malformed> {
        Self::new(long(message, FILES_MAX * (1 + TICKET_BYTES_MAX))?)
    }
}

// Their length is a byte.
const _: () = assert!(TICKET_BYTES_MAX < 256);

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Send<'a> {
    /// Some of [`SEND_FLAGS`].
    pub flags: u32,
    /// Whether to say when there is room, if there is none.
    pub waits: bool,
    /// To whom, empty for whom it is connected to.
    pub address: &'a [u8],
    /// Control data but files.
    pub control: &'a [u8],
    /// Files that go with it.
    pub files: Tickets<'a>,
    /// How much.
    pub bytes: u32,
    /// The data, if it came in the message.
    pub data: &'a [u8],
}

/// What shall be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receive {
    /// Some of [`RECEIVE_FLAGS`].
    pub flags: u32,
    /// Whether to say when there is something, if there is nothing.
    pub waits: bool,
    /// How much control data, in bytes.
    pub control: u16,
    /// How much data.
    pub bytes: u32,
}

/// A call of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call<'a> {
    /// As sendmsg(2).
    Send(Send<'a>),
    /// As recvmsg(2).
    Receive(Receive),
    /// As accept(2); whether to say when somebody comes.
    Accept(bool),
    /// As connect(2); whether to say when it is done, and to whom.
    Connect(bool, &'a [u8]),
    /// As bind(2).
    Bind(&'a [u8]),
    /// As listen(2).
    Listen(u32),
    /// As shutdown(2).
    Shutdown(u8),
    /// As getsockname(2) for 0, as getpeername(2) for 1, and for 2 of one that was accepted.
    Name(u8),
    /// As getsockopt(2): level, option, room for the value.
    Get(u32, u32, u16),
    /// As setsockopt(2): level, option, value.
    Set(u32, u32, &'a [u8]),
}

impl<'a> Call<'a> {
    /// Whether it depends on who makes it.
    pub const fn is_judged(&self) -> bool {
        match self {
            Self::Send(_) | Self::Connect(..) | Self::Bind(_) | Self::Listen(_) => true,
            Self::Set(..) => true,
            Self::Receive(_) | Self::Accept(_) | Self::Shutdown(_) => false,
            Self::Name(_) | Self::Get(..) => false,
        }
    }

    /// Puts it behind the name.
    pub fn encode(&self, out: &mut Writer<'_>) {
        match *self {
            Self::Send(send) => send.encode(out.u8(1)),
            Self::Receive(receive) => receive.encode(out.u8(2)),
            Self::Accept(waits) => {
                out.u8(3).u8(waits.into());
            }
            Self::Connect(waits, address) => {
                out.u8(4).u8(waits.into()).bytes(address);
            }
            Self::Bind(address) => {
                out.u8(5).bytes(address);
            }
            Self::Listen(backlog) => {
                out.u8(6).u32(backlog);
            }
            Self::Shutdown(how) => {
                out.u8(7).u8(how);
            }
            Self::Name(whose) => {
                out.u8(8).u8(whose);
            }
            Self::Get(level, option, room) => {
                out.u8(9).u32(level).u32(option).u16(room);
            }
            Self::Set(level, option, value) => {
                out.u8(10).u32(level).u32(option).bytes(value);
            }
        }
    }

    /// Reads one to the end of the message.
    pub fn decode(mut message: Reader<'a>) -> Result<Self, Malformed> {
        let code = message.u8()?;
        let call = match code {
            1 => return Send::decode(message).map(Self::Send),
            2 => Self::Receive(Receive::decode(&mut message)?),
            3 => Self::Accept(message.flag()?),
            4 => {
                let waits = message.flag()?;
                return Ok(Self::Connect(waits, address(message.rest())?));
            }
            5 => return address(message.rest()).map(Self::Bind),
            6 => Self::Listen(message.u32()?),
            7 => Self::Shutdown(up_to(2, message.u8()?)?),
            8 => Self::Name(up_to(2, message.u8()?)?),
            9 => Self::Get(message.u32()?, message.u32()?, room(&mut message)?),
            10 => {
                let (level, option) = (message.u32()?, message.u32()?);
                let value = up_to_bytes(VALUE_BYTES_MAX, message.rest())?;
                return Ok(Self::Set(level, option, value));
            }
            _ => return Err(Malformed),
        };
        message.end()?;
        Ok(call)
    }
}

impl<'a> Send<'a> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.flags).u8(self.waits.into());
        put_long(self.address, out);
        put_long(self.control, out);
        self.files.encode(out);
        out.u32(self.bytes).bytes(self.data);
    }

    fn decode(mut message: Reader<'a>) -> Result<Self, Malformed> {
        let send = Self {
            flags: message.u32()?,
            waits: message.flag()?,
            address: long(&mut message, ADDRESS_BYTES_MAX)?,
            control: long(&mut message, CONTROL_BYTES_MAX)?,
            files: Tickets::decode(&mut message)?,
            bytes: message.u32()?,
            data: message.rest(),
        };
        let is_sound = send.flags & !SEND_FLAGS == 0
            && usize::try_from(send.bytes).is_ok_and(|bytes| {
                bytes <= TRANSFER_BYTES_MAX && (send.data.is_empty() || send.data.len() == bytes)
            });
        is_sound.then_some(send).ok_or(Malformed)
    }
}

impl Receive {
    fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.flags)
            .u8(self.waits.into())
            .u16(self.control)
            .u32(self.bytes);
    }

    fn decode(message: &mut Reader<'_>) -> Result<Self, Malformed> {
        let receive = Self {
            flags: message.u32()?,
            waits: message.flag()?,
            control: message.u16()?,
            bytes: message.u32()?,
        };
        let is_sound = receive.flags & !RECEIVE_FLAGS == 0
            && usize::from(receive.control) <= CONTROL_BYTES_MAX
            && usize::try_from(receive.bytes).is_ok_and(|bytes| bytes <= TRANSFER_BYTES_MAX);
        is_sound.then_some(receive).ok_or(Malformed)
    }
}

/// What was received. The data is behind it, or in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// Flags as recvmsg(2) gives them.
    pub flags: u32,
    /// From whom.
    pub address: &'a [u8],
    /// Control data but files.
    pub control: &'a [u8],
    /// Files that came with it.
    pub files: Tickets<'a>,
    /// The data, if it goes in the message.
    pub data: &'a [u8],
}

impl<'a> Received<'a> {
    /// As it travels.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.u32(self.flags);
        put_long(self.address, out);
        put_long(self.control, out);
        self.files.encode(out);
        out.bytes(self.data);
    }

    /// Reads one.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        Ok(Self {
            flags: message.u32()?,
            address: long(&mut message, ADDRESS_BYTES_MAX)?,
            control: long(&mut message, CONTROL_BYTES_MAX)?,
            files: Tickets::decode(&mut message)?,
            data: message.rest(),
        })
    }
}

/// Bytes behind their length, two bytes. What is longer than that can say is cut short, which
/// nobody does: all of it has a limit below.
fn put_long(bytes: &[u8], out: &mut Writer<'_>) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let bytes = bytes.get(..length.into()).unwrap_or_default();
    out.u16(length).bytes(bytes);
}

fn long<'a>(message: &mut Reader<'a>, most: usize) -> Result<&'a [u8], Malformed> {
    let length = usize::from(message.u16()?);
    up_to_bytes(most, message.bytes(length)?)
}

fn up_to_bytes(most: usize, bytes: &[u8]) -> Result<&[u8], Malformed> {
    (bytes.len() <= most).then_some(bytes).ok_or(Malformed)
}

fn up_to(most: u8, number: u8) -> Result<u8, Malformed> {
    (number <= most).then_some(number).ok_or(Malformed)
}

/// An address. It says of which family it is.
fn address(bytes: &[u8]) -> Result<&[u8], Malformed> {
    up_to_bytes(ADDRESS_BYTES_MAX, bytes)
}

fn room(message: &mut Reader<'_>) -> Result<u16, Malformed> {
    let room = message.u16()?;
    (usize::from(room) <= VALUE_BYTES_MAX)
        .then_some(room)
        .ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(encode: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let mut room = [0; CALL_BYTES_MAX];
        let mut out = Writer::new(&mut room);
        encode(&mut out);
        let length = out.finish().unwrap();
        room[..length].to_vec()
    }

    fn tickets(count: usize) -> Vec<u8> {
        let length = u8::try_from(TICKET_BYTES_MAX).unwrap();
        let one = [&[length][..], &[7; TICKET_BYTES_MAX]].concat();
        one.repeat(count)
    }

    fn send<'a>(files: &'a [u8], data: &'a [u8]) -> Send<'a> {
        Send {
            flags: SEND_FLAGS,
            waits: true,
            address: &[1; ADDRESS_BYTES_MAX],
            control: &[2; CONTROL_BYTES_MAX],
            files: Tickets::new(files).unwrap(),
            bytes: u32::try_from(data.len()).unwrap(),
            data,
        }
    }

    fn receive(flags: u32, control: u16, bytes: u32) -> Call<'static> {
        Call::Receive(Receive {
            flags,
            waits: false,
            control,
            bytes,
        })
    }

    #[test]
    fn a_call_arrives_as_it_was() {
        let files = tickets(FILES_MAX);
        let calls = [
            Call::Send(send(&files, &[3; DATA_BYTES_MAX])),
            Call::Send(send(&[], b"")),
            receive(RECEIVE_FLAGS, CONTROL_BYTES_MAX as u16, 1 << 20),
            Call::Accept(true),
            Call::Connect(false, &[4; ADDRESS_BYTES_MAX]),
            Call::Bind(b""),
            Call::Listen(u32::MAX),
            Call::Shutdown(2),
            Call::Name(2),
            Call::Get(1, 4, 4),
            Call::Set(6, 1, &[5; VALUE_BYTES_MAX]),
        ];
        for call in calls {
            let bytes = written(|out| call.encode(out));
            assert_eq!(Call::decode(Reader::new(&bytes)), Ok(call));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let long = [0; VALUE_BYTES_MAX + 1];
        for wrong in [
            receive(RECEIVE_FLAGS << 1, 0, 0),
            receive(0, CONTROL_BYTES_MAX as u16 + 1, 0),
            receive(0, 0, (1 << 20) + 1),
            Call::Connect(true, &long[..=ADDRESS_BYTES_MAX]),
            Call::Bind(&long[..=ADDRESS_BYTES_MAX]),
            Call::Shutdown(3),
            Call::Name(3),
            Call::Get(1, 4, VALUE_BYTES_MAX as u16 + 1),
            Call::Set(1, 2, &long),
            Call::Send(Send {
                flags: 0x40,
                ..send(&[], b"")
            }),
            Call::Send(Send {
                bytes: 5,
                ..send(&[], b"data")
            }),
            Call::Send(Send {
                address: &long[..=ADDRESS_BYTES_MAX],
                ..send(&[], b"")
            }),
        ] {
            let bytes = written(|out| wrong.encode(out));
            assert_eq!(
                Call::decode(Reader::new(&bytes)),
                Err(Malformed),
                "{wrong:?}"
            );
        }
        for bytes in [&[0][..], &[11], &[3, 2], &[3, 1, 0], &[7], &[]] {
            assert_eq!(
                Call::decode(Reader::new(bytes)),
                Err(Malformed),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn so_many_files_go_with_a_message() {
        let one_more = tickets(FILES_MAX + 1);
        assert_eq!(Tickets::new(&one_more), Err(Malformed));
        assert_eq!(
            Tickets::new(&[TICKET_BYTES_MAX as u8 + 1; 256]),
            Err(Malformed)
        );
        assert_eq!(Tickets::new(&[2, 0]), Err(Malformed));
        let files = Tickets::new(&[1, 7, 0, 2, 8, 9]).unwrap();
        assert!(files.iter().eq([&[7][..], &[], &[8, 9]]));
    }

    #[test]
    fn what_was_received_arrives_as_it_was() {
        let files = tickets(FILES_MAX);
        let received = Received {
            flags: u32::MAX,
            address: &[1; ADDRESS_BYTES_MAX],
            control: &[2; CONTROL_BYTES_MAX],
            files: Tickets::new(&files).unwrap(),
            data: &[3; DATA_BYTES_MAX],
        };
        let bytes = written(|out| received.encode(out));
        assert!(bytes.len() <= RECEIVED_BYTES_MAX);
        assert_eq!(Received::decode(&bytes), Ok(received));
        let head = bytes.len() - DATA_BYTES_MAX;
        for length in 0..head {
            assert_eq!(Received::decode(&bytes[..length]), Err(Malformed));
        }
    }
}
