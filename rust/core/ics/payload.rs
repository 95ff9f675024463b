// SPDX-License-Identifier: GPL-2.0

//! Payloads of frames.
//!
//! What stands behind the header of a request, a reply, a piece of a transfer
//! and the note how far one has arrived. The payload of a membership frame is
//! CLMS's; Hello, Proof and Refuse are in [`super::handshake`].

use crate::wire::{
    Malformed,
    Reader,
    Writer, //
};

use super::frame::{
    ARGS_BYTES_MAX,
    BODY_BYTES_MAX,
    BULK_BYTES_MAX,
    CHUNK_BYTES_MAX,
    INSIDE_BYTES_MAX, //
};

/// Bytes of a request before its arguments.
pub const REQUEST_HEAD_BYTES: usize = 24;
/// Bytes of a reply before its body.
pub const REPLY_HEAD_BYTES: usize = 16;
/// Bytes of a chunk before its data.
pub const CHUNK_HEAD_BYTES: usize = 8;
/// Bytes of a note how far a transfer has arrived.
pub const AT_BYTES: usize = 8;

/// A service by the hash of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u64);

impl ServiceId {
    /// The service with this name: the 64-bit FNV-1a hash of it. Two names with
    /// one hash are told apart when they are registered, on a node that has both.
    pub const fn of(name: &str) -> Self {
        let mut bytes = name.as_bytes();
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        while let [first, rest @ ..] = bytes {
            let [low, high @ ..] = hash.to_le_bytes();
            let [a, b, c, d, e, f, g] = high;
            hash = u64::from_le_bytes([low ^ *first, a, b, c, d, e, f, g]);
            hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
            bytes = rest;
        }
        Self(hash)
    }
}

/// What is asked of which service.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 8 | service |
/// | 8 | 2 | version of the service |
/// | 10 | 2 | operation |
/// | 12 | 4 | bytes that come on the bulk connection |
/// | 16 | 4 | most bytes of pages the reply may bring |
/// | 20 | 4 | bytes of pages behind the arguments; not with a transfer |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// The service.
    pub service: ServiceId,
    /// Which version of it.
    pub version: u16,
    /// What it shall do.
    pub operation: u16,
    /// Bytes of the transfer that goes with the request, 0 for none.
    pub bulk: u32,
    /// Most bytes of pages the caller takes with the reply, 0 for none.
    pub reply_bulk_max: u32,
    /// Bytes of pages that are in the frame, 0 for none.
    pub inside: u32,
}

impl RequestHead {
    /// The head as it travels.
    pub fn encode(&self) -> [u8; REQUEST_HEAD_BYTES] {
        let mut bytes = [0; REQUEST_HEAD_BYTES];
        Writer::new(&mut bytes)
            .u64(self.service.0)
            .u16(self.version)
            .u16(self.operation)
            .u32(self.bulk)
            .u32(self.reply_bulk_max)
            .u32(self.inside);
        bytes
    }

    /// Reads a request: its head, its arguments and pages.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where a length is beyond its limit or the head is cut off.
    pub fn parse(payload: &[u8]) -> Result<(Self, Rest<'_>), Malformed> {
        let mut reader = Reader::new(payload);
        let head = Self {
            service: ServiceId(reader.u64()?),
            version: reader.u16()?,
            operation: reader.u16()?,
            bulk: bulk_bytes(reader.u32()?)?,
            reply_bulk_max: bulk_bytes(reader.u32()?)?,
            inside: reader.u32()?,
        };
        let rest = Rest::parse(reader.rest(), head.bulk, head.inside, ARGS_BYTES_MAX)?;
        Ok((head, rest))
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The service answered; its result is in the reply.
    Answered,
    /// It was meant for an epoch that is gone and had no effect. Not seen by
    /// callers: the request is issued once more.
    Stale,
    /// The client was beyond its credit.
    Busy,
    /// The node has no such service.
    NoService,
    /// The node has the service in another version.
    NoVersion,
    /// The service has no such operation.
    NoOperation,
    /// The arguments are none the operation knows.
    BadArguments,
    /// The server dropped the request without an answer.
    Abandoned,
    /// It was cancelled before it had an effect.
    Cancelled,
    /// A node had no memory for the transfer.
    NoMemory,
}

impl Status {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 10] = [
        Self::Answered,
        Self::Stale,
        Self::Busy,
        Self::NoService,
        Self::NoVersion,
        Self::NoOperation,
        Self::BadArguments,
        Self::Abandoned,
        Self::Cancelled,
        Self::NoMemory,
    ];

    /// The status on the wire, `0..=9`.
    pub const fn code(self) -> u8 {
        match self {
            Self::Answered => 0,
            Self::Stale => 1,
            Self::Busy => 2,
            Self::NoService => 3,
            Self::NoVersion => 4,
            Self::NoOperation => 5,
            Self::BadArguments => 6,
            Self::Abandoned => 7,
            Self::Cancelled => 8,
            Self::NoMemory => 9,
        }
    }

    /// The status with this code, `None` for any other.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// A word for the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Stale => "stale",
            Self::Busy => "busy",
            Self::NoService => "no such service",
            Self::NoVersion => "no such version of the service",
            Self::NoOperation => "no such operation",
            Self::BadArguments => "bad arguments",
            Self::Abandoned => "abandoned",
            Self::Cancelled => "cancelled",
            Self::NoMemory => "no memory",
        }
    }
}

/// How it went.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 1 | status |
/// | 1 | 1 | zero |
/// | 2 | 2 | requests that may now be on their way at once, 0: as before |
/// | 4 | 4 | the service's own result |
/// | 8 | 4 | bytes that come on the bulk connection |
/// | 12 | 4 | bytes of pages behind the body; not with a transfer |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHead {
    /// How the request ended.
    pub status: Status,
    /// Requests that may be on their way at once to this service at this level;
    /// 0 changes nothing.
    pub credits: u16,
    /// The service's own result; 0 unless the status is [`Status::Answered`].
    pub result: i32,
    /// Bytes of the transfer that goes with the reply, 0 for none.
    pub bulk: u32,
    /// Bytes of pages that are in the frame, 0 for none.
    pub inside: u32,
}

impl ReplyHead {
    /// Bytes of pages that come with the reply, on whatever connection.
    pub const fn pages(&self) -> u32 {
        self.bulk.saturating_add(self.inside)
    }

    /// The head as it travels.
    pub fn encode(&self) -> [u8; REPLY_HEAD_BYTES] {
        let mut bytes = [0; REPLY_HEAD_BYTES];
        Writer::new(&mut bytes)
            .u8(self.status.code())
            .u8(0)
            .u16(self.credits)
            .i32(self.result)
            .u32(self.bulk)
            .u32(self.inside);
        bytes
    }

    /// Reads a reply: its head, its body and pages.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where a length is beyond its limit, the status unknown or
    /// the head cut off.
    pub fn parse(payload: &[u8]) -> Result<(Self, Rest<'_>), Malformed> {
        let mut reader = Reader::new(payload);
        let status = Status::from_code(reader.u8()?).ok_or(Malformed)?;
        reader.zeros(1)?;
        let head = Self {
            status,
            credits: reader.u16()?,
            result: reader.i32()?,
            bulk: bulk_bytes(reader.u32()?)?,
            inside: reader.u32()?,
        };
        let rest = Rest::parse(reader.rest(), head.bulk, head.inside, BODY_BYTES_MAX)?;
        let is_bare = head.result == 0 && head.pages() == 0 && rest.bytes.is_empty();
        if head.status != Status::Answered && !is_bare {
            return Err(Malformed);
        }
        Ok((head, rest))
    }
}

/// What stands behind the head of a request or reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest<'a> {
    /// The arguments, or the body.
    pub bytes: &'a [u8],
    /// What the pages hold that are in the frame.
    pub pages: &'a [u8],
}

impl<'a> Rest<'a> {
    fn parse(rest: &'a [u8], bulk: u32, inside: u32, most: usize) -> Result<Self, Malformed> {
        if inside > INSIDE_BYTES_MAX || (inside > 0 && bulk > 0) {
            return Err(Malformed);
        }
        let inside = usize::try_from(inside).map_err(|_| Malformed)?;
        let end = rest.len().checked_sub(inside).ok_or(Malformed)?;
        let (bytes, pages) = rest.split_at_checked(end).ok_or(Malformed)?;
        let bytes = at_most(bytes, most)?;
        Ok(Self { bytes, pages })
    }
}

/// Where in its transfer the data of a chunk belongs.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 4 | offset of the first byte in the transfer |
/// | 4 | 4 | bytes of the whole transfer |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkHead {
    /// Place of the first byte.
    pub offset: u32,
    /// Bytes of the whole transfer.
    pub total: u32,
}

impl ChunkHead {
    /// The head as it travels.
    pub fn encode(&self) -> [u8; CHUNK_HEAD_BYTES] {
        let mut bytes = [0; CHUNK_HEAD_BYTES];
        Writer::new(&mut bytes).u32(self.offset).u32(self.total);
        bytes
    }

    /// Reads the first bytes of a chunk whose frame has a payload of `length`.
    /// Gives the bytes of data behind them, at least one.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where the data would not lie within the transfer.
    pub fn parse(bytes: &[u8; CHUNK_HEAD_BYTES], length: u32) -> Result<(Self, u32), Malformed> {
        let mut reader = Reader::new(bytes);
        let head = Self {
            offset: reader.u32()?,
            total: bulk_bytes(reader.u32()?)?,
        };
        let head_bytes = u32::try_from(CHUNK_HEAD_BYTES).map_err(|_| Malformed)?;
        let data = length.checked_sub(head_bytes).ok_or(Malformed)?;
        let end = head.offset.checked_add(data).ok_or(Malformed)?;
        if data == 0 || data > CHUNK_BYTES_MAX || end > head.total {
            return Err(Malformed);
        }
        Ok((head, data))
    }
}

/// What the receiver of a transfer says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// Go on from the offset.
    More,
    /// Stop, and go on when told to: there is no room for a transfer whose
    /// request or reply has not come yet.
    Wait,
    /// All of it is there, or it is not wanted any more: forget it.
    Done,
    /// There is no memory for it: forget it.
    NoMemory,
}

impl Arrival {
    /// As on the wire, `0..=3`.
    pub const fn code(self) -> u8 {
        match self {
            Self::More => 0,
            Self::Wait => 1,
            Self::Done => 2,
            Self::NoMemory => 3,
        }
    }

    /// The one with this code, `None` for any other.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::More),
            1 => Some(Self::Wait),
            2 => Some(Self::Done),
            3 => Some(Self::NoMemory),
            _ => None,
        }
    }
}

/// How far a transfer has arrived.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 4 | bytes that are there |
/// | 4 | 1 | what to do next |
/// | 5 | 3 | zero |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Bytes that are there.
    pub offset: u32,
    /// What to do next.
    pub arrival: Arrival,
}

impl At {
    /// The note as it travels.
    pub fn encode(&self) -> [u8; AT_BYTES] {
        let mut bytes = [0; AT_BYTES];
        Writer::new(&mut bytes)
            .u32(self.offset)
            .u8(self.arrival.code());
        bytes
    }

    /// Reads a note.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where it is not one.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        let note = Self {
            offset: bulk_bytes(reader.u32()?)?,
            arrival: Arrival::from_code(reader.u8()?).ok_or(Malformed)?,
        };
        reader.zeros(3)?;
        reader.end()?;
        Ok(note)
    }
}

fn bulk_bytes(bytes: u32) -> Result<u32, Malformed> {
    (bytes <= BULK_BYTES_MAX).then_some(bytes).ok_or(Malformed)
}

fn at_most(bytes: &[u8], max: usize) -> Result<&[u8], Malformed> {
    (bytes.len() <= max).then_some(bytes).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: RequestHead = RequestHead {
        service: ServiceId::of("ssi.test"),
        version: 1,
        operation: 2,
        bulk: 4096,
        reply_bulk_max: BULK_BYTES_MAX,
        inside: 0,
    };
    const REPLY: ReplyHead = ReplyHead {
        status: Status::Answered,
        credits: 16,
        result: -5,
        bulk: 1,
        inside: 0,
    };

    fn rest<'a>(bytes: &'a [u8], pages: &'a [u8]) -> Rest<'a> {
        Rest { bytes, pages }
    }

    #[test]
    fn the_hash_of_a_name_is_fnv_1a() {
        assert_eq!(ServiceId::of(""), ServiceId(0xcbf2_9ce4_8422_2325));
        assert_eq!(ServiceId::of("a"), ServiceId(0xaf63_dc4c_8601_ec8c));
        assert_eq!(ServiceId::of("foobar"), ServiceId(0x8594_4171_f739_67e8));
    }

    #[test]
    fn requests_and_replies_come_back_as_they_were() {
        let payload = [&REQUEST.encode()[..], b"args"].concat();
        assert_eq!(
            RequestHead::parse(&payload),
            Ok((REQUEST, rest(b"args", b"")))
        );
        let payload = [&REPLY.encode()[..], b"body"].concat();
        assert_eq!(ReplyHead::parse(&payload), Ok((REPLY, rest(b"body", b""))));
    }

    #[test]
    fn a_page_may_be_in_the_frame() {
        let request = RequestHead {
            bulk: 0,
            inside: 3,
            ..REQUEST
        };
        let payload = [&request.encode()[..], b"argspag"].concat();
        let parsed = RequestHead::parse(&payload);
        assert_eq!(parsed, Ok((request, rest(b"args", b"pag"))));
        let reply = ReplyHead {
            bulk: 0,
            inside: INSIDE_BYTES_MAX,
            ..REPLY
        };
        let page = vec![7; INSIDE_BYTES_MAX as usize];
        let payload = [&reply.encode()[..], &[1; BODY_BYTES_MAX], &page].concat();
        let parsed = ReplyHead::parse(&payload);
        assert_eq!(parsed, Ok((reply, rest(&[1; BODY_BYTES_MAX], &page))));
        assert_eq!(reply.pages(), INSIDE_BYTES_MAX);
    }

    #[test]
    fn a_page_that_cannot_be_in_the_frame_is_malformed() {
        let with = |bulk, inside, count| {
            let request = RequestHead {
                bulk,
                inside,
                ..REQUEST
            };
            let payload = [&request.encode()[..], &vec![0; count]].concat();
            RequestHead::parse(&payload).map(|_| ())
        };
        assert_eq!(with(0, 9, 9), Ok(()));
        assert_eq!(with(0, 9, 8), Err(Malformed));
        assert_eq!(with(0, u32::MAX, 9), Err(Malformed));
        assert_eq!(with(1, 9, 9), Err(Malformed));
        let most = INSIDE_BYTES_MAX as usize;
        assert_eq!(with(0, INSIDE_BYTES_MAX, most), Ok(()));
        assert_eq!(with(0, INSIDE_BYTES_MAX + 1, most + 1), Err(Malformed));
        assert_eq!(with(0, 1, ARGS_BYTES_MAX + 2), Err(Malformed));
    }

    #[test]
    fn what_is_too_long_is_malformed() {
        let long = [&REQUEST.encode()[..], &[0; ARGS_BYTES_MAX + 1]].concat();
        assert_eq!(RequestHead::parse(&long), Err(Malformed));
        let greedy = RequestHead {
            bulk: BULK_BYTES_MAX + 1,
            ..REQUEST
        };
        assert_eq!(RequestHead::parse(&greedy.encode()), Err(Malformed));
        assert_eq!(RequestHead::parse(&REQUEST.encode()[1..]), Err(Malformed));
        let long = [&REPLY.encode()[..], &[0; BODY_BYTES_MAX + 1]].concat();
        assert_eq!(ReplyHead::parse(&long), Err(Malformed));
    }

    #[test]
    fn a_failed_request_brings_nothing() {
        let stale = ReplyHead {
            status: Status::Stale,
            ..REPLY
        };
        assert_eq!(ReplyHead::parse(&stale.encode()), Err(Malformed));
        let bare = ReplyHead {
            result: 0,
            bulk: 0,
            ..stale
        };
        assert!(ReplyHead::parse(&bare.encode()).is_ok());
        let paged = [&ReplyHead { inside: 1, ..bare }.encode()[..], b"p"].concat();
        assert_eq!(ReplyHead::parse(&paged), Err(Malformed));
    }

    #[test]
    fn statuses_come_back_from_their_codes() {
        for status in Status::ALL {
            assert_eq!(Status::from_code(status.code()), Some(status));
        }
        assert_eq!(Status::from_code(10), None);
    }

    #[test]
    fn chunks_lie_within_their_transfer() {
        let head = ChunkHead {
            offset: 4096,
            total: 8192,
        };
        let bytes = head.encode();
        assert_eq!(ChunkHead::parse(&bytes, 8 + 4096), Ok((head, 4096)));
        for length in [0, 7, 8, 8 + 4097, u32::MAX] {
            assert_eq!(ChunkHead::parse(&bytes, length), Err(Malformed), "{length}");
        }
        let wrapping = ChunkHead {
            offset: u32::MAX,
            total: 8192,
        };
        assert_eq!(ChunkHead::parse(&wrapping.encode(), 9), Err(Malformed));
    }

    #[test]
    fn notes_come_back_as_they_were() {
        for code in 0..4 {
            let arrival = Arrival::from_code(code).unwrap();
            let note = At { offset: 7, arrival };
            assert_eq!(At::parse(&note.encode()), Ok(note));
        }
        assert_eq!(At::parse(&[0, 0, 0, 0, 4, 0, 0, 0]), Err(Malformed));
        assert_eq!(At::parse(&[0; 9]), Err(Malformed));
    }
}
